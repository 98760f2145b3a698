/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "api.h"
#include "auth.h"
#include "html.h"
#include "identity.h"
#include "json.h"
#include "module.h"
#include "process.h"
#include "wipe.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#define HANDLER "usermgmt-pages"
/* Rows of a list: fewer than those of the API, because a page must be small. */
#define PAGE_SIZE 25

/* --- which requests are for a page --- */

/* The path of a request below UserMgmtPages; NULL: it is not below it. That path without the slash at its end is
 * "". */
static const char *path_below(const request_rec *r)
{
    const um_settings_t *settings = &um_server_of(r->server)->settings;
    apr_size_t len = settings->pages ? strlen(settings->pages) : 0;

    if (!len || strncmp(r->uri, settings->pages, len - 1) != 0) {
        return NULL;
    }
    return r->uri[len - 1] == '\0' ? "" : r->uri[len - 1] == '/' ? r->uri + len : NULL;
}

static int is_taken(const request_rec *r)
{
    const um_request_t *record = um_request_get(r);

    return record && record->page;
}

/* As for the API: subrequests and error documents would act with the headers of another request. */
int um_page_translate(request_rec *r)
{
    if (!um_server_is_own(r->server) || r->main || r->prev || um_request_is_forward(r) || !path_below(r)) {
        return DECLINED;
    }
    um_request_make(r)->page = apr_pcalloc(r->pool, sizeof(um_page_request_t));
    r->handler = HANDLER;
    r->filename = apr_pstrcat(r->pool, "usermgmt:", r->uri, NULL);
    return OK;
}

int um_page_map_to_storage(request_rec *r)
{
    return is_taken(r) ? OK : DECLINED;
}

int um_page_fixups(request_rec *r)
{
    if (!is_taken(r)) {
        return DECLINED;
    }
    r->handler = HANDLER;
    return OK;
}

um_page_request_t *um_page_of(const um_call_t *call)
{
    return um_request_get(call->r)->page;
}

/* --- the steps of a request --- */

static void start(um_page_request_t *page, request_rec *r)
{
    um_route_match_t *match = apr_pcalloc(r->pool, sizeof(*match));

    match->is_ours = 1;
    page->call = um_call_make(r, match);
    page->call->form = &um_page_reply_form;
    page->call->accept = UM_ACCEPT_JSON;
    page->call->page_size = PAGE_SIZE;
    page->call->needs_staff = page->page && page->page->is_for_staff;
    /* Staff makes accounts for other people. */
    page->call->wants_session = !page->call->needs_staff;
    page->language = um_html_language(r->pool, page->call->server->html, apr_table_get(r->headers_in,
                                                                                       "Accept-Language"));
}

void um_page_set_route(um_page_request_t *page, const um_route_t *route)
{
    um_route_match_t *match = apr_pcalloc(page->call->ctx.pool, sizeof(*match));
    const char *none = "";

    match->is_ours = 1;
    if (strstr(route->path, "{id}")) {
        match->id = page->page->is_of_query ? um_page_view_field(page, "id") : "me";
        match->id = match->id ? match->id : none;
    }
    if (strstr(route->path, "{group}")) {
        match->group = um_page_view_field(page, "group");
        match->group = match->group ? match->group : none;
    }
    if (strstr(route->path, "{session}")) {
        match->session = um_page_view_field(page, "session");
        match->session = match->session ? match->session : none;
    }
    page->call->match = match;
    page->call->route = route;
}

static int show(um_page_request_t *page)
{
    const um_route_t *route = um_page_route_endpoint(page->page);

    if (!route) {
        return um_page_reply_show(page, HTTP_OK);
    }
    um_page_set_route(page, route);
    return um_call_run(page->call);
}

/* A form that is refused before its endpoint reads it may hold passwords. */
static void wipe_passwords(const um_call_t *call)
{
    apr_array_header_t *names = um_json_names(call->ctx.pool, call->doc->root);

    for (int i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        um_json_value_t value = um_json_get(call->doc->root, name);

        if (um_page_view_is_secret(name) && value.kind == UM_JSON_STRING) {
            um_wipe_with(call->ctx.pool, value.text, value.len);
        }
    }
}

static int act(um_page_request_t *page)
{
    um_call_t *call = page->call;
    int status;

    if (!um_csrf_is_same_site(call->r)) {
        return um_reply_csrf_failed(call);
    }
    status = um_body_read(call, &call->doc);
    /* What follows is checked at the end of a body that is sent slowly, not at its beginning. */
    call->ctx.now = apr_time_now();
    if (status != OK) {
        return status;
    }
    wipe_passwords(call);
    if (!um_page_csrf_has_cookie(call->r)) {
        page->problem = um_page_view_text(page, "error.no_cookies", NULL);
    }
    if (!um_page_csrf_is_right(call->r, um_page_view_field(page, "csrf"))) {
        um_page_caller_find(page);
        return um_reply_csrf_failed(call);
    }
    return um_page_act_run(page);
}

static int answer(um_page_request_t *page)
{
    request_rec *r = page->call->r;
    int status;

    if (!page->page) {
        return um_page_reply_problem(page, HTTP_NOT_FOUND, um_page_view_message(page, UM_MESSAGE_NOT_FOUND, NULL));
    }
    status = um_call_check_tls(page->call);
    if (status != OK) {
        return status;
    }
    if (!um_token_cookie_name(r)) {
        return um_page_reply_problem(page, HTTP_FORBIDDEN, um_page_view_message(page, UM_MESSAGE_TLS_REQUIRED, NULL));
    }
    if (r->method_number == M_GET) {
        return show(page);
    }
    if (r->method_number == M_POST && um_page_act_has(page->page)) {
        return act(page);
    }
    apr_table_setn(r->err_headers_out, "Allow", um_page_act_has(page->page) ? "GET, HEAD, POST" : "GET, HEAD");
    return um_reply_detail_with(page->call, HTTP_METHOD_NOT_ALLOWED, UM_MESSAGE_METHOD_NOT_ALLOWED, r->method);
}

int um_page_handler(request_rec *r)
{
    um_page_request_t *page;
    const char *path;
    int status;

    if (!r->handler || strcmp(r->handler, HANDLER) != 0 || !is_taken(r)) {
        return DECLINED;
    }
    path = path_below(r);
    if (path && strcmp(path, "style.css") == 0) {
        return um_page_reply_style(r);
    }
    page = um_request_get(r)->page;
    page->page = path ? um_page_route_find(path) : NULL;
    start(page, r);
    status = answer(page);
    if (!page->call->doc && r->method_number != M_GET) {
        ap_rflush(r);
        um_body_drain(r);
    }
    um_audit_write(page->call->server, &page->call->ctx);
    um_call_note(page->call, page->page ? UM_REQUEST_PAGES + um_page_route_index(page->page) : UM_REQUEST_OTHER, 1,
                 status);
    return status;
}

/* --- the page of 403 for places --- */

const char *um_page_forbidden(request_rec *r)
{
    const um_identity_t *identity = um_request_identity(r);
    um_page_request_t page = { 0 };
    const char *text = NULL;
    apr_size_t len;
    um_json_t *user;

    /* A host without a record of its own has the settings of the main server, but not its pages. */
    if (!um_server_is_own(r->server) || !um_server_of(r->server)->settings.pages) {
        return NULL;
    }
    start(&page, r);
    um_page_view_make(&page, "forbidden");
    if (identity) {
        user = um_json_object(r->pool);
        um_json_put_text(user, "username", identity->username);
        um_json_put(page.view, "user", user);
    }
    um_page_view_again(&page, r->unparsed_uri);
    if (um_html_render(r->pool, page.call->server->html, "forbidden", page.language, page.view, &text, &len)
        != APR_SUCCESS) {
        return NULL;
    }
    um_page_reply_headers(r);
    apr_table_setn(r->err_headers_out, "Content-Language", page.language);
    return text;
}
