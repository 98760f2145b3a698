/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "auth.h"
#include "browser.h"
#include "authenticate.h"
#include "json.h"
#include "local_path.h"
#include "module.h"
#include "session.h"
#include "store_user.h"
#include "throttle.h"

#include <apr_strings.h>
#include <string.h>

/* --- signing in --- */

/* Where the person wanted to be; the profile, if nowhere. */
static const char *next_of(um_page_request_t *page)
{
    const char *next = um_page_view_field(page, "next");

    return next && um_local_path_is(next) ? next : um_page_route_url(page->call->r, "");
}

/* A person who has signed in already goes on, unless they are asked to sign in again. */
um_status_e um_page_session_load_sign_in(um_page_request_t *page)
{
    um_call_t *call = page->call;
    const char *again = um_page_view_field(page, "again");
    um_caller_t caller;

    um_json_put_bool(page->view, "again", again != NULL);
    if (call->doc || !um_page_caller_is(page, &caller)) {
        return UM_OK;
    }
    if (!again) {
        page->location = next_of(page);
    }
    else if (!um_page_view_field(page, "username") && !um_page_view_field(page, "other")) {
        um_json_put_text(page->view, "input_username", caller.user->username);
    }
    return UM_OK;
}

/* "stay signed in": the cookies outlive the browser. */
static void set_cookies(um_page_request_t *page)
{
    um_cookie_set_session(page->call->r, page->call->session, um_page_view_field(page, "stay") != NULL);
}

/* Ends the session that the browser had before. Nobody who knows its token may go on with it, and it must not stay in
 * the list of sessions. That the person has signed in does not depend on it. */
static void end_previous(um_page_request_t *page)
{
    um_ctx_t *ctx = &page->call->ctx;
    um_caller_t caller;

    if (um_page_caller_is(page, &caller)) {
        (void)um_session_end(ctx, caller.user->id, caller.session_id, 0);
    }
}

/* Clients of the API ask for cookies so, and then there is no session left to set them by. */
void um_page_session_prepare(um_page_request_t *page)
{
    um_json_remove(page->call->doc->root, "cookie");
}

void um_page_session_signed_in(um_page_request_t *page)
{
    end_previous(page);
    set_cookies(page);
    page->location = next_of(page);
}

um_status_e um_page_session_load_register(um_page_request_t *page)
{
    return page->call->settings->registration == UM_REGISTRATION_OPEN ? UM_OK : UM_DENIED;
}

/* Where an address must be verified first, the account has no session yet. */
void um_page_session_registered(um_page_request_t *page)
{
    if (page->call->session) {
        set_cookies(page);
        page->location = next_of(page);
    }
    else {
        int must_verify = page->call->settings->core.email_verification == UM_VERIFY_REQUIRED;

        page->location = um_page_route_url(page->call->r, must_verify ? "sign-in/?done=check_mail"
                                                                      : "sign-in/?done=registered");
    }
}

/* --- signing out --- */

static um_status_e sign_out(um_call_t *call)
{
    um_status_e status = um_session_end(&call->ctx, call->caller->user->id, call->caller->session_id, 0);

    return status == UM_ABSENT ? UM_OK : status;
}

const um_route_t um_page_session_sign_out_route = {
    .path = "sign-out/", .method = "POST", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API, .success = 204,
    .function = sign_out, .name = "Sign Out",
};

/* The cache alone: "cookies" would delete those of all hosts of the domain, and the cookies of this site are deleted
 * one by one. */
void um_page_session_signed_out(um_page_request_t *page)
{
    um_cookie_clear_session(page->call->r);
    apr_table_setn(page->call->r->err_headers_out, "Clear-Site-Data", "\"cache\"");
}

/* --- the other sessions --- */

static um_status_e end_others(um_call_t *call)
{
    apr_array_header_t *sessions;
    const char *id = call->caller->user->id;
    um_status_e status = um_session_list(&call->ctx, id, &sessions);

    for (int i = 0; status == UM_OK && i < sessions->nelts; i++) {
        const um_session_t *session = &APR_ARRAY_IDX(sessions, i, um_session_t);

        if (strcmp(session->id, call->caller->session_id) != 0) {
            status = um_session_end(&call->ctx, id, session->id, 0);
            status = status == UM_ABSENT ? UM_OK : status;
        }
    }
    return status;
}

const um_route_t um_page_session_end_others_route = {
    .path = "sessions/", .method = "POST", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API, .success = 204,
    .function = end_others, .name = "End Other Sessions",
};
