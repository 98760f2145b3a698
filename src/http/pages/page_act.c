/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "api.h"
#include "authenticate.h"
#include "json.h"

#include <apr_strings.h>
#include <string.h>

#define USERS "/api/v1/users/"
#define ME USERS "{id}/"
#define GROUPS "/api/v1/groups/"
#define GROUP GROUPS "{group}/"
#define RESET "/api/password_reset/"
#define EMAIL "/api/email_verification/"

static const um_page_act_t acts[] = {
    { .page = "sign_in", .method = "POST", .endpoint = "/api-token-auth/", .prepare = um_page_session_prepare,
      .done = um_page_session_signed_in },
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
    { .page = "staff_account", .action = "profile", .method = "PATCH", .endpoint = ME, .key = "account_saved" },
    { .page = "staff_account", .action = "email", .method = "PATCH", .endpoint = ME, .key = "account_saved",
      .needs_recent = 1 },
    { .page = "staff_account", .action = "verify", .method = "PATCH", .endpoint = ME, .field = "email_verified",
      .value = "true", .key = "account_verified" },
    { .page = "staff_account", .action = "unverify", .method = "PATCH", .endpoint = ME, .field = "email_verified",
      .value = "false", .key = "account_unverified" },
    { .page = "staff_account", .action = "enable", .method = "PATCH", .endpoint = ME, .field = "is_active",
      .value = "true", .key = "account_on", .needs_recent = 1 },
    { .page = "staff_account", .action = "disable", .method = "PATCH", .endpoint = ME, .field = "is_active",
      .value = "false", .key = "account_off", .needs_recent = 1 },
    { .page = "staff_account", .action = "staff_on", .method = "PATCH", .endpoint = ME, .field = "is_staff",
      .value = "true", .key = "staff_on", .needs_recent = 1 },
    { .page = "staff_account", .action = "staff_off", .method = "PATCH", .endpoint = ME, .field = "is_staff",
      .value = "false", .key = "staff_off", .needs_recent = 1 },
    { .page = "staff_account", .action = "reset", .method = "POST", .endpoint = ME "reset/", .key = "account_reset" },
    { .page = "staff_account", .action = "group_add", .method = "PUT", .endpoint = GROUP "members/{id}/",
      .key = "group_added", .absent = "error.group_absent", .needs_recent = 1 },
    { .page = "staff_account", .action = "group_remove", .method = "DELETE", .endpoint = GROUP "members/{id}/",
      .key = "group_removed", .absent = "error.member_absent", .needs_recent = 1 },
    { .page = "staff_account", .action = "end_session", .method = "DELETE", .endpoint = ME "sessions/{session}/",
      .key = "account_session_ended", .absent = "error.session_absent" },
    { .page = "staff_account", .action = "end_sessions", .method = "DELETE", .endpoint = ME "sessions/",
      .key = "account_sessions_ended" },
    { .page = "staff_account", .action = "delete", .method = "DELETE", .endpoint = ME, .to = "staff/",
      .key = "account_deleted", .needs_confirm = 1, .needs_recent = 1 },
    { .page = "staff_new", .method = "POST", .endpoint = USERS, .prepare = um_page_staff_prepare_new,
      .done = um_page_staff_made },
    { .page = "staff_groups", .method = "POST", .endpoint = GROUPS, .key = "group_created", .needs_recent = 1 },
    { .page = "staff_group", .action = "add", .own = &um_page_staff_group_add_route, .key = "group_added",
      .needs_recent = 1 },
    { .page = "staff_group", .action = "remove", .method = "DELETE", .endpoint = GROUP "members/{id}/",
      .key = "group_removed", .absent = "error.member_absent", .needs_recent = 1 },
    { .page = "staff_group", .action = "rename", .method = "PATCH", .endpoint = GROUP,
      .done = um_page_staff_group_renamed, .needs_recent = 1 },
    { .page = "staff_group", .action = "delete", .method = "DELETE", .endpoint = GROUP, .to = "staff/groups/",
      .key = "group_deleted", .needs_confirm = 1, .needs_recent = 1 },
    { .page = "staff_mails", .action = "retry", .own = &um_page_staff_mail_retry_route, .key = "mail_retried",
      .absent = "error.mail_busy" },
    { .page = "staff_mails", .action = "retry_all", .own = &um_page_staff_mail_retry_all_route,
      .key = "mails_retried" },
    { .page = "staff_mails", .action = "drop", .own = &um_page_staff_mail_drop_route, .key = "mail_dropped",
      .absent = "error.mail_busy", .needs_confirm = 1, .needs_recent = 1 },
    { .page = "staff_throttle", .own = &um_page_staff_throttle_clear_route, .key = "throttle_cleared" },
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

static const um_route_t *route_of(const um_page_act_t *act)
{
    return act->own ? act->own : um_route_find(act->method, act->endpoint);
}

/* What decides over an account has acts of its own, some of which need a recent sign-in. So a form of another act must
 * not have it: the endpoint, which is the same one, would take it. */
static int has_foreign_field(const um_page_request_t *page)
{
    static const char *const fields[] = { "is_active", "is_staff", "email_verified", "groups", "email" };
    const char *own = page->act->action ? page->act->action : page->page->name;
    int has = 0;

    if (!page->act->method || strcmp(page->act->method, "PATCH") != 0) {
        return 0;
    }
    for (apr_size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        has |= um_json_get(page->call->doc->root, fields[i]).kind != UM_JSON_ABSENT && strcmp(fields[i], own) != 0;
    }
    return has;
}

/* Completes the form by what its act says. */
static void prepare(um_page_request_t *page)
{
    const um_page_act_t *act = page->act;
    um_call_t *call = page->call;

    um_page_set_route(page, route_of(act));
    if (act->field) {
        um_json_put_text(call->doc->root, act->field, act->value);
    }
    if (act->prepare) {
        act->prepare(page);
    }
    if (act->needs_confirm && !um_page_view_field(page, "confirm")) {
        um_ctx_error(&call->ctx, "confirm", UM_MESSAGE_REQUIRED);
    }
}

int um_page_act_run(um_page_request_t *page)
{
    um_call_t *call = page->call;
    int status = OK;

    page->act = um_page_act_find(page->page, um_page_view_field(page, "action"));
    if (!page->act || has_foreign_field(page)) {
        return um_page_reply_problem(page, HTTP_BAD_REQUEST, um_page_view_text(page, "error.invalid_input", NULL));
    }
    prepare(page);
    if (page->act->needs_recent) {
        status = um_page_recent_check(page);
    }
    /* An endpoint without a body does not look at the errors. */
    if (status == OK && call->ctx.errors->nelts && !call->route->schema
        && (call->caller->user || !page->act->needs_recent)) {
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
