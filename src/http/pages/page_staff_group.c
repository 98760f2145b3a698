/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, for staff. */
#include "pages.h"

#include "group.h"
#include "json.h"
#include "store_user.h"
#include "throttle.h"
#include "user_admin.h"

#include <apr_strings.h>
#include <string.h>

const char *um_page_staff_group_url(const um_page_request_t *page, const char *name)
{
    apr_pool_t *pool = page->call->ctx.pool;

    return apr_pstrcat(pool, um_page_route_url(page->call->r, "staff/group/?group="), ap_escape_urlencoded(pool, name),
                       NULL);
}

um_status_e um_page_staff_group_load_list(um_page_request_t *page)
{
    const um_json_t *groups = um_json_child(page->view, "results");

    for (int i = 0; i < um_json_length(groups); i++) {
        um_json_t *group = um_json_at(groups, i);

        um_json_put_text(group, "url", um_page_staff_group_url(page, um_json_get(group, "name").text));
    }
    return um_page_staff_load_results(page);
}

um_status_e um_page_staff_group_load(um_page_request_t *page)
{
    const char *typed = um_page_view_field(page, "group");
    const char *name = typed ? um_group_stored_name(page->call->ctx.pool, typed) : NULL;

    if (!name) {
        return UM_ABSENT;
    }
    um_json_put_text(page->view, "group_name", name);
    return um_page_staff_load_results(page);
}

/* Adds the account that is meant: its name, its address or its id. */
static um_status_e add_member(um_call_t *call)
{
    um_page_request_t *page = um_page_of(call);
    const char *text = um_page_view_field(page, "username");
    apr_array_header_t *candidates;
    um_user_t *user;
    um_status_e status;

    if (!text || !*text) {
        um_ctx_error(&call->ctx, "username", UM_MESSAGE_REQUIRED);
        return UM_INVALID;
    }
    status = um_user_lookup(&call->ctx, text, &user, &candidates);
    if (status == UM_ABSENT) {
        um_ctx_error_with(&call->ctx, "username", UM_MESSAGE_NO_SUCH_OBJECT, text);
        return UM_INVALID;
    }
    if (status == UM_INVALID) {
        page->problem = um_page_view_text(page, "error.account_ambiguous", NULL);
    }
    return status == UM_OK ? um_group_add(&call->ctx, call->match->group, user->id) : status;
}

const um_route_t um_page_staff_group_add_route = {
    .path = "staff/group/{group}/", .method = "POST", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
    .success = 204, .function = add_member, .name = "Group Member",
};

void um_page_staff_group_renamed(um_page_request_t *page)
{
    page->location = apr_pstrcat(page->call->ctx.pool,
                                 um_page_staff_group_url(page, um_json_get(page->call->out, "name").text),
                                 "&done=group_renamed", NULL);
}
