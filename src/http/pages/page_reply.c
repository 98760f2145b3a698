/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "api.h"
#include "auth.h"
#include "authenticate.h"
#include "html.h"
#include "json.h"
#include "module.h"
#include "process.h"
#include "store_user.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>

/* --- sending --- */

/* img-src: an administrator may add a logo to header.html. Chromium applies form-action to redirects after a form, too,
 * so an application to which people return must not send them on to another host at once. */
#define CONTENT_SECURITY_POLICY \
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; " \
    "base-uri 'none'"

void um_page_reply_headers(request_rec *r)
{
    static const char *const headers[][2] = {
        { "Content-Security-Policy", CONTENT_SECURITY_POLICY },
        { "X-Frame-Options", "DENY" },
        { "X-Content-Type-Options", "nosniff" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { "Cache-Control", "no-store" },
    };

    for (apr_size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        apr_table_setn(r->err_headers_out, headers[i][0], headers[i][1]);
    }
    /* With "no-referrer" browsers send the origin "null" with each form, and those that do not send Sec-Fetch-Site
     * would be refused. The address of a page that a mail leads to has a token: nobody gets more than its origin. */
    apr_table_setn(r->err_headers_out, "Referrer-Policy",
                   r->args && strstr(r->args, "token=") ? "strict-origin" : "same-origin");
    /* Those of the endpoint's answer in JSON. */
    apr_table_unset(r->headers_out, "ETag");
    apr_table_unset(r->headers_out, "Location");
}

static int send_html(um_page_request_t *page, int status, const char *text, apr_size_t len)
{
    request_rec *r = page->call->r;

    /* Before the client can see the answer. */
    um_audit_write(page->call->server, &page->call->ctx);
    um_page_reply_headers(r);
    r->status = status;
    r->status_line = NULL;
    apr_table_setn(r->headers_out, "Content-Language", page->language);
    ap_set_content_type(r, "text/html; charset=utf-8");
    ap_set_content_length(r, (apr_off_t)len);
    ap_rwrite(text, (int)len, r);
    return DONE;
}

static int send_template(um_page_request_t *page, int status, const char *template)
{
    const char *text;
    apr_size_t len;

    if (um_html_render(page->call->ctx.pool, page->call->server->html, template, page->language, page->view, &text,
                       &len) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, page->call->r, "UM801: the page %s could not be made", template);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return send_html(page, status, text, len);
}

int um_page_reply_redirect(um_page_request_t *page, const char *location)
{
    request_rec *r = page->call->r;

    um_audit_write(page->call->server, &page->call->ctx);
    um_page_reply_headers(r);
    r->status = HTTP_SEE_OTHER;
    r->status_line = NULL;
    apr_table_setn(r->headers_out, "Location", location);
    ap_set_content_length(r, 0);
    return DONE;
}

int um_page_reply_style(request_rec *r)
{
    const um_server_t *server = um_server_of(r->server);
    const char *text = um_html_style(server->html);

    um_request_id_send(r);
    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    /* Pages name the style sheet with a digest of it, so it never changes under that URL. Under another digest, a cache
     * would keep it in place of the one that another version of the module has there. */
    apr_table_setn(r->headers_out, "Cache-Control",
                   r->args && strncmp(r->args, "v=", 2) == 0 && strcmp(r->args + 2, server->style_digest) == 0
                   ? "public, max-age=31536000, immutable" : "no-cache");
    apr_table_setn(r->headers_out, "ETag", apr_pstrcat(r->pool, "\"", server->style_digest, "\"", NULL));
    r->status = ap_meets_conditions(r);
    if (r->status == HTTP_NOT_MODIFIED) {
        return DONE;
    }
    r->status = HTTP_OK;
    ap_set_content_type(r, "text/css; charset=utf-8");
    ap_set_content_length(r, (apr_off_t)strlen(text));
    ap_rputs(text, r);
    return DONE;
}

/* --- pages --- */

int um_page_reply_show(um_page_request_t *page, int status)
{
    um_status_e loaded;

    um_page_view_make(page, page->page->name);
    if (page->call->out) {
        um_page_view_add(page, page->call->out);
    }
    loaded = page->page->load ? page->page->load(page) : UM_OK;
    if (page->location) {
        return um_page_reply_redirect(page, page->location);
    }
    if (loaded != UM_OK) {
        page->is_failing = 1;
        return um_reply_status(page->call, loaded);
    }
    um_page_custom_add(page);
    return send_template(page, status, page->page->name);
}

int um_page_reply_problem(um_page_request_t *page, int status, const char *problem)
{
    const char *template = status == HTTP_FORBIDDEN && page->page ? "forbidden" : "error";
    const char *kind = status == HTTP_NOT_FOUND ? "is_not_found" : status == HTTP_TOO_MANY_REQUESTS ? "is_throttled"
                       : status == HTTP_SERVICE_UNAVAILABLE ? "is_unavailable" : "is_other";

    page->problem = problem;
    um_page_view_make(page, template);
    um_json_put_bool(page->view, kind, 1);
    um_json_put_bool(page->view, "is_closed", page->page && strcmp(page->page->name, "register") == 0
                                              && page->call->settings->registration != UM_REGISTRATION_OPEN);
    um_page_view_again(page, page->call->r->unparsed_uri);
    return send_template(page, status, template);
}

/* --- the form of answers --- */

static int success(um_call_t *call)
{
    um_page_request_t *page = um_page_of(call);

    return page->act ? um_page_act_finish(page) : um_page_reply_show(page, HTTP_OK);
}

/* What the page shows beside the form comes from its endpoint, which is asked again when a form was refused. */
static int show_again(um_page_request_t *page, int status)
{
    um_call_t *call = page->call;
    const um_route_t *route = um_page_route_endpoint(page->page);

    call->out = NULL;
    um_page_caller_find(page);
    if (route && call->caller->user && (call->user || !call->match->id)
        && (!call->needs_staff || call->caller->user->is_staff) && route->function(call) != UM_OK) {
        call->out = NULL;
    }
    return um_page_reply_show(page, status);
}

/* Whether a refusal leaves it to the page to ask the database who calls, and its endpoint what it shows. After 429 and
 * 503 this would cost what the refusal has saved. A form that may be of another site is not looked at, so that its
 * answer does not depend on a token in it; staff see what they may see anyway. */
static int may_ask(const um_call_t *call, int status, um_message_e message)
{
    return status != HTTP_TOO_MANY_REQUESTS && status != HTTP_SERVICE_UNAVAILABLE
           && (message != UM_MESSAGE_CSRF_FAILED || call->needs_staff);
}

/* The same as show_again() with nothing but what is known already. A page that shows more is that of the error. */
static int show_without_asking(um_page_request_t *page, int status)
{
    um_call_t *call = page->call;
    const um_route_t *route = um_page_route_endpoint(page->page);
    int has_account = route && route->function == um_api_user_get && call->user;

    if (call->needs_staff || (page->page->endpoint && !has_account)) {
        return um_page_reply_problem(page, status, page->problem);
    }
    call->out = has_account ? um_api_user_show(call, call->user) : NULL;
    return um_page_reply_show(page, status);
}

static int errors(um_call_t *call)
{
    um_page_request_t *page = um_page_of(call);

    /* A page whose query has errors shows them. */
    return page->act ? show_again(page, HTTP_BAD_REQUEST) : um_page_reply_show(page, HTTP_BAD_REQUEST);
}

/* Somebody who is not signed in: the page is shown after signing in. A form is shown again, so that nothing that was
 * typed is lost; it can be sent when the person has signed in, in another tab. */
static int ask_to_sign_in(um_page_request_t *page)
{
    request_rec *r = page->call->r;
    const char *next = r->method_number == M_GET ? r->unparsed_uri : um_page_view_url(page);

    if (page->act && (!page->page->own || page->act->endpoint) && !page->page->is_of_query) {
        page->has_ended = 1;
        page->problem = um_page_view_text(page, "error.session_gone", NULL);
        return show_again(page, HTTP_FORBIDDEN);
    }
    return um_page_reply_redirect(page, apr_pstrcat(r->pool, um_page_route_url(r, "sign-in/?next="),
                                                    ap_escape_urlencoded(r->pool, next), NULL));
}

/* Whether a page for staff has its reader, and a page about an account has that account. */
static int is_known(const um_page_request_t *page)
{
    const um_call_t *call = page->call;

    return !call->needs_staff || (call->caller->user && call->caller->user->is_staff
                                  && (call->user || !call->match->id));
}

/* Whether the page can be shown, with the problem: a form that was not refused for good, and a list whose link has
 * become invalid. */
static int can_show(const um_page_request_t *page, int status, um_message_e message)
{
    const um_call_t *call = page->call;

    if (!page->page || page->is_failing || message == UM_MESSAGE_PERMISSION_DENIED) {
        return 0;
    }
    return call->bad_cursor || (call->doc && status != HTTP_NOT_FOUND && is_known(page));
}

static int error(um_call_t *call, int status, um_message_e message, const char *value)
{
    um_page_request_t *page = um_page_of(call);
    const char *problem = page->problem ? page->problem : um_page_view_message(page, message, value);

    if (status == HTTP_UNAUTHORIZED && !page->is_failing) {
        return ask_to_sign_in(page);
    }
    if (call->needs_staff && call->doc && may_ask(call, status, message)) {
        um_page_caller_find(page);
    }
    if (status == HTTP_NOT_FOUND && page->act && page->act->absent && is_known(page)) {
        page->problem = um_page_view_text(page, page->act->absent, NULL);
        return show_again(page, status);
    }
    if (can_show(page, status, message)) {
        page->problem = problem;
        return !call->doc ? um_page_reply_show(page, status)
               : may_ask(call, status, message) ? show_again(page, status) : show_without_asking(page, status);
    }
    return um_page_reply_problem(page, status, problem);
}

const um_reply_form_t um_page_reply_form = { success, error, errors };
