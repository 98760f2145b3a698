/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "alias.h"
#include "api.h"
#include "auth.h"
#include "authenticate.h"
#include "browser.h"
#include "user.h"

int um_page_caller_is(um_page_request_t *page, um_caller_t *caller)
{
    static um_token_source_t cookie = { UM_TOKEN_SOURCE_COOKIE, NULL };
    static const apr_array_header_t sources = { NULL, sizeof(cookie), 1, 1, (char *)&cookie };
    um_call_t *call = page->call;
    um_auth_token_t found;
    const char *token;

    um_auth_find(call->r, &sources, NULL, &found);
    if (found.state == UM_AUTH_FOUND && um_authenticate(&call->ctx, found.token, UM_FRESH, caller) == UM_OK) {
        return 1;
    }
    token = um_renewal_of(call->r)->token;
    return token && um_authenticate(&call->ctx, token, UM_FRESH, caller) == UM_OK;
}

void um_page_caller_find(um_page_request_t *page)
{
    const um_route_t *endpoint = um_page_route_endpoint(page->page);
    um_call_t *call = page->call;
    um_caller_t caller;
    const char *id = NULL;

    if (!endpoint) {
        return;
    }
    um_page_set_route(page, endpoint);
    if (!call->caller->user && um_page_caller_is(page, &caller)) {
        *call->caller = caller;
    }
    if (call->user || !call->match->id || !call->caller->user) {
        return;
    }
    if (!page->page->is_of_query) {
        call->user = call->caller->user;
    }
    else if (um_alias_resolve(&call->ctx, call->match->id, &id) == UM_OK
             && um_user_find(&call->ctx, call->caller, id, &call->user) != UM_OK) {
        call->user = NULL;
    }
}
