/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "api.h"
#include <apr_strings.h>
#include <string.h>

#define USERS "/api/v1/users/"
#define ME USERS "{id}/"
#define RESET "/api/password_reset/"
#define EMAIL "/api/email_verification/"

static const um_page_act_t acts[] = {
    { .page = "sign_in", .method = "POST", .endpoint = "/api-token-auth/", .done = um_page_session_signed_in },
    { .page = "sign_out", .own = &um_page_session_sign_out_route, .done = um_page_session_signed_out,
      .to = "sign-in/", .key = "signed_out" },
    { .page = "register", .method = "POST", .endpoint = USERS, .done = um_page_session_registered },
    { .page = "verify", .method = "POST", .endpoint = EMAIL "confirm/", .to = "sign-in/", .key = "verified",
      .absent = "text.token_invalid" },
    { .page = "verify_request", .method = "POST", .endpoint = EMAIL, .key = "verify_sent" },
    { .page = "forgot", .method = "POST", .endpoint = RESET, .key = "reset_sent" },
    { .page = "reset", .method = "POST", .endpoint = RESET "confirm/", .to = "sign-in/", .key = "password_set",
      .absent = "text.token_invalid" },
    { .page = "profile", .method = "PATCH", .endpoint = ME, .key = "saved" },
    { .page = "password", .method = "POST", .endpoint = ME, .key = "password_changed" },
    { .page = "email", .method = "PATCH", .endpoint = ME, .done = um_page_account_email_saved,
      .needs_recent = 1 },
    { .page = "sessions", .method = "DELETE", .endpoint = ME "sessions/{session}/",
      .key = "session_ended" },
    { .page = "sessions", .action = "others", .own = &um_page_session_end_others_route, .key = "sessions_ended" },
    { .page = "delete", .method = "DELETE", .endpoint = ME, .done = um_page_session_signed_out, .to = "sign-in/",
      .key = "deleted", .needs_confirm = 1, .needs_recent = 1 },
};

#define COUNT (sizeof(acts) / sizeof(acts[0]))

const um_page_act_t *um_page_act_find(const um_page_t *page, const char *action)
{
    for (const um_page_act_t *row = acts; row < acts + COUNT; row++) {
        if (strcmp(row->page, page->name) == 0
            && (row->action ? action && strcmp(row->action, action) == 0 : !action || !*action)) {
            return row;
        }
    }
    return NULL;
}

int um_page_act_has(const um_page_t *page)
{
    int has = 0;

    for (const um_page_act_t *row = acts; row < acts + COUNT; row++) {
        has |= strcmp(row->page, page->name) == 0;
    }
    return has;
}

int um_page_act_run(um_page_request_t *page)
{
    um_call_t *call = page->call;
    const um_page_act_t *act = um_page_act_find(page->page, um_page_view_field(page, "action"));
    int status = OK;

    page->act = act;
    if (!act) {
        return um_page_reply_problem(page, HTTP_BAD_REQUEST, um_page_view_text(page, "error.invalid_input", NULL));
    }
    if (act->needs_confirm && !um_page_view_field(page, "confirm")) {
        um_ctx_error(&call->ctx, "confirm", UM_MESSAGE_REQUIRED);
    }
    um_page_set_route(page, act->own ? act->own : um_route_find(act->method, act->endpoint));
    if (act->needs_recent) {
        status = um_page_recent_check(page);
    }
    /* An endpoint without a body does not look at the errors. */
    if (status == OK && call->ctx.errors->nelts && !call->route->schema) {
        return um_reply_status(call, UM_INVALID);
    }
    return status == OK ? um_call_run(call) : status;
}

int um_page_act_finish(um_page_request_t *page)
{
    const um_page_act_t *act = page->act;

    if (act->done) {
        act->done(page);
    }
    if (!page->location) {
        const char *path = act->to ? act->to : page->page->path;
        const char *id = page->page->is_of_query && !act->to ? um_page_view_query(page) : "";

        page->location = apr_pstrcat(page->call->ctx.pool, um_page_route_url(page->call->r, path), "?",
                                     id, act->key ? "done=" : "", act->key ? act->key : "", NULL);
    }
    return um_page_reply_redirect(page, page->location);
}
