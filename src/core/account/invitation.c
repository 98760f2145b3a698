/* SPDX-License-Identifier: Apache-2.0 */
#include "account_private.h"
#include "invitation.h"

#include "event.h"
#include "idempotency.h"
#include "mail_kind.h"
#include "mail_settings.h"
#include "notification.h"
#include "profile_input.h"
#include "store_user.h"

/* Makes the account. */
static um_status_e invite_new(um_ctx_t *ctx, const um_profile_input_t *input, um_registration_t *new)
{
    um_user_t *made = new->user;
    um_status_e status = um_registration_check_others(ctx, new->keys);

    if (status == UM_OK) {
        status = um_profile_make_ids(ctx, made);
    }
    if (status == UM_OK) {
        /* In the language of the site, because the one of the request is that of whoever invites. */
        ctx->language = NULL;
        status = um_notification_create(ctx, UM_MAIL_KIND_INVITE, made, made->email, "", &new->mail);
    }
    if (status == UM_OK) {
        status = um_idempotency_make(ctx, input, made, 0, &new->idempotency);
    }
    return status == UM_OK ? um_registration_store(ctx, new) : status;
}

um_status_e um_invitation_create(um_ctx_t *ctx, const um_profile_input_t *input, const um_user_t **user)
{
    um_user_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    um_user_keys_t keys = { 0 };
    um_registration_t new = { .user = made, .keys = &keys };
    um_status_e status;
    int is_faulty;

    if (!ctx->site->mail_settings || !ctx->site->mail_settings->sends) {
        um_ctx_error(ctx, "invite", UM_MESSAGE_MAIL_NONE);
        return UM_INVALID;
    }
    made->is_active = made->is_invited = 1;
    made->password = UM_USER_INVITED;
    new.event = um_event_named(ctx, UM_EVENT_INVITED, input->username);
    um_registration_check(ctx, input, made, &keys);
    is_faulty = ctx->errors->nelts > 0;
    status = is_faulty ? UM_ABSENT : um_idempotency_replay(ctx, input, made, NULL);
    if (status == UM_ABSENT) {
        status = invite_new(ctx, input, &new);
        status = is_faulty ? status : um_registration_again(ctx, status, input, made, NULL);
    }
    *user = made;
    return status;
}
