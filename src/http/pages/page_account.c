/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of a person's own account: what their templates show beside the answer of the endpoint. */
#include "pages.h"

#include "core_settings.h"
#include "json.h"
#include "module.h"
#include "store_user.h"
#include "user_agent.h"

#include <apr_strings.h>
#include <string.h>

static const char *text_at(const um_json_t *object, const char *name)
{
    um_json_value_t value = um_json_get(object, name);

    return value.kind == UM_JSON_STRING ? value.text : NULL;
}

static void copy_member(um_json_t *to, const char *name, const um_json_t *from, const char *old)
{
    um_json_put_text(to, name, text_at(from, old));
}

/* --- sessions --- */

static const char *device_of(const um_page_request_t *page, const char *agent)
{
    um_json_t *values = um_json_object(page->call->ctx.pool);
    const char *browser, *system;

    um_user_agent_read(page->call->ctx.pool, agent, &browser, &system);
    um_json_put_text(values, "browser", browser);
    um_json_put_text(values, "system", system);
    return browser && system ? um_page_view_filled(page, "device.on", values) : browser ? browser : system ? system
           : um_page_view_text(page, "device.unknown", NULL);
}

void um_page_account_add_sessions(um_page_request_t *page, um_json_t *sessions)
{
    int count = um_json_length(sessions);

    for (int i = 0; i < count; i++) {
        um_json_t *session = um_json_at(sessions, i);
        const char *seen = text_at(session, "last_refresh") ? "last_refresh" : "created";

        um_json_put_text(session, "device", device_of(page, text_at(session, "user_agent")));
        copy_member(session, "last_seen", session, seen);
        copy_member(session, "last_seen_iso", session, apr_pstrcat(page->call->ctx.pool, seen, "_iso", NULL));
    }
    um_json_put(page->view, "sessions", sessions);
    um_json_put_bool(page->view, "has_sessions", count > 0);
    um_json_put_bool(page->view, "has_others", count > 1);
}

um_status_e um_page_account_load_sessions(um_page_request_t *page)
{
    um_json_t *sessions = um_json_child(page->view, "results");

    if (sessions) {
        um_page_account_add_sessions(page, sessions);
    }
    return UM_OK;
}

/* --- events --- */

/* Who did it. */
static const char *by_text(const um_page_request_t *page, const um_json_t *event)
{
    const char *by = text_at(event, "by");
    const char *own = page->call->user ? page->call->user->id : "";

    return !by ? NULL
           : strcmp(by, own) == 0 ? um_page_view_text(page, "by.self", NULL)
           : strcmp(by, "cli") == 0 ? um_page_view_text(page, "by.cli", NULL)
           : strcmp(by, "worker") == 0 ? um_page_view_text(page, "by.worker", NULL)
           : strncmp(by, "client ", 7) == 0 ? um_page_view_text(page, "by.client", NULL)
           : um_page_view_text(page, "by.staff", NULL);
}

void um_page_account_add_events(um_page_request_t *page, um_json_t *events, const char *has)
{
    for (int i = 0; i < um_json_length(events); i++) {
        um_json_t *event = um_json_at(events, i);
        const char *kind = text_at(event, "event");
        const char *text = um_page_view_text(page, apr_pstrcat(page->call->ctx.pool, "event.", kind, NULL), NULL);

        um_json_put_text(event, "event_text", text ? text : kind);
        um_json_put_text(event, "by_text", by_text(page, event));
        if (text_at(event, "user_agent")) {
            um_json_put_text(event, "device", device_of(page, text_at(event, "user_agent")));
        }
    }
    um_json_put_bool(page->view, has, um_json_length(events) > 0);
}

um_status_e um_page_account_load_events(um_page_request_t *page)
{
    um_page_account_add_events(page, um_json_child(page->view, "results"), "has_results");
    return UM_OK;
}

/* --- the address --- */

um_status_e um_page_account_load_email(um_page_request_t *page)
{
    um_json_put_bool(page->view, "email_confirm",
                     page->call->settings->core.email_change == UM_EMAIL_CHANGE_CONFIRM);
    return UM_OK;
}

/* --- the profile --- */

um_status_e um_page_account_load_profile(um_page_request_t *page)
{
    if (!page->call->doc) {
        copy_member(page->view, "input_first_name", page->view, "first_name");
        copy_member(page->view, "input_last_name", page->view, "last_name");
    }
    return UM_OK;
}

/* Where a new address must be confirmed, the account keeps the old one until then. */
void um_page_account_email_saved(um_page_request_t *page)
{
    const char *key = text_at(page->call->out, "pending_email") ? "email_pending" : "email_changed";

    page->location = apr_pstrcat(page->call->ctx.pool, um_page_route_url(page->call->r, page->page->path), "?done=",
                                 key, NULL);
}
