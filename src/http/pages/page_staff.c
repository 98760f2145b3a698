/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts of the site, for staff: the list, the events of an account, and new accounts. */
#include "pages.h"

#include "json.h"
#include "mail_settings.h"
#include "module.h"
#include "store_user.h"
#include "throttle.h"

#include <apr_strings.h>
#include <string.h>

static int has_text(const um_page_request_t *page, const char *name)
{
    const char *text = um_page_view_field(page, name);

    return text && *text;
}

um_status_e um_page_staff_load_results(um_page_request_t *page)
{
    um_json_put_bool(page->view, "has_results", um_json_length(um_json_child(page->view, "results")) > 0);
    return UM_OK;
}

/* --- the list --- */

/* Sets the option of a selection that the query has. */
static void put_option(um_page_request_t *page, const char *parameter, const char *value, const char *name)
{
    const char *text = um_page_view_field(page, parameter);

    um_json_put_bool(page->view, name, text && strcmp(text, value) == 0);
}

um_status_e um_page_staff_load_list(um_page_request_t *page)
{
    const char *kind = um_json_get(page->view, "count_is").text;

    put_option(page, "is_active", "true", "filter_active_true");
    put_option(page, "is_active", "false", "filter_active_false");
    put_option(page, "is_staff", "true", "filter_staff_true");
    put_option(page, "is_staff", "false", "filter_staff_false");
    put_option(page, "ordering", "username", "order_username");
    put_option(page, "ordering", "email", "order_email");
    put_option(page, "ordering", "created_at", "order_oldest");
    um_json_put_bool(page->view, "has_filters", has_text(page, "search") || has_text(page, "group")
                                                || has_text(page, "is_active") || has_text(page, "is_staff")
                                                || has_text(page, "ordering"));
    um_json_put_bool(page->view, "count_exact", kind && strcmp(kind, "exact") == 0);
    um_json_put_bool(page->view, "count_estimate", kind && strcmp(kind, "estimate") == 0);
    um_json_put_bool(page->view, "count_at_least", kind && strcmp(kind, "at_least") == 0);
    return um_page_staff_load_results(page);
}

/* --- the events of an account --- */

um_status_e um_page_staff_load_events(um_page_request_t *page)
{
    const um_user_t *user = page->call->user;

    um_json_put_text(page->view, "account_name", user ? user->username : "");
    um_json_put_text(page->view, "account_id", user ? user->id : "");
    return um_page_account_load_events(page);
}

/* --- new accounts --- */

static um_status_e show_nothing(um_call_t *call)
{
    (void)call;
    return UM_OK;
}

const um_route_t um_page_staff_new_route = {
    .path = "staff/new/", .method = "GET", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API, .success = 200,
    .function = show_nothing, .name = "New Account",
};

um_status_e um_page_staff_load_new(um_page_request_t *page)
{
    um_registration_e registration = page->call->settings->registration;

    um_json_put_bool(page->view, "is_other", 1);
    um_json_put_bool(page->view, "can_set_password", registration != UM_REGISTRATION_INVITE);
    if (registration == UM_REGISTRATION_INVITE) {
        um_json_put_bool(page->view, "email_required", 1);
    }
    return registration == UM_REGISTRATION_OFF ? UM_DENIED : UM_OK;
}

void um_page_staff_prepare_new(um_page_request_t *page)
{
    um_call_t *call = page->call;
    const um_mail_settings_t *mail_settings = call->server->mail_settings;
    int invites_only = call->settings->registration == UM_REGISTRATION_INVITE;

    if (invites_only || (!has_text(page, "password") && mail_settings && mail_settings->sends)) {
        um_json_remove(call->doc->root, "password");
        um_json_put_bool(call->doc->root, "invite", 1);
    }
    else {
        um_json_remove(call->doc->root, "invite");
    }
}

void um_page_staff_made(um_page_request_t *page)
{
    apr_pool_t *pool = page->call->ctx.pool;
    int is_invited = um_json_get(page->call->doc->root, "invite").kind != UM_JSON_ABSENT;

    page->location = apr_pstrcat(pool, um_page_route_url(page->call->r, "staff/account/?id="), page->call->user->id,
                                 "&done=", is_invited ? "account_invited" : "account_created", NULL);
}
