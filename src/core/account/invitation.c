/* SPDX-License-Identifier: Apache-2.0 */
#include "account_private.h"
#include "invitation.h"

#include "event.h"
#include "mail_kind.h"
#include "mail_settings.h"
#include "notification.h"
#include "profile_input.h"
#include "store_user.h"

um_status_e um_invitation_create(um_ctx_t *ctx, const um_profile_input_t *input, const um_user_t **user)
{
    um_user_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    um_user_keys_t keys = { 0 };
    um_registration_t new = { .user = made, .keys = &keys };
    um_status_e status;

    if (!ctx->site->mail_settings || !ctx->site->mail_settings->sends) {
        um_ctx_error(ctx, "invite", UM_MESSAGE_MAIL_NONE);
        return UM_INVALID;
    }
    made->is_active = made->is_invited = 1;
    made->password = UM_USER_INVITED;
    new.event = um_event_named(ctx, UM_EVENT_INVITED, input->username);
    um_registration_check(ctx, input, made, &keys);
    status = um_registration_check_others(ctx, &keys);
    if (status == UM_OK) {
        status = um_profile_make_ids(ctx, made);
    }
    if (status == UM_OK) {
        /* In the language of the site, because the one of the request is that of whoever invites. */
        ctx->language = NULL;
        status = um_notification_create(ctx, UM_MAIL_KIND_INVITE, made, made->email, "", &new.mail);
    }
    if (status == UM_OK) {
        status = um_registration_store(ctx, &new);
    }
    *user = made;
    return status;
}
