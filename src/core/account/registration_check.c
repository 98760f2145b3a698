/* SPDX-License-Identifier: Apache-2.0 */
#include "account_private.h"

#include "core_settings.h"
#include "password.h"
#include "password_policy.h"
#include "profile_input.h"
#include "reserved.h"
#include "store_user.h"

#include <string.h>

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* An address is required when it must be verified, when people sign in with it, and for an invitation. Skip this error
 * when the address already has one. */
static void need_email(um_ctx_t *ctx, const char *email)
{
    int told = 0;

    for (int i = 0; i < ctx->errors->nelts; i++) {
        told |= strcmp(APR_ARRAY_IDX(ctx->errors, i, um_error_t).field, "email") == 0;
    }
    if (!told && !email) {
        um_ctx_error(ctx, "email", UM_MESSAGE_REQUIRED);
    }
    else if (!told && !*email) {
        um_ctx_error(ctx, "email", UM_MESSAGE_BLANK);
    }
}

void um_registration_check(um_ctx_t *ctx, const um_profile_input_t *input, um_user_t *user, um_user_keys_t *keys)
{
    um_password_policy_person_t person = um_profile_person_of_input(input);

#define COPY_TEXT(name, label, kind, ...) UM_PROFILE_IF_TEXT(kind, user->name = text_or_empty(input->name);)
    UM_PROFILE(COPY_TEXT)
#undef COPY_TEXT
    user->custom = input->custom;
    if (input->username) {
        um_profile_check_username(ctx, input->username, user, keys);
    }
    /* A reserved name is reported as taken: clients know that text, and people have to choose another name anyway. */
    if (keys->username_key && um_reserved_has(ctx->pool, ctx->site->reserved, keys->username_key)) {
        um_profile_taken_username(ctx);
        keys->username_key = NULL;
    }
    if (input->password.text && !user->is_invited) {
        um_password_check(ctx, "password", input->password, &person);
    }
    um_profile_check_email(ctx, text_or_empty(input->email), user, keys);
    if (user->is_waiting || user->is_invited || ctx->settings->login == UM_LOGIN_EMAIL) {
        need_email(ctx, input->email);
    }
}
