/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: a catalogue for each language. */
#include "html.h"
#include "html_private.h"
#include "langtag.h"
#include "template_pieces.h"

#include <string.h>

#include <apr_strings.h>

static const char *tag_at(const um_html_t *html, int i)
{
    return APR_ARRAY_IDX(html->tags, i, const char *);
}

static um_html_catalog_t *catalog_at(const um_html_t *html, int i)
{
    return &APR_ARRAY_IDX(html->catalogs, i, um_html_catalog_t);
}

/* The catalogue of a language, which is added if it is new. */
static um_html_catalog_t *catalog_of(um_html_maker_t *maker, const char *language)
{
    um_html_t *html = maker->html;
    um_html_catalog_t *added;
    int i;

    for (i = 0; i < html->tags->nelts; ++i) {
        if (strcasecmp(tag_at(html, i), language) == 0) {
            return catalog_at(html, i);
        }
    }
    APR_ARRAY_PUSH(html->tags, const char *) = apr_pstrdup(maker->pool, language);
    added = apr_array_push(html->catalogs);
    added->messages = apr_hash_make(maker->pool);
    return added;
}

/* Cuts a line "key = text" in two. Returns 0 when it has another form. */
static int cut_line(char *line, const char **key, char **text)
{
    apr_size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_.");
    char *at = line + len + strspn(line + len, " \t");

    if (len == 0 || *at != '=') {
        return 0;
    }
    line[len] = '\0';
    *key = line;
    *text = at + 1 + strspn(at + 1, " \t");
    return 1;
}

/* The same operations with their text escaped. */
static const um_html_op_t *escape_ops(apr_pool_t *pool, const um_html_op_t *ops, int count)
{
    um_html_op_t *escaped = apr_pmemdup(pool, ops, (apr_size_t)count * sizeof(*ops));
    char *text;
    int i;

    for (i = 0; i < count; ++i) {
        escaped[i].len = um_template_put(NULL, ops[i].text, ops[i].len, 1);
        escaped[i].text = text = apr_palloc(pool, escaped[i].len + 1);
        um_template_put(text, ops[i].text, ops[i].len, 1);
    }
    return escaped;
}

/* Reads one line. NULL: it is good; else what is wrong with it. */
static const char *read_line(um_template_reader_t *reader, um_html_catalog_t *catalog, char *line)
{
    const um_html_message_t *old;
    um_html_message_t *message;
    um_html_op_t *ops;
    const char *key;
    char *text;
    int count;

    if (!cut_line(line, &key, &text)) {
        return "no \"key = text\", with a key of a-z, 0-9, _ and .";
    }
    old = apr_hash_get(catalog->messages, key, APR_HASH_KEY_STRING);
    if (old && old->path == catalog->path) {
        return apr_psprintf(reader->pool, "the key %.*s is there already", um_template_name_length(key), key);
    }
    if (strcmp(key, "direction") == 0 && strcmp(text, "ltr") != 0 && strcmp(text, "rtl") != 0) {
        return "direction is either ltr or rtl";
    }
    ops = um_html_compile(reader, text, &count);
    if (!ops) {
        return reader->why;
    }
    message = apr_palloc(reader->pool, sizeof(*message));
    message->plain = ops;
    message->html = escape_ops(reader->pool, ops, count);
    message->path = catalog->path;
    apr_hash_set(catalog->messages, apr_pstrdup(reader->pool, key), APR_HASH_KEY_STRING, message);
    return NULL;
}

apr_status_t um_html_catalog(um_html_maker_t *maker, const char *path, const char *language, char *text)
{
    um_template_reader_t reader = { maker->pool, maker->names, "", 0, NULL };
    um_html_catalog_t *catalog = catalog_of(maker, language);
    const char *what = NULL;
    char *end, *last;

    catalog->path = path;
    for (; *text && !what; text = end) {
        ++reader.line;
        end = text + strcspn(text, "\n");
        for (last = end; last > text && strchr(" \t", last[-1]); --last) {
            continue;
        }
        end += *end != '\0';
        *last = '\0';
        text += strspn(text, " \t");
        what = *text && *text != '#' ? read_line(&reader, catalog, text) : NULL;
    }
    return what ? um_html_refuse(maker, APR_EINVAL, path, reader.line, what) : APR_SUCCESS;
}

/* The message of a key in all languages. */
static um_html_key_t *all_languages(um_html_maker_t *maker, const char *key, const um_html_message_t *english)
{
    um_html_t *html = maker->html;
    um_html_key_t *made = apr_palloc(maker->pool, sizeof(*made));
    apr_size_t size = (apr_size_t)html->tags->nelts * sizeof(um_html_op_t *);
    const um_html_op_t **escaped = apr_palloc(maker->pool, size), **plain = apr_palloc(maker->pool, size);
    const um_html_message_t *message;
    int i;

    for (i = 0; i < html->tags->nelts; ++i) {
        message = apr_hash_get(catalog_at(html, i)->messages, key, APR_HASH_KEY_STRING);
        message = message ? message : english;
        escaped[i] = message->html;
        plain[i] = message->plain;
    }
    made->html = escaped;
    made->plain = plain;
    return made;
}

apr_status_t um_html_complete(um_html_maker_t *maker, const char *folder)
{
    static const char *const needed[] = { "direction", "language_name" };
    um_html_t *html = maker->html;
    apr_hash_index_t *at;
    const void *key;
    void *value;
    int i, k;

    for (i = 0; i < html->tags->nelts; ++i) {
        html->english = strcasecmp(tag_at(html, i), "en") == 0 ? i : html->english;
        for (k = 0; k < 2; ++k) {
            if (!apr_hash_get(catalog_at(html, i)->messages, needed[k], APR_HASH_KEY_STRING)) {
                return um_html_refuse(maker, APR_EINVAL, catalog_at(html, i)->path, 0,
                                      apr_pstrcat(maker->pool, "there is no ", needed[k], NULL));
            }
        }
    }
    if (html->english < 0) {
        return um_html_refuse(maker, APR_ENOENT, apr_pstrcat(maker->pool, folder, "/messages.en.txt", NULL), 0, NULL);
    }
    at = apr_hash_first(maker->scratch, catalog_at(html, html->english)->messages);
    for (; at; at = apr_hash_next(at)) {
        apr_hash_this(at, &key, NULL, &value);
        apr_hash_set(html->keys, key, APR_HASH_KEY_STRING, all_languages(maker, key, value));
    }
    return APR_SUCCESS;
}

int um_html_place(const um_html_t *html, const char *language)
{
    int i = um_langtag_lookup(html->tags, language);

    return i < 0 ? html->english : i;
}

const char *um_html_language(apr_pool_t *pool, const um_html_t *html, const char *accept_language)
{
    int i = um_langtag_accept(html->tags, accept_language);

    return apr_pstrdup(pool, tag_at(html, i < 0 ? html->english : i));
}

const char *um_html_message(apr_pool_t *pool, const um_html_t *html, const char *language, const char *key,
                            const um_json_t *values)
{
    const um_html_key_t *found = apr_hash_get(html->keys, key, APR_HASH_KEY_STRING);
    int place = um_html_place(html, language);
    const char *text;
    apr_size_t len;

    return found && um_html_run(pool, found->plain[place], place, values, 0, &text, &len) == APR_SUCCESS ? text : NULL;
}
