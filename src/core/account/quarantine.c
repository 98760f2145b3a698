/* SPDX-License-Identifier: Apache-2.0 */
#include "quarantine.h"

#include "base64url.h"
#include "core_settings.h"
#include "store.h"
#include "store_user.h"

#include <openssl/evp.h>
#include <string.h>

static const char *hash_of(apr_pool_t *pool, const char *username_key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    return EVP_Digest(username_key, strlen(username_key), digest, &len, EVP_sha256(), NULL)
           ? um_base64url_encode(pool, digest, len) : NULL;
}

apr_status_t um_quarantine_hold(um_ctx_t *ctx, um_tx_t *tx, const char *username_key)
{
    const char *hash;

    if (!ctx->settings->name_quarantine) {
        return APR_SUCCESS;
    }
    hash = hash_of(ctx->pool, username_key);
    return hash ? um_store_user_hold_name(tx, ctx->pool, hash,
                                          um_ctx_seconds(ctx) + ctx->settings->name_quarantine) : APR_EGENERAL;
}

apr_status_t um_quarantine_delete(um_ctx_t *ctx, um_tx_t *tx, const char *user_id, int *done)
{
    const char *key;
    apr_status_t rv = um_store_user_delete_tx(tx, user_id, &key);

    *done = rv == APR_SUCCESS && key;
    return *done ? um_quarantine_hold(ctx, tx, key) : rv;
}

um_status_e um_quarantine_has(um_ctx_t *ctx, const char *username_key, int *held)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *hash = hash_of(ctx->pool, username_key);

    *held = 0;
    if (!hash) {
        return um_ctx_failed(ctx, "a name could not be hashed");
    }
    return !ctx->settings->name_quarantine
           || um_store_user_is_name_held(&call, hash, um_ctx_seconds(ctx), held) == APR_SUCCESS
           ? UM_OK : um_ctx_unavailable(ctx, &call);
}
