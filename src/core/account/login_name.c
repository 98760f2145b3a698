/* SPDX-License-Identifier: Apache-2.0 */
#include "login_name.h"

#include "core_settings.h"
#include "email.h"
#include "profile_input.h"
#include "store.h"
#include "store_user.h"
#include "unicode.h"

#include <apr_strings.h>
#include <string.h>

int um_login_name_read(um_ctx_t *ctx, const char *typed, um_login_name_t *name)
{
    um_login_e login = ctx->settings->login;
    const char *key;

    *name = (um_login_name_t){ NULL };
    if (!*typed || strlen(typed) > UM_PROFILE_MAX_TYPED || um_unicode_key(ctx->pool, typed, &key) != APR_SUCCESS) {
        return 0;
    }
    if (login != UM_LOGIN_USERNAME && um_email_valid(ctx->pool, typed)) {
        name->email_key = um_email_key(ctx->pool, typed);
    }
    if (login != UM_LOGIN_EMAIL) {
        name->username_key = key;
    }
    name->key = name->email_key ? name->email_key : name->username_key;
    name->cache_key = name->key;
    /* Names are folded in another way than addresses: "ß" is "ss" in a name, and not in a domain. */
    if (name->email_key && name->username_key) {
        name->cache_key = apr_pstrcat(ctx->pool, name->username_key, " ", name->email_key, NULL);
    }
    return name->key != NULL;
}

um_status_e um_login_name_find(um_ctx_t *ctx, const um_login_name_t *name, um_user_t **user)
{
    um_store_call_t call = um_ctx_store(ctx);
    apr_status_t rv = APR_SUCCESS;

    *user = NULL;
    if (name->email_key) {
        rv = um_store_user_by_login(&call, name->username_key, name->email_key, user);
    }
    else if (name->username_key) {
        rv = um_store_user_by_key(&call, name->username_key, user);
    }
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

const char *um_login_name_account(um_ctx_t *ctx, const char *username)
{
    const char *key;

    return ctx->settings->login != UM_LOGIN_USERNAME && um_unicode_key(ctx->pool, username, &key) == APR_SUCCESS ? key
                                                                                                         : NULL;
}
