/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "auth.h"
#include "module.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>
#include <strings.h>

#define HANDLER "usermgmt"

/* --- which requests are for the API --- */

/* What the path of a request is to the API; NULL: the request is not for the API. */
static const um_route_match_t *match_of(const request_rec *r)
{
    const um_request_t *record = um_request_get(r);

    return record ? record->route : NULL;
}

/* The host must enable the API itself. Subrequests are excluded, and so are error documents that point to the API,
 * because they would make a call with the headers of another request. The path of a request to a forward proxy belongs
 * to the origin server. */
static int may_be_ours(const request_rec *r)
{
    return um_server_is_own(r->server) && um_server_of(r->server)->settings.enabled && !r->main && !r->prev
           && !um_request_is_forward(r);
}

/* What a path is to the API of this host. */
static um_route_match_t match_path(const request_rec *r, const char *path)
{
    um_route_match_t match = um_route_match(r->pool, path);

    if (um_route_is_under_openapi(path) && !um_server_of(r->server)->settings.openapi) {
        match = (um_route_match_t){ 0 };
    }
    return match;
}

static void take(request_rec *r, um_route_match_t match)
{
    um_request_make(r)->route = apr_pmemdup(r->pool, &match, sizeof(match));
}

/* The path with "/" in place of each %2F and %00. NULL: it has none of them. */
static const char *without_encoded(apr_pool_t *pool, const char *path)
{
    char *plain = apr_pstrdup(pool, path);
    char *to = plain;

    for (const char *from = path; *from; to++) {
        int is_encoded = strncasecmp(from, "%2f", 3) == 0 || strncmp(from, "%00", 3) == 0;

        *to = is_encoded ? '/' : *from;
        from += is_encoded ? 3 : 1;
    }
    *to = '\0';
    return strlen(plain) < strlen(path) ? plain : NULL;
}

/* httpd evaluates an <If> before it translates the path, and its expressions may look at the token. */
int um_api_read_request(request_rec *r)
{
    const char *path = r->parsed_uri.path;

    if (path && um_route_is_under_forward_auth(path) && may_be_ours(r)) {
        um_request_make(r)->is_asked_about = 1;
    }
    return DECLINED;
}

/* No path of the API has an encoded slash or NUL. httpd would answer such a path with a page in HTML, or decode it into
 * another path (AllowEncodedSlashes). DONE keeps it encoded, and the API answers 404. */
int um_api_pre_translate(request_rec *r)
{
    const char *path = r->parsed_uri.path;
    const char *plain = path && strchr(path, '%') && may_be_ours(r) ? without_encoded(r->pool, path) : NULL;

    if (!plain || !match_path(r, plain).is_ours) {
        return DECLINED;
    }
    take(r, (um_route_match_t){ .is_ours = 1 });
    return DONE;
}

int um_api_translate(request_rec *r)
{
    if (!may_be_ours(r) || r->uri[0] != '/') {
        return DECLINED;
    }
    if (!match_of(r)) {
        um_route_match_t match = match_path(r, r->uri);

        if (!match.is_ours) {
            return DECLINED;
        }
        take(r, match);
    }
    r->handler = HANDLER;
    r->filename = apr_pstrcat(r->pool, "usermgmt:", r->uri, NULL);
    return OK;
}

int um_api_map_to_storage(request_rec *r)
{
    return match_of(r) ? OK : DECLINED;
}

int um_api_fixups(request_rec *r)
{
    if (!match_of(r)) {
        return DECLINED;
    }
    r->handler = HANDLER;
    return OK;
}

int um_api_handler(request_rec *r)
{
    if (!r->handler || strcmp(r->handler, HANDLER) != 0 || !match_of(r)) {
        return DECLINED;
    }
    return um_call_answer(um_call_make(r, match_of(r)));
}

int um_api_not_found(request_rec *r)
{
    if (!may_be_ours(r) || r->finfo.filetype != APR_NOFILE || !um_route_is_under_api_v1(r->uri)) {
        return DECLINED;
    }
    return um_reply_status(um_call_make(r, NULL), UM_ABSENT);
}
