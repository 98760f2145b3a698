/* SPDX-License-Identifier: Apache-2.0 */
#include "profile_input.h"

#include "core_settings.h"
#include "custom_field.h"
#include "email.h"
#include "password_policy.h"
#include "random.h"
#include "store_user.h"
#include "unicode.h"

#include <apr_strings.h>
#include <string.h>

#define COPY(name, ...) .name = from->name,

um_password_policy_person_t um_profile_person_of_user(const um_user_t *from)
{
    return (um_password_policy_person_t){ UM_PROFILE(COPY) };
}

um_password_policy_person_t um_profile_person_of_input(const um_profile_input_t *from)
{
    return (um_password_policy_person_t){ UM_PROFILE(COPY) };
}

#undef COPY

um_status_e um_profile_make_ids(um_ctx_t *ctx, um_user_t *user)
{
    if (um_random_uuid(ctx->pool, ctx->now, &user->id) != APR_SUCCESS
        || um_random_uuid(ctx->pool, ctx->now, &user->version) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    return UM_OK;
}

const char *um_profile_changes(const um_ctx_t *ctx, const um_user_t *user, const um_user_t *change)
{
    const char *names = "";

#define ADD_NAME(name, ...) \
    if (change->name && strcmp(change->name, user->name) != 0) { \
        names = apr_pstrcat(ctx->pool, names, " " #name, NULL); \
    }
    UM_PROFILE(ADD_NAME)
#undef ADD_NAME
    names = apr_pstrcat(ctx->pool, names,
                        um_custom_field_changes(ctx->pool, ctx->settings->custom_fields, user->custom, change->custom),
                        NULL);
    return *names ? names + 1 : names;
}

void um_profile_bad_username(um_ctx_t *ctx)
{
    um_ctx_error(ctx, "username", UM_MESSAGE_USERNAME_INVALID);
}

void um_profile_bad_email(um_ctx_t *ctx)
{
    um_ctx_error(ctx, "email", UM_MESSAGE_EMAIL_INVALID);
}

/* Programs take a name of signs alone, such as "." or "-", for a path, an option or nothing. */
static int is_username(const char *name)
{
    return um_unicode_is_name(name) && um_unicode_has_letter(name);
}

int um_profile_is_username(apr_pool_t *pool, const char *text)
{
    const char *name;

    return um_unicode_nfkc(pool, text, &name) == APR_SUCCESS && is_username(name);
}

void um_profile_check_username(um_ctx_t *ctx, const char *typed, um_user_t *user, um_user_keys_t *keys)
{
    const char *name;

    if (um_unicode_nfkc(ctx->pool, typed, &name) != APR_SUCCESS || !is_username(name)
        || um_unicode_key(ctx->pool, name, &keys->username_key) != APR_SUCCESS) {
        um_profile_bad_username(ctx);
    }
    /* Normalization makes many characters of some single ones; the limit is for what is stored. */
    else if (um_unicode_count(name, strlen(name)) > UM_PROFILE_LONGEST_username) {
        um_ctx_error_with(ctx, "username", UM_MESSAGE_MAX_LENGTH, apr_itoa(ctx->pool, UM_PROFILE_LONGEST_username));
    }
    /* Otherwise anybody could register somebody else's address as a name, and take its place at the sign-in. */
    else if (ctx->settings->login == UM_LOGIN_BOTH && strchr(name, '@')) {
        um_ctx_error(ctx, "username", UM_MESSAGE_USERNAME_WITH_AT);
    }
    else {
        user->username = name;
        return;
    }
    keys->username_key = NULL;
}

void um_profile_check_email(um_ctx_t *ctx, const char *typed, um_user_t *user, um_user_keys_t *keys)
{
    if (*typed && !um_email_valid(ctx->pool, typed)) {
        um_profile_bad_email(ctx);
        return;
    }
    user->email = *typed ? um_email_normalize(ctx->pool, typed) : "";
    keys->email_key = *typed ? um_email_key(ctx->pool, typed) : "";
    keys->email_claim = ctx->settings->unique_email ? keys->email_key : "";
}

void um_profile_taken_username(um_ctx_t *ctx)
{
    um_ctx_error(ctx, "username", UM_MESSAGE_USERNAME_TAKEN);
}

void um_profile_taken_email(um_ctx_t *ctx)
{
    um_ctx_error(ctx, "email", UM_MESSAGE_EMAIL_TAKEN);
}

static void check_text(um_ctx_t *ctx, const char *field, const char *text, int longest)
{
    if (!um_unicode_valid(text, strlen(text))) {
        um_ctx_error(ctx, field, UM_MESSAGE_NOT_A_STRING);
    }
    else if (um_unicode_count(text, strlen(text)) > (apr_size_t)longest) {
        um_ctx_error_with(ctx, field, UM_MESSAGE_MAX_LENGTH, apr_itoa(ctx->pool, longest));
    }
}

void um_profile_check_texts(um_ctx_t *ctx, const um_profile_input_t *input)
{
#define CHECK(name, label, kind, longest, ...) \
    UM_PROFILE_IF_TEXT(kind, if (input->name) { check_text(ctx, #name, input->name, longest); })
    UM_PROFILE(CHECK)
#undef CHECK
    if (input->email && um_unicode_count(input->email, strlen(input->email)) > UM_PROFILE_LONGEST_email) {
        um_ctx_error_with(ctx, "email", UM_MESSAGE_MAX_LENGTH, apr_itoa(ctx->pool, UM_PROFILE_LONGEST_email));
    }
}
