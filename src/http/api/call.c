/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a call to an endpoint, from its address to its answer. */
#include "api.h"

#include "alias.h"
#include "auth.h"
#include "authenticate.h"
#include "event.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"
#include "store_user.h"
#include "throttle.h"
#include "user.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

/* A body that took longer is a slow one. */
#define SLOW_BODY apr_time_from_sec(1)

um_call_t *um_call_make(request_rec *r, const um_route_match_t *match)
{
    um_call_t *call = apr_pcalloc(r->pool, sizeof(*call));

    call->r = r;
    call->began = um_monotonic_us();
    call->server = um_server_of(r->server);
    call->settings = &call->server->settings;
    call->match = match;
    call->caller = apr_pcalloc(r->pool, sizeof(*call->caller));
    call->accept = um_mediatype_accept(r->pool, apr_table_get(r->headers_in, "Accept"));
    um_ctx_init(&call->ctx, r->pool, call->server->site, apr_time_now());
    um_audit_describe(&call->ctx, r);
    um_request_id_send(r);
    um_client_address_set(r, &call->ctx);
    return call;
}

/* A step gives OK where the next one is to follow. Any other value ends the call: the answer has been sent, and the
 * handler returns the value. */
typedef int step_fn(um_call_t *call);

static int run_steps(um_call_t *call, step_fn *const *steps)
{
    int status = OK;

    while (status == OK && *steps) {
        status = (*steps++)(call);
    }
    return status;
}

static int check_path(um_call_t *call)
{
    if (!call->match->first) {
        return um_reply_status(call, UM_ABSENT);
    }
    call->route = um_route_method(call->match->first, call->r->method);
    return OK;
}

static int is_for_proxy(const um_call_t *call)
{
    return call->match->first->access == UM_ACCESS_PROXY;
}

/* The proxy may announce the body of its client's request, which it does not send. */
static int ignore_body_of_proxy(um_call_t *call)
{
    if (is_for_proxy(call)) {
        um_reply_ignore_body(call);
    }
    return OK;
}

static int check_accept(um_call_t *call)
{
    if (call->accept != UM_ACCEPT_NONE || is_for_proxy(call) || call->match->first->access == UM_ACCESS_PUBLIC) {
        return OK;
    }
    return um_reply_detail(call, HTTP_NOT_ACCEPTABLE, UM_MESSAGE_NOT_ACCEPTABLE);
}

static int answer_options(um_call_t *call)
{
    return strcmp(call->r->method, "OPTIONS") == 0 && !is_for_proxy(call) ? um_options_reply(call) : OK;
}

int um_call_check_tls(um_call_t *call)
{
    if (!call->settings->require_tls || um_tls_is_on_or_local(call->r)) {
        return OK;
    }
    return um_reply_detail(call, HTTP_FORBIDDEN, UM_MESSAGE_TLS_REQUIRED);
}

static int answer_proxy(um_call_t *call)
{
    return is_for_proxy(call) ? um_api_forward_auth(call) : OK;
}

static int check_method(um_call_t *call)
{
    if (call->route) {
        return OK;
    }
    /* In err_headers_out, because httpd would otherwise add the methods that it knows itself. */
    apr_table_setn(call->r->err_headers_out, "Allow", um_route_allow(call->ctx.pool, call->match->first));
    return um_reply_detail_with(call, HTTP_METHOD_NOT_ALLOWED, UM_MESSAGE_METHOD_NOT_ALLOWED, call->r->method);
}

/* The name that a refused sign-in was for is in the body, which is not read. */
static int refuse_throttled(um_call_t *call, um_throttle_class_e class)
{
    um_event_throttled(&call->ctx, (int)class, NULL);
    return um_reply_status(call, UM_THROTTLED);
}

/* By the address of the client alone, before anything is asked of the database. A sign-in that is right does not count,
 * so it is only looked at here; core takes it when the password is verified. */
static int check_throttle(um_call_t *call)
{
    const um_route_t *route = call->route;
    um_status_e status = UM_OK;

    if (route && route->throttle == UM_THROTTLE_SIGN_IN) {
        status = um_throttle_peek_sign_in(&call->ctx, NULL);
    }
    else if (route) {
        call->uses = apr_palloc(call->ctx.pool, sizeof(*call->uses));
        status = um_throttle_take_address(&call->ctx, (um_throttle_class_e)route->throttle, call->uses);
    }
    return status == UM_OK ? OK : refuse_throttled(call, (um_throttle_class_e)route->throttle);
}

static int check_permission(um_call_t *call)
{
    return um_authorize_is_denied(call) ? um_reply_status(call, UM_DENIED) : OK;
}

/* "me" is the caller's own account, so that a front end need not know its id. No UUID is written so. */
static int find_account(um_call_t *call)
{
    const char *id = NULL;
    um_status_e status = UM_OK;

    if (call->match->id && strcmp(call->match->id, "me") == 0) {
        call->user = call->caller->user;
        status = call->user ? UM_OK : UM_ABSENT;
    }
    else if (call->match->id) {
        status = um_alias_resolve(&call->ctx, call->match->id, &id);
        status = status == UM_OK ? um_user_find(&call->ctx, call->caller, id, &call->user) : status;
    }
    return status == UM_OK ? OK : um_reply_status(call, status);
}

/* Who did it, for events. */
static int note_actor(um_call_t *call)
{
    um_ctx_t *ctx = &call->ctx;

    if (call->client && !ctx->actor) {
        ctx->actor = apr_pstrcat(ctx->pool, "client ", call->client, NULL);
        (void)um_event_done(ctx, UM_EVENT_CLIENT_USED, NULL);
    }
    if (call->caller->user) {
        ctx->actor = call->caller->user->id;
        ctx->actor_session = call->caller->session_id;
    }
    return OK;
}

/* Who calls, and whether they may. */
static int check_caller(um_call_t *call)
{
    static step_fn *const steps[] = {
        um_api_authenticate,    /* 400, 401, 403 */
        note_actor,
        um_authorize,           /* 401 */
        check_method,           /* 405 */
        check_permission,       /* 403 */
        find_account,           /* 404 */
        NULL
    };

    return run_steps(call, steps);
}

/* An endpoint that is open to anybody ignores credentials, until a body asks for what only staff may do. */
static int check_staff_fields(um_call_t *call, const um_json_doc_t *doc)
{
    static step_fn *const steps[] = { um_api_authenticate, note_actor, NULL };

    if (!um_authorize_ignores_credentials(call) || !um_input_schema_wants_staff(call->route->schema, doc)) {
        return OK;
    }
    call->wants_staff = 1;
    return run_steps(call, steps);
}

static int read_input(um_call_t *call)
{
    int status = call->doc ? OK : um_body_read(call, &call->doc);

    call->ctx.language = um_mail_setup_language(call->server, call->r);
    if (status == OK) {
        status = check_staff_fields(call, call->doc);
    }
    if (status != OK) {
        return status;
    }
    return um_input_schema_read(call, call->route->schema, call->doc) == UM_OK ? OK : um_reply_status(call, UM_INVALID);
}

/* Checks the caller again after a slow body: the credentials may have been revoked while it was sent. */
static int read_body(um_call_t *call)
{
    apr_time_t began = call->ctx.now;
    int status;

    if (!call->route->schema) {
        return OK;
    }
    status = read_input(call);
    call->ctx.now = apr_time_now();
    return status == OK && call->ctx.now - began > SLOW_BODY ? check_caller(call) : status;
}

/* One line for each call that changed something, or was refused a change: who did what to which account. */
static void log_change(const um_call_t *call, um_status_e status)
{
    const um_user_t *user = call->caller->user;
    const char *subject = call->user ? call->user->id : call->ctx.subject ? call->ctx.subject : "-";
    const char *client = call->client ? apr_pstrcat(call->ctx.pool, "client ", call->client, NULL) : "-";

    if ((call->route->schema && !call->is_read_only) || call->route->success == HTTP_NO_CONTENT) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, call->r, "UM302: %s %s by %s on %s: %s", call->route->method,
                      call->route->path, user ? user->id : client, subject,
                      status == UM_OK ? "done" : "refused");
    }
}

static int run_endpoint(um_call_t *call)
{
    um_status_e status = call->route->function(call);

    log_change(call, status);
    if (call->uses && (call->is_uncounted || status == UM_BUSY || status == UM_UNAVAILABLE || status == UM_FAILED)) {
        um_throttle_give_back(&call->ctx, call->uses);
    }
    if (status == UM_OK && call->ctx.wrote_mail) {
        um_shared_memory_wake_worker();
    }
    return um_reply_status(call, status);
}

int um_call_run(um_call_t *call)
{
    static step_fn *const steps[] = {
        check_throttle,             /* 429 */
        check_caller,               /* 400, 401, 405, 403, 404 */
        read_body,                  /* 413, 415, 400 */
        run_endpoint,
        NULL
    };

    return run_steps(call, steps);
}

/* The order is part of the contract with clients: of several faults the first one is answered. */
static step_fn *const steps_of_call[] = {
    check_path,                 /* 404 */
    ignore_body_of_proxy,
    check_accept,               /* 406 */
    answer_options,
    um_call_check_tls,          /* 403 */
    answer_proxy,
    um_call_run,
    NULL
};

void um_call_note(const um_call_t *call, unsigned slot, int is_page, int status)
{
    int is_sign_in = call->route && call->route->throttle == UM_THROTTLE_SIGN_IN;

    um_request_metrics_note(call->server, slot, is_sign_in ? UM_REQUEST_KIND_SIGN_IN
                            : is_page ? UM_REQUEST_KIND_PAGE : UM_REQUEST_KIND_API, status == OK || status == DONE
                            ? call->r->status : status, call->began);
}

int um_call_answer(um_call_t *call)
{
    int status = run_steps(call, steps_of_call);
    unsigned slot = call->route ? UM_REQUEST_ROUTES + um_route_index(call->route) : UM_REQUEST_OTHER;

    um_audit_write(call->server, &call->ctx);
    um_call_note(call, slot, 0, status);
    return status;
}
