/* SPDX-License-Identifier: Apache-2.0 */
/* The page of one account, for staff: what the API tells of it, from several of its endpoints. */
#include "pages.h"

#include "api.h"
#include "authenticate.h"
#include "group.h"
#include "json.h"
#include "mail_admin.h"
#include "store_user.h"

#include <apr_strings.h>
#include <string.h>

#define EVENTS 10
#define MAILS 5
/* Names of groups that the form suggests. */
#define SUGGESTED 100

/* --- the profile and the groups --- */

static void copy_input(um_page_request_t *page, const char *name, const char *input)
{
    if (um_json_get(page->view, input).kind == UM_JSON_ABSENT) {
        um_json_put_text(page->view, input, um_json_get(page->call->out, name).text);
    }
}

static void add_account(um_page_request_t *page)
{
    um_json_t *account = page->call->out;
    const um_user_t *user = page->call->user;

    if (um_json_get(account, "pending_email").kind == UM_JSON_ABSENT) {
        um_json_put_text(account, "pending_email", NULL);
    }
    um_json_put(page->view, "account", account);
    um_json_put_text(page->view, "account_name", user->username);
    um_json_put_text(page->view, "account_id", user->id);
    um_json_put_bool(page->view, "is_own", strcmp(user->id, page->call->caller->user->id) == 0);
    um_json_put_bool(page->view, "is_other", 1);
    copy_input(page, "first_name", "input_first_name");
    copy_input(page, "last_name", "input_last_name");
    copy_input(page, "email", "input_email");
}

static um_json_t *show_group(um_page_request_t *page, const char *name)
{
    um_json_t *group = um_json_object(page->call->ctx.pool);

    um_json_put_text(group, "group", name);
    um_json_put_text(group, "url", um_page_staff_group_url(page, name));
    return group;
}

static um_status_e add_groups(um_page_request_t *page)
{
    um_call_t *call = page->call;
    const um_json_t *names = um_json_child(call->out, "groups");
    um_json_t *own = um_json_list(call->ctx.pool), *all = um_json_list(call->ctx.pool);
    apr_array_header_t *groups;
    um_status_e status = um_group_page(&call->ctx, "", 0, SUGGESTED, &groups);

    for (int i = 0; i < um_json_length(names); i++) {
        um_json_push(own, show_group(page, um_json_value(um_json_at(names, i)).text));
    }
    for (int i = 0; status == UM_OK && i < groups->nelts; i++) {
        um_json_push(all, show_group(page, APR_ARRAY_IDX(groups, i, um_group_t).name));
    }
    um_json_put(page->view, "groups", own);
    um_json_put_bool(page->view, "has_groups", um_json_length(own) > 0);
    um_json_put(page->view, "all_groups", all);
    return status;
}

/* --- sessions, events, mails --- */

static um_status_e add_sessions(um_page_request_t *page)
{
    um_call_t *call = page->call;
    um_status_e status = um_api_session_list(call);

    if (status == UM_OK) {
        um_page_view_convert(page, call->out);
        um_page_account_add_sessions(page, call->out);
    }
    return status;
}

/* The newest events, and where all are. */
static um_status_e add_events(um_page_request_t *page)
{
    um_call_t *call = page->call;
    um_json_t *newest = um_json_list(call->ctx.pool);
    const um_json_t *events;
    um_status_e status;

    status = um_api_event_list(call);
    if (status != UM_OK) {
        /* The query of this page has a cursor, which belongs to another page. */
        return status == UM_ABSENT ? UM_OK : status;
    }
    events = um_json_child(call->out, "results");
    for (int i = 0; i < um_json_length(events) && i < EVENTS; i++) {
        um_json_push(newest, um_json_at(events, i));
    }
    um_page_view_convert(page, newest);
    um_page_account_add_events(page, newest, "has_events");
    um_json_put(page->view, "events", newest);
    um_json_put_text(page->view, "events_url",
                     um_json_length(events) <= EVENTS ? NULL
                     : apr_pstrcat(call->ctx.pool, um_page_route_url(call->r, "staff/events/?id="), call->user->id,
                                   NULL));
    return UM_OK;
}

static um_status_e add_mails(um_page_request_t *page)
{
    um_call_t *call = page->call;
    apr_array_header_t *mails;
    um_status_e status = um_mail_admin_of_user(&call->ctx, call->user, MAILS, &mails);

    if (status == UM_OK) {
        um_json_t *list = um_page_staff_mail_show(page, mails);

        um_page_view_convert(page, list);
        um_json_put(page->view, "mails", list);
        um_json_put_bool(page->view, "has_mails", mails->nelts > 0);
    }
    return status;
}

um_status_e um_page_staff_account_load(um_page_request_t *page)
{
    um_call_t *call = page->call;
    um_json_t *account = call->out;
    um_status_e status;

    if (!account || !call->user) {
        return UM_ABSENT;
    }
    add_account(page);
    status = add_groups(page);
    if (status == UM_OK) {
        status = add_sessions(page);
    }
    if (status == UM_OK) {
        status = add_events(page);
    }
    if (status == UM_OK) {
        status = add_mails(page);
    }
    call->out = account;
    return status;
}
