/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "authorize.h"
#include "api_forward_auth.h"
#include "body.h"
#include "tls.h"
#include "mail_setup.h"
#include "options.h"
#include "random.h"
#include "reply.h"
#include "request.h"
#include "route.h"
#include "shared_memory.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>
#include <strings.h>

#define HANDLER "usermgmt"
#define SLOW_BODY apr_time_from_sec(1)

/* --- owning the paths --- */

/* What a request of ours carries. */
static const um_route_match_t *mark_of(const request_rec *r)
{
    const um_request_t *known = um_request_look(r);

    return known ? known->route : NULL;
}

/* On a host that says so itself. Not for subrequests, and not for an ErrorDocument that points here: both would call
 * with another's request. Nor what goes through a forward proxy: that path is the origin server's. */
static int is_for_us(const request_rec *r)
{
    return um_server_is_own(r->server) && um_server_of(r->server)->settings.enabled && !r->main && !r->prev
           && !um_request_is_forward(r);
}

static void take(request_rec *r, um_route_match_t match)
{
    um_request_of(r)->route = apr_pmemdup(r->pool, &match, sizeof(match));
}

/* The path with a slash in place of each that is encoded, and of each NUL. NULL: there is none. */
static const char *without_encoded(apr_pool_t *pool, const char *path)
{
    char *plain = apr_pstrdup(pool, path);
    char *to = plain;

    for (const char *from = path; *from; to++) {
        int is_odd = strncasecmp(from, "%2f", 3) == 0 || strncmp(from, "%00", 3) == 0;

        *to = is_odd ? '/' : *from;
        from += is_odd ? 3 : 1;
    }
    *to = '\0';
    return strlen(plain) < strlen(path) ? plain : NULL;
}

/* A slash or NUL that is encoded belongs to no path of the API. httpd would answer such a path with a page in HTML, or
 * take it for another path (AllowEncodedSlashes). DONE keeps it encoded; no function of the API sees it. */
int um_api_pre_translate(request_rec *r)
{
    const char *path = r->parsed_uri.path;
    const char *plain = path && strchr(path, '%') && is_for_us(r) ? without_encoded(r->pool, path) : NULL;

    if (!plain || !um_route_match(r->pool, plain).ours) {
        return DECLINED;
    }
    take(r, (um_route_match_t){ .ours = 1 });
    return DONE;
}

int um_api_translate(request_rec *r)
{
    if (!is_for_us(r) || r->uri[0] != '/') {
        return DECLINED;
    }
    if (!mark_of(r)) {
        um_route_match_t match = um_route_match(r->pool, r->uri);

        if (!match.ours) {
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
    return mark_of(r) ? OK : DECLINED;
}

int um_api_fixups(request_rec *r)
{
    if (!mark_of(r)) {
        return DECLINED;
    }
    r->handler = HANDLER;
    return OK;
}

/* --- through the route --- */

static um_call_t *new_call(request_rec *r)
{
    um_call_t *call = apr_pcalloc(r->pool, sizeof(*call));

    call->r = r;
    call->server = um_server_of(r->server);
    um_ctx_init(&call->ctx, r->pool, call->server->site, apr_time_now());
    call->ctx.address = r->useragent_ip;
    call->ctx.user_agent = apr_table_get(r->headers_in, "User-Agent");
    call->accept = um_mediatype_accept(r->pool, apr_table_get(r->headers_in, "Accept"));
    return call;
}

static int method_not_allowed(um_call_t *call, const um_route_t *first)
{
    /* core's own list would add what it knows. */
    apr_table_setn(call->r->err_headers_out, "Allow", um_route_allow(call->ctx.pool, first));
    return um_reply_detail(call, HTTP_METHOD_NOT_ALLOWED, "method_not_allowed",
                           apr_psprintf(call->ctx.pool, "Method \"%s\" not allowed.", call->r->method));
}

static int find_user(um_call_t *call, const char *segment)
{
    um_status_e status = um_user_find(&call->ctx, &call->caller, um_random_uuid_parse(call->ctx.pool, segment),
                                      &call->user);

    return status == UM_OK ? OK : um_reply_status(call, status);
}

static int read_input(um_call_t *call)
{
    um_json_doc_t *doc;
    int status = um_body_read(call, &doc);

    call->ctx.language = um_mail_setup_language(call->server, call->r);
    if (status != OK) {
        return status;
    }
    return um_input_schema_read(call, call->route->schema, doc) == UM_OK ? OK : um_reply_errors(call);
}

/* Who did what to whom: one line for each call that changed something or was refused it. */
static void record(const um_call_t *call, um_status_e status)
{
    const um_user_t *user = call->caller.user;
    const char *subject = call->user ? call->user->id : call->ctx.subject ? call->ctx.subject : "-";
    const char *client = call->client ? apr_pstrcat(call->ctx.pool, "client ", call->client, NULL) : "-";

    if ((call->route->schema && !call->is_read_only) || call->route->success == HTTP_NO_CONTENT) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, call->r, "UM302: %s %s by %s on %s: %s", call->route->method,
                      call->route->path, user ? user->id : client, subject,
                      status == UM_OK ? "done" : "refused");
    }
}

static int admit(um_call_t *call, const um_route_match_t *match)
{
    int status = um_authorize(call, match->first->access);

    if (status == OK && !call->route) {
        status = method_not_allowed(call, match->first);
    }
    if (status == OK && um_authorize_is_denied(call)) {
        status = um_reply_status(call, UM_DENIED);
    }
    return status == OK && match->id ? find_user(call, match->id) : status;
}

/* Who sends a body slowly must not call with the rights that he had when he began. */
static int read_and_look_again(um_call_t *call, const um_route_match_t *match)
{
    apr_time_t began = call->ctx.now;
    int status = read_input(call);

    call->ctx.now = apr_time_now();
    return status == OK && call->ctx.now - began > SLOW_BODY ? admit(call, match) : status;
}

/* The order of the checks is the contract's: 406, 401, 405, 404, then the body. */
static int serve(um_call_t *call, const um_route_match_t *match)
{
    int status;
    um_status_e ended;

    call->route = um_route_method(match->first, call->r->method);
    call->session = match->session;
    status = admit(call, match);
    if (status == OK && call->route->schema) {
        status = read_and_look_again(call, match);
    }
    if (status != OK) {
        return status;
    }
    ended = call->route->function(call);
    record(call, ended);
    if (ended == UM_OK && call->ctx.wrote_mail) {
        um_shared_memory_wake_worker();
    }
    return um_reply_status(call, ended);
}

/* Whether nobody on the way can listen, or the site does not mind. */
static int is_open_to(const um_call_t *call)
{
    return !call->server->settings.require_tls || um_tls_is_on_or_local(call->r);
}

static int tls_required(um_call_t *call)
{
    return um_reply_detail(call, HTTP_FORBIDDEN, "tls_required", "This service is only available over TLS.");
}

int um_api_handler(request_rec *r)
{
    const um_route_match_t *match = mark_of(r);
    um_call_t *call;

    if (!r->handler || strcmp(r->handler, HANDLER) != 0 || !match) {
        return DECLINED;
    }
    call = new_call(r);
    if (!match->first) {
        return um_reply_status(call, UM_ABSENT);
    }
    if (match->first->access == UM_ACCESS_PROXY) {
        um_reply_ignore_body(call);
        return is_open_to(call) ? um_api_forward_auth(call) : tls_required(call);
    }
    if (call->accept == UM_ACCEPT_NONE && match->first->access != UM_ACCESS_PUBLIC) {
        return um_reply_detail(call, HTTP_NOT_ACCEPTABLE, "not_acceptable",
                               "Could not satisfy the request Accept header.");
    }
    if (strcmp(r->method, "OPTIONS") == 0) {
        return um_options_reply(call, match->first);
    }
    return is_open_to(call) ? serve(call, match) : tls_required(call);
}

int um_api_not_found(request_rec *r)
{
    if (!is_for_us(r) || r->finfo.filetype != APR_NOFILE || !um_route_is_under_api_v1(r->uri)) {
        return DECLINED;
    }
    return um_reply_status(new_call(r), UM_ABSENT);
}
