/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of an endpoint as a page shows it. */
#include "pages.h"

#include "json.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

/* Deeper than any answer of the API is nested. */
#define DEPTH 4

/* --- times --- */

/* Whether a member of this name is a time. Names, devices and messages are texts that people have written, and may look
 * like one. */
static int is_time_name(const char *name)
{
    static const char *const names[] = { "created", "expires", "last", "last_refresh", "oldest_due", "time", "until" };
    apr_size_t len = strlen(name);
    int is = len > 3 && strcmp(name + len - 3, "_at") == 0;

    for (apr_size_t i = 0; !is && i < sizeof(names) / sizeof(names[0]); i++) {
        is = strcmp(name, names[i]) == 0;
    }
    return is;
}

/* Whether a text is a time of the API: 2026-11-29T19:02:11Z, perhaps with parts of a second. */
static int is_time(const char *text)
{
    static const char form[] = "0000-00-00T00:00:00";
    int i = 0;

    for (; form[i]; i++) {
        if (form[i] == '0' ? !apr_isdigit(text[i]) : text[i] != form[i]) {
            return 0;
        }
    }
    return text[i] == 'Z' || text[i] == '.';
}

/* Time and date to the minute, in UTC, which the text names: a page does not know the time zone of its reader. */
static void put_time(apr_pool_t *pool, um_json_t *object, const char *name, const char *text)
{
    um_json_put_text(object, apr_pstrcat(pool, name, "_iso", NULL), text);
    um_json_put_text(object, name, apr_psprintf(pool, "%.10s %.5s UTC", text, text + 11));
}

/* --- links --- */

/* Whether a parameter of the API's link stays: not what was done before the page was first shown, and not the page's
 * own parameter, which is added anyway. */
static int is_kept(const char *parameter, const char *own)
{
    apr_size_t len = strcspn(own, "=");

    return *parameter && strncmp(parameter, "done=", 5) != 0 && !(len && strncmp(parameter, own, len + 1) == 0);
}

/* A link of a list in the API becomes one of the page: the same query below the page's path. */
static void put_link(um_page_request_t *page, um_json_t *object, const char *name, const char *text)
{
    apr_pool_t *pool = page->call->ctx.pool;
    const char *rest = strchr(text, '?'), *own = um_page_view_query(page), *query = own;

    rest = rest ? rest + 1 : NULL;
    while (rest && *rest) {
        const char *parameter = ap_getword(pool, &rest, '&');

        if (is_kept(parameter, own)) {
            query = apr_pstrcat(pool, query, parameter, *rest ? "&" : "", NULL);
        }
    }
    um_json_put_text(object, apr_pstrcat(pool, name, "_url", NULL),
                     apr_pstrcat(pool, um_page_route_url(page->call->r, page->page->path), "?", query, NULL));
}

/* --- all of it --- */

static void convert(um_page_request_t *page, um_json_t *value, int depth);

static void convert_member(um_page_request_t *page, um_json_t *object, const char *name, int depth)
{
    um_json_t *child = um_json_child(object, name);
    um_json_value_t value = um_json_value(child);

    if (value.kind == UM_JSON_STRING && is_time_name(name) && is_time(value.text)) {
        put_time(page->call->ctx.pool, object, name, apr_pstrdup(page->call->ctx.pool, value.text));
    }
    else if (value.kind == UM_JSON_STRING && depth == 0
             && (strcmp(name, "next") == 0 || strcmp(name, "previous") == 0)) {
        put_link(page, object, name, value.text);
    }
    else {
        convert(page, child, depth + 1);
    }
}

static void convert(um_page_request_t *page, um_json_t *value, int depth)
{
    apr_array_header_t *names;

    for (int i = 0; depth < DEPTH && i < um_json_length(value); i++) {
        convert(page, um_json_at(value, i), depth + 1);
    }
    if (um_json_value(value).kind == UM_JSON_OBJECT) {
        um_page_custom_remove(page, value);
    }
    names = depth < DEPTH && um_json_value(value).kind == UM_JSON_OBJECT
            ? um_json_names(page->call->ctx.pool, value) : NULL;
    for (int i = 0; names && i < names->nelts; i++) {
        convert_member(page, value, APR_ARRAY_IDX(names, i, const char *), depth);
    }
}

void um_page_view_convert(um_page_request_t *page, um_json_t *value)
{
    convert(page, value, 0);
}

void um_page_view_add(um_page_request_t *page, um_json_t *out)
{
    um_json_t *object = out;
    apr_array_header_t *names;

    if (um_json_value(out).kind == UM_JSON_LIST) {
        object = um_json_object(page->call->ctx.pool);
        um_json_put(object, "results", out);
    }
    um_page_custom_keep(page, object);
    convert(page, object, 0);
    um_json_put_bool(page->view, "has_pages",
                     um_json_child(object, "next_url") || um_json_child(object, "previous_url"));
    names = um_json_names(page->call->ctx.pool, object);
    for (int i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        um_json_put(page->view, name, um_json_child(object, name));
    }
}
