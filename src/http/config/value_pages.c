/* SPDX-License-Identifier: Apache-2.0 */
#include "local_path.h"
#include "module.h"
#include "web_origin.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#define USUAL_PATH "/account/"
#define LONGEST_PATH 128

/* Whether text can be the path under which pages are. It is compared with the path that httpd has decoded and merged:
 * one with an empty segment, or with one that begins with a dot, would match none. */
static int is_path(const char *text)
{
    apr_size_t len = strlen(text);

    if (len < 3 || len > LONGEST_PATH || text[0] != '/' || text[len - 1] != '/') {
        return 0;
    }
    for (const char *c = text; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("/_.-", *c)) {
            return 0;
        }
        if (*c == '/' && (c[1] == '/' || c[1] == '.')) {
            return 0;
        }
    }
    return 1;
}

/* Whether the paths of the API would be below it, or it below them. */
static int is_of_api(const char *path)
{
    return strncmp(path, "/api/", 5) == 0 || strncmp(path, "/api-", 5) == 0;
}

const char *um_value_pages(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    const char **pages = value;
    const char *word = ap_getword_conf(pool, &text);
    const char *path = ap_getword_conf(pool, &text);
    int is_on = strcasecmp(word, "on") == 0;

    (void)row;
    *pages = !is_on ? NULL : *path ? path : USUAL_PATH;
    if (*text || (!is_on && (*path || strcasecmp(word, "off") != 0))) {
        return "must be On, On PATH, or Off";
    }
    if (*pages && is_of_api(*pages)) {
        return "the path belongs to the API; choose another one";
    }
    return !*pages || is_path(*pages) ? NULL
           : "the path must begin and end with /, and be of letters, digits, and _ - . between single /";
}

/* Whether text is an URL of an http or https page, without a fragment: the address of the page that was asked for is
 * appended to it. */
static int is_url(apr_pool_t *pool, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (!apr_isgraph(*c) || strchr("\"'<>\\#", *c)) {
            return 0;
        }
    }
    return um_local_path_is(text) || um_web_origin_of_url(pool, text);
}

const char *um_value_sign_in_page(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    const char **page = value;
    const char *word = ap_getword_conf(pool, &text);

    (void)row;
    *page = strcasecmp(word, "none") == 0 ? NULL : strcasecmp(word, "auto") == 0 ? "" : word;
    return !*text && (!*page || !**page || is_url(pool, word)) && *word ? NULL
           : "must be auto, none, a path that begins with /, or an URL of http or https; without a fragment";
}
