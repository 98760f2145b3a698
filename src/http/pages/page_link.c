/* SPDX-License-Identifier: Apache-2.0 */
/* The pages to which the links of mails lead, and those on which people ask for such a mail. */
#include "pages.h"

#include "api.h"
#include "json.h"
#include "password_reset.h"
#include "throttle.h"

um_status_e um_page_link_load_request(um_page_request_t *page)
{
    um_json_put_bool(page->view, "email_required", 1);
    return UM_OK;
}

/* Whether the token of the link is still good is said before a password is chosen. */
static um_status_e validate(um_call_t *call)
{
    um_page_request_t *page = um_page_of(call);
    const char *token = um_page_view_field(page, "token");
    um_status_e status = token && *token ? um_password_reset_validate(&call->ctx, token) : UM_OK;

    page->is_token_invalid = status == UM_ABSENT;
    return status == UM_ABSENT ? UM_OK : status;
}

const um_route_t um_page_link_reset_route = {
    .path = "reset/", .method = "GET", .access = UM_ACCESS_RESET, .throttle = UM_THROTTLE_CONFIRM, .success = 200,
    .function = validate, .name = "Reset Password",
};

um_status_e um_page_link_load_reset(um_page_request_t *page)
{
    um_json_put_bool(page->view, "token_invalid", page->is_token_invalid);
    return UM_OK;
}
