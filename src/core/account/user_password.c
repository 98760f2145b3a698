/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache.h"
#include "event.h"
#include "notification.h"
#include "password.h"
#include "password_policy.h"
#include "pepper.h"
#include "pwhash.h"
#include "random.h"
#include "store.h"
#include "store_mail.h"
#include "store_user.h"
#include "user_admin.h"

#include <apr_strings.h>
#include <string.h>

typedef struct setting_t {
    um_ctx_t *ctx;
    um_user_t change;           /* id, hash and version */
    um_mail_t *notice;          /* or NULL */
    um_event_t *event;
} setting_t;

static apr_status_t set_rows(um_tx_t *tx, void *baton)
{
    setting_t *setting = baton;
    apr_pool_t *pool = setting->ctx->pool;
    um_user_t *user;
    apr_status_t rv = um_store_user_set_password_tx(tx, pool, &setting->change, um_ctx_seconds(setting->ctx), &user);

    if (rv == APR_SUCCESS && !user) {
        return UM_STORE_ROLLED_BACK;
    }
    if (rv == APR_SUCCESS && setting->notice) {
        rv = um_store_mail_insert_tx(tx, pool, setting->notice);
    }
    return rv == APR_SUCCESS ? um_event_insert(tx, setting->ctx, setting->event) : rv;
}

static um_status_e write_password(setting_t *setting)
{
    um_ctx_t *ctx = setting->ctx;
    um_store_call_t call = um_ctx_store(ctx);
    um_user_t *now = NULL;
    apr_status_t rv;

    setting->event = um_event_add(ctx, UM_EVENT_PASSWORD_CHANGED, setting->change.id);
    rv = um_store_transaction(&call, set_rows, setting);
    um_caller_cache_invalidate(ctx, setting->change.id);
    if (rv == UM_STORE_ROLLED_BACK) {
        return UM_ABSENT;
    }
    /* The answer to COMMIT was lost: the version was made for this call. */
    if (rv == UM_STORE_UNKNOWN && um_store_user_by_id(&call, setting->change.id, &now) == APR_SUCCESS && now
        && strcmp(now->version, setting->change.version) == 0) {
        rv = APR_SUCCESS;
    }
    um_event_settle(setting->event, rv, 1);
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

um_status_e um_user_password_set(um_ctx_t *ctx, const um_user_t *user, um_secret_t password)
{
    um_password_policy_person_t person = um_profile_person_of_user(user);
    setting_t setting = { .ctx = ctx, .change = { .id = user->id, .password = UM_USER_PASSWORD_NONE } };
    um_status_e status = UM_OK;

    if (password.text) {
        um_password_check(ctx, "password", password, &person);
        status = ctx->errors->nelts ? UM_INVALID : um_password_hash(ctx, password, &setting.change.password);
    }
    if (status == UM_OK && um_random_uuid(ctx->pool, ctx->now, &setting.change.version) != APR_SUCCESS) {
        status = um_ctx_failed(ctx, "the random generator failed");
    }
    if (status == UM_OK) {
        status = um_notification_password_changed(ctx, user, &setting.notice);
    }
    return status == UM_OK ? write_password(&setting) : status;
}

const char *um_user_password_format(apr_pool_t *pool, const char *hash)
{
    const char *rest, *id = um_pepper_split(pool, hash, &rest), *name = um_pwhash_name(rest);

    if (strcmp(hash, UM_USER_INVITED) == 0) {
        return "invited";
    }
    if (!*rest || *rest == *UM_USER_PASSWORD_NONE) {
        return "none";
    }
    if (!name || !um_pwhash_kind(rest)) {
        return "unknown";
    }
    return id ? apr_pstrcat(pool, name, " with pepper ", id, NULL) : name;
}
