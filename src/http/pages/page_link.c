/* SPDX-License-Identifier: Apache-2.0 */
/* The pages to which the links of mails lead, and those on which people ask for such a mail. */
#include "pages.h"

#include "api.h"
#include "json.h"
#include "password_reset.h"
#include "throttle.h"

/* A page that asks for a mail is there where the site sends it: the endpoint itself would say OK in any case. */
static um_status_e load_request(um_page_request_t *page, const char *flag)
{
    um_json_put_bool(page->view, "email_required", 1);
    return um_json_get(page->view, flag).number ? UM_OK : UM_ABSENT;
}

um_status_e um_page_link_load_verify(um_page_request_t *page)
{
    return load_request(page, "can_verify");
}

um_status_e um_page_link_load_forgot(um_page_request_t *page)
{
    return load_request(page, "can_mail");
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
