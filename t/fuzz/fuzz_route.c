/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the path of a request, as it was sent. A path that a row matches is below one of the API's prefixes; the
 * segments of it are not empty and hold no slash; a slash more at the end makes no difference; an id is a UUID of one
 * spelling; and no encoded slash or NUL leads to a row. */
#include "fuzz_http.h"

#include "random.h"

static void check_id(apr_pool_t *pool, const char *id)
{
    const char *parsed = um_random_uuid_parse(pool, id);

    if (parsed) {
        need(strlen(parsed) == 36 && (strlen(id) == 36 || strlen(id) == 32));
        need(strcmp(um_random_uuid_parse(pool, parsed), parsed) == 0);
        need(strspn(parsed, "0123456789abcdef-") == 36);
    }
}

static void check_match(apr_pool_t *pool, const char *path)
{
    um_route_match_t match = um_route_match(pool, path), slash;
    size_t len = strlen(path);

    need(!match.first || match.is_ours);
    need(!match.is_ours || *path == '/');
    if (match.id) {
        need(*match.id && !strchr(match.id, '/') && strstr(path, match.id));
        check_id(pool, match.id);
    }
    if (match.first) {
        need(strncmp(path, "/api", 4) == 0 || strncmp(path, "/.well-known/jwks.json", 22) == 0);
        need(um_route_method(match.first, "OPTIONS") == NULL && um_route_method(match.first, "TRACE") == NULL);
        need(strstr(um_route_allow(pool, match.first), "OPTIONS"));
        if (path[len - 1] != '/' && match.first->path[strlen(match.first->path) - 1] == '/') {
            slash = um_route_match(pool, apr_pstrcat(pool, path, "/", NULL));
            need(slash.first == match.first);
        }
        slash = um_route_match(pool, apr_pstrcat(pool, path, "//", NULL));
        need(!slash.first || slash.first != match.first);
    }
}

static void check_encoded(apr_pool_t *pool, const char *path)
{
    request_rec *r = fuzz_request(pool);
    int status;

    r->parsed_uri.path = apr_pstrdup(pool, path);
    r->uri = apr_pstrdup(pool, path);
    status = um_api_pre_translate(r);
    need(status == DECLINED || status == DONE);
    if (status == DONE) {
        const um_request_t *record = um_request_get(r);

        need(strcasestr(path, "%2f") || strstr(path, "%00"));
        need(record && record->route && record->route->is_ours && !record->route->first);
        need(um_api_translate(r) != DECLINED || *path != '/');
        need(!record->route->first);
    }
    else if (strncmp(path, "/api-token-auth/", 16) == 0) {
        need(!strcasestr(path, "%2f") && !strstr(path, "%00"));
    }
    need(strcmp(r->uri, path) == 0);
}

/* Any segment may stand for an id, also one that looks like a part of the table. */
static void check_segment(apr_pool_t *pool, const char *segment)
{
    um_route_match_t match = um_route_match(pool, apr_pstrcat(pool, "/api/v1/users/", segment, NULL));

    if (*segment && !strchr(segment, '/')) {
        need(match.first && match.id && strcmp(match.id, segment) == 0);
    }
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    (void)size;
    check_segment(pool, text);
    check_match(pool, text);
    check_encoded(pool, text);
    check_id(pool, text);
    /* Below /api/v1 means a whole segment. */
    need(um_route_is_under_api_v1(text) == (strncmp(text, "/api/v1", 7) == 0 && (!text[7] || text[7] == '/')));
}
