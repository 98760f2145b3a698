/* SPDX-License-Identifier: Apache-2.0 */
/* Pages. An input is four parts between lines "%%": a page, the template "part", the messages of English behind those
 * that must be there, and a view as JSON. Whatever is in the view, no character of it acts as markup. */
#include "fuzz.h"

#include "html.h"
#include "html_private.h"
#include "json.h"
#include "unicode.h"

static const char *const names[] = { "a", "b", "list", NULL };
static const char *const pages[] = { "page", NULL };

/* Takes a part off the front of *at. */
static char *cut(apr_pool_t *pool, const char **at, const char *end)
{
    const char *stop = *at;
    char *part;

    while (stop < end && !(end - stop >= 4 && memcmp(stop, "\n%%\n", 4) == 0)) {
        ++stop;
    }
    part = apr_pstrmemdup(pool, *at, (apr_size_t)(stop - *at));
    *at = end - stop >= 4 ? stop + 4 : end;
    return part;
}

/* The template without markup of its own, so that all markup in the page would come from values. */
static char *without_markup(char *text)
{
    int braces = 0;
    char *at;

    for (at = text; *at; ++at) {
        /* The > of {>part} stays, and that of {{> does not. */
        if (strchr("<&\"'", *at) || (*at == '>' && braces % 2 == 0)) {
            *at = 'x';
        }
        braces = *at == '{' ? braces + 1 : 0;
    }
    return text;
}

static void check_page(const char *text, apr_size_t len)
{
    static const char *const escapes[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
    size_t i;

    need(strlen(text) == len && len <= UM_HTML_MAX && um_unicode_valid(text, len));
    for (; *text; ++text) {
        need(!strchr("<>\"'", *text));
        for (i = 0; *text == '&' && i < 5 && strncmp(text, escapes[i], strlen(escapes[i])) != 0; ++i) {
            continue;
        }
        need(*text != '&' || i < 5);
    }
}

static void check(apr_pool_t *pool, const char *page, const char *part, const char *messages, const char *json)
{
    um_html_maker_t maker;
    const char *why = NULL, *text;
    um_json_doc_t *doc;
    um_json_t *view;
    apr_size_t len;
    apr_status_t status;

    um_html_begin(&maker, pool, pool, names);
    messages = apr_pstrcat(pool, "direction = ltr\nlanguage_name = x\nkey = {a}\n", messages, NULL);
    status = um_html_add(&maker, "fuzz/style.css", "", 0);
    if (status == APR_SUCCESS) {
        status = um_html_add(&maker, "fuzz/messages.en.txt", messages, strlen(messages));
    }
    if (status == APR_SUCCESS) {
        status = um_html_add(&maker, "fuzz/page.html", page, strlen(page));
    }
    if (status == APR_SUCCESS) {
        status = um_html_add(&maker, "fuzz/part.html", part, strlen(part));
    }
    why = maker.why;
    if (status == APR_SUCCESS) {
        status = um_html_finish(&maker, "fuzz", pages, &why);
    }
    if (status != APR_SUCCESS) {
        need(why && strncmp(why, "fuzz/", 5) == 0 && um_unicode_valid(why, strlen(why)));
        return;
    }
    view = um_json_parse(pool, json, strlen(json), 16, &doc, &why) == APR_SUCCESS ? doc->root : NULL;
    status = um_html_render(pool, maker.html, "page", "en", view, &text, &len);
    need(status == APR_SUCCESS || status == APR_ENOSPC);
    if (status == APR_SUCCESS) {
        check_page(text, len);
    }
    need(um_html_message(pool, maker.html, "en", "key", view));
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    const char *at = text, *page, *part, *messages;

    page = without_markup(cut(pool, &at, text + size));
    part = without_markup(cut(pool, &at, text + size));
    messages = cut(pool, &at, text + size);
    check(pool, page, part, messages, cut(pool, &at, text + size));
}
