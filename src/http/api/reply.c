/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "auth.h"
#include "event.h"
#include "input_schema.h"
#include "json.h"
#include "module.h"
#include "process.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

/* --- writing --- */

static int has_unread_body(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") || (length && strcmp(length, "0") != 0);
}

void um_reply_ignore_body(um_call_t *call)
{
    if (has_unread_body(call->r)) {
        call->r->connection->keepalive = AP_CONN_CLOSE;
    }
}

/* Sends the answer at once if the request body has not been read: httpd would read the body first, which may arrive
 * slowly or never. The header filter drops the flush of an answer without content; such an answer closes the connection
 * instead. */
static void flush_before_body(um_call_t *call, int status)
{
    int is_read = call->route && call->route->schema && status < HTTP_BAD_REQUEST;

    if (is_read || !has_unread_body(call->r)) {
        return;
    }
    if (call->r->header_only || AP_STATUS_IS_HEADER_ONLY(status)) {
        um_reply_ignore_body(call);
    }
    else {
        ap_rflush(call->r);
    }
    um_body_drain(call->r);
}

static int send_text(um_call_t *call, int status, const char *type, const char *text)
{
    request_rec *r = call->r;

    /* Before the client can see the answer. */
    um_audit_write(call->server, &call->ctx);
    r->status = status;
    r->status_line = NULL;
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "Referrer-Policy", "same-origin");
    apr_table_mergen(r->headers_out, "Vary", "Accept");
    um_translate_vary(call);
    if (text) {
        apr_size_t len = strlen(text);

        ap_set_content_type(r, type);
        ap_set_content_length(r, (apr_off_t)len);
        ap_rwrite(text, (int)len, r);
    }
    flush_before_body(call, status);
    return DONE;
}

int um_reply_json(um_call_t *call, int status, um_json_t *out)
{
    const char *text = !out ? NULL : out == call->out && call->text ? call->text : um_json_print(call->ctx.pool, out);

    return send_text(call, status, "application/json", text);
}

static int send_document(um_call_t *call, const um_document_t *document)
{
    request_rec *r = call->r;

    r->status = HTTP_OK;
    r->status_line = NULL;
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->headers_out, "Referrer-Policy", "same-origin");
    apr_table_setn(r->headers_out, "Cache-Control",
                   apr_psprintf(r->pool, "public, max-age=%d", document->max_age));
    apr_table_setn(r->headers_out, "ETag", document->etag);
    if (ap_meets_conditions(r) == HTTP_NOT_MODIFIED) {
        r->status = HTTP_NOT_MODIFIED;
        return DONE;
    }
    ap_set_content_type(r, document->type);
    ap_set_content_length(r, (apr_off_t)strlen(document->text));
    ap_rwrite(document->text, (int)strlen(document->text), r);
    flush_before_body(call, HTTP_OK);
    return DONE;
}

/* --- errors --- */

/* Only the one that the client wants is looked at. */
static int send_error(um_call_t *call, int status, um_json_t *plain, um_json_t *problem)
{
    if (call->accept == UM_ACCEPT_PROBLEM) {
        return send_text(call, status, "application/problem+json", um_json_print(call->ctx.pool, problem));
    }
    return send_text(call, status, "application/json", um_json_print(call->ctx.pool, plain));
}

static um_json_t *make_problem(um_call_t *call, int status, um_message_e message, const char *detail)
{
    um_json_t *out = um_json_object(call->ctx.pool);

    um_json_put_text(out, "type", "about:blank");
    um_json_put_text(out, "title", ap_get_status_line(status) + 4);
    um_json_put_int(out, "status", status);
    um_json_put_text(out, "detail", detail);
    um_json_put_text(out, "code", um_message_code(message));
    return out;
}

const char *um_reply_time(apr_pool_t *pool, apr_int64_t seconds)
{
    apr_time_exp_t time;

    apr_time_exp_gmt(&time, apr_time_from_sec(seconds));
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", time.tm_year + 1900, time.tm_mon + 1, time.tm_mday,
                        time.tm_hour, time.tm_min, time.tm_sec);
}

int um_reply_detail(um_call_t *call, int status, um_message_e message)
{
    return um_reply_detail_with(call, status, message, NULL);
}

int um_reply_detail_with(um_call_t *call, int status, um_message_e message, const char *value)
{
    const char *text;
    um_json_t *plain;

    if (status == HTTP_SERVICE_UNAVAILABLE) {
        apr_table_setn(call->r->err_headers_out, "Retry-After", UM_CHALLENGE_RETRY_AFTER);
    }
    if (call->form) {
        return call->form->error(call, status, message, value);
    }
    text = um_translate_message(call, message, value);
    if (call->accept == UM_ACCEPT_PROBLEM) {
        return send_error(call, status, NULL, make_problem(call, status, message, text));
    }
    plain = um_json_object(call->ctx.pool);
    um_json_put_text(plain, "detail", text);
    return send_error(call, status, plain, NULL);
}

int um_reply_unauthorized(um_call_t *call, const char *error, um_message_e message)
{
    if (call->form) {
        return call->form->error(call, HTTP_UNAUTHORIZED, message, NULL);
    }
    apr_table_setn(call->r->err_headers_out, "WWW-Authenticate",
                   um_challenge_bearer(call->ctx.pool, call->settings->realm, call->settings->token_scheme, error,
                                       NULL));
    return um_reply_detail(call, HTTP_UNAUTHORIZED, message);
}

static void log_cause(um_call_t *call, int level)
{
    ap_log_rerror(APLOG_MARK, level, 0, call->r, "UM301: %s %s: %s", call->route ? call->route->method : "-",
                  call->route ? call->route->path : "-", call->ctx.cause ? call->ctx.cause : "no cause given");
}

int um_reply_invalid_client(um_call_t *call)
{
    const char *text = um_translate_message(call, UM_MESSAGE_CLIENT_INVALID, NULL);
    um_json_t *plain = um_json_object(call->ctx.pool);

    log_cause(call, APLOG_INFO);
    apr_table_setn(call->r->err_headers_out, "WWW-Authenticate",
                   apr_pstrcat(call->ctx.pool, "Basic realm=\"", call->settings->realm, "\"", NULL));
    um_json_put_text(plain, "detail", text);
    um_json_put_text(plain, "error", "invalid_client");
    return send_error(call, HTTP_UNAUTHORIZED, plain,
                      make_problem(call, HTTP_UNAUTHORIZED, UM_MESSAGE_CLIENT_INVALID, text));
}

static int send_throttled(um_call_t *call)
{
    const char *seconds = apr_psprintf(call->ctx.pool, "%" APR_INT64_T_FMT, call->ctx.retry_after);

    um_client_address_log_throttled(call->r, &call->ctx);
    apr_table_setn(call->r->err_headers_out, "Retry-After", seconds);
    return um_reply_detail_with(call, HTTP_TOO_MANY_REQUESTS, call->ctx.retry_after == 1 ? UM_MESSAGE_THROTTLED_FOR_1
                                                              : UM_MESSAGE_THROTTLED, seconds);
}

int um_reply_csrf_failed(um_call_t *call)
{
    (void)um_event_refused(&call->ctx, UM_EVENT_CSRF_REFUSED, UM_REASON_CROSS_SITE);
    return um_reply_detail(call, HTTP_FORBIDDEN, UM_MESSAGE_CSRF_FAILED);
}

static const um_error_t *error_at(const um_call_t *call, int i)
{
    return &APR_ARRAY_IDX(call->ctx.errors, i, um_error_t);
}

static void add_field(um_call_t *call, const char *field, um_json_t *plain, um_json_t *list)
{
    um_json_t *texts = um_json_list(call->ctx.pool);

    for (int i = 0; i < call->ctx.errors->nelts; i++) {
        const um_error_t *error = error_at(call, i);

        if (strcmp(error->field, field) == 0) {
            um_json_t *one = um_json_object(call->ctx.pool);
            const char *text = um_translate_error(call, error);

            um_json_push_text(texts, text);
            um_json_put_text(one, "field", field);
            um_json_put_text(one, "code", error->code);
            um_json_put_text(one, "detail", text);
            um_json_push(list, one);
        }
    }
    um_json_put(plain, field, texts);
}

/* Whether an error is the first one of its field. */
static int is_first_of_field(const um_call_t *call, int at)
{
    int i = 0;

    while (i < at && strcmp(error_at(call, i)->field, error_at(call, at)->field) != 0) {
        i++;
    }
    return i == at;
}

int um_reply_errors(um_call_t *call)
{
    const um_input_schema_t *schema = call->route->schema;
    um_json_t *plain = um_json_object(call->ctx.pool);
    um_json_t *list = um_json_list(call->ctx.pool);
    um_json_t *details = make_problem(call, HTTP_BAD_REQUEST, UM_MESSAGE_INVALID_INPUT,
                                      um_translate_message(call, UM_MESSAGE_INVALID_INPUT, NULL));

    /* Field by field in the order of the schema, because core adds errors in another order. Parameters of a query have
     * no schema. */
    for (int position = 0; position <= (schema ? schema->count : 0); position++) {
        for (int i = 0; i < call->ctx.errors->nelts; i++) {
            if (is_first_of_field(call, i)
                && um_input_schema_position(schema, error_at(call, i)->field) == position) {
                add_field(call, error_at(call, i)->field, plain, list);
            }
        }
    }
    um_json_put(details, "errors", list);
    return send_error(call, HTTP_BAD_REQUEST, plain, details);
}

/* --- the status of core --- */

int um_reply_status(um_call_t *call, um_status_e status)
{
    switch (status) {
    case UM_OK:
        if (call->ctx.cause) {
            log_cause(call, APLOG_WARNING);
        }
        return call->form ? call->form->success(call)
               : call->document ? send_document(call, call->document)
               : call->not_modified ? um_reply_json(call, HTTP_NOT_MODIFIED, NULL)
               : um_reply_json(call, call->route->success, call->out);
    case UM_INVALID:
        return call->form ? call->form->errors(call) : um_reply_errors(call);
    case UM_BAD_TOKEN:
        log_cause(call, APLOG_INFO);
        return um_reply_unauthorized(call, "invalid_token", UM_MESSAGE_TOKEN_INVALID);
    case UM_INACTIVE:
        log_cause(call, APLOG_INFO);
        return um_reply_unauthorized(call, "invalid_token", UM_MESSAGE_USER_INACTIVE);
    case UM_ABSENT:
        return um_reply_detail(call, HTTP_NOT_FOUND, call->bad_cursor ? UM_MESSAGE_CURSOR_INVALID
                                                     : UM_MESSAGE_NOT_FOUND);
    case UM_DENIED:
        return call->csrf_failed ? um_reply_csrf_failed(call)
               : um_reply_detail(call, HTTP_FORBIDDEN, UM_MESSAGE_PERMISSION_DENIED);
    case UM_PRECONDITION:
        return um_reply_detail(call, HTTP_PRECONDITION_FAILED, UM_MESSAGE_PRECONDITION_FAILED);
    case UM_REUSED:
        return um_reply_detail(call, HTTP_UNPROCESSABLE_ENTITY, UM_MESSAGE_IDEMPOTENCY_KEY_USED);
    case UM_THROTTLED:
        return send_throttled(call);
    case UM_BUSY:
    case UM_UNAVAILABLE:
        /* is_logged: the same cause was logged within the last second. A line for each request would fill the disk. */
        log_cause(call, call->ctx.is_logged ? APLOG_DEBUG : status == UM_BUSY ? APLOG_WARNING : APLOG_ERR);
        return um_reply_detail(call, HTTP_SERVICE_UNAVAILABLE, UM_MESSAGE_UNAVAILABLE);
    case UM_FAILED:
        break;
    }
    log_cause(call, APLOG_ERR);
    return um_reply_detail(call, HTTP_INTERNAL_SERVER_ERROR, UM_MESSAGE_SERVER_ERROR);
}
