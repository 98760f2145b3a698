/* SPDX-License-Identifier: Apache-2.0 */
#include "password.h"

#include "core_settings.h"
#include "pepper.h"
#include "pwhash.h"
#include "store.h"
#include "store_admin.h"

#include <apr_strings.h>
#include <stdatomic.h>

/* More kinds are left out: those that fewest accounts have. */
#define KINDS 8
#define FRESH_SECONDS 3600
#define RETRY_SECONDS 10

/* Threads read and write the members without a lock. A reader that finds kinds of two readings of the database computes
 * one hash too many or too few, once an hour at most. */
struct um_password_kinds_t {
    _Atomic apr_int64_t due;            /* when the database is asked again, in seconds since the epoch */
    _Atomic apr_uint64_t kind[KINDS];   /* 0: none */
};

um_password_kinds_t *um_password_kinds_create(apr_pool_t *pool)
{
    return apr_pcalloc(pool, sizeof(um_password_kinds_t));
}

void um_password_kinds_refresh(um_ctx_t *ctx)
{
    /* Salt and hash of a length that every hash of ours has: the database gives what stands before them. */
    static const char tail[] = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    um_password_kinds_t *kinds = ctx->site->password_kinds;
    apr_int64_t now = um_ctx_seconds(ctx), due = kinds ? kinds->due : 0;
    um_store_call_t call = um_ctx_store(ctx);
    apr_array_header_t *texts;
    int count = 0;

    /* A clock that was set back makes it due, too. */
    if (!kinds || (now < due && due - now <= FRESH_SECONDS)
        || !atomic_compare_exchange_strong(&kinds->due, &due, now + RETRY_SECONDS)
        || um_store_admin_hash_kinds(&call, &texts) != APR_SUCCESS) {
        return;
    }
    for (int i = 0; i < texts->nelts && count < KINDS; i++) {
        const char *text = apr_pstrcat(ctx->pool, APR_ARRAY_IDX(texts, i, const char *), tail, NULL), *hash;
        apr_uint64_t kind;
        int j = 0;

        (void)um_pepper_split(ctx->pool, text, &hash);
        kind = um_pwhash_kind(hash);
        while (j < count && kinds->kind[j] != kind) {
            j++;
        }
        if (kind && j == count) {
            kinds->kind[count++] = kind;
        }
    }
    while (count < KINDS) {
        kinds->kind[count++] = 0;
    }
    kinds->due = now + FRESH_SECONDS;
}

static void learn(um_password_kinds_t *kinds, apr_uint64_t kind)
{
    for (int i = 0; i < KINDS && kinds->kind[i] != kind; i++) {
        apr_uint64_t none = 0;

        if (atomic_compare_exchange_strong(&kinds->kind[i], &none, kind)) {
            return;
        }
    }
}

void um_password_kinds_spend(um_ctx_t *ctx, apr_uint64_t own, um_secret_t password)
{
    um_password_kinds_t *kinds = ctx->site->password_kinds;
    apr_uint64_t usual = um_pwhash_kind_of(ctx->settings->password_hash);

    if (own != usual) {
        um_pwhash_dummy(ctx->pool, ctx->settings->password_hash, password.text, password.len);
    }
    for (int i = 0; kinds && i < KINDS; i++) {
        apr_uint64_t kind = kinds->kind[i];

        if (kind && kind != own && kind != usual) {
            um_pwhash_params_t params = um_pwhash_kind_params(kind);

            um_pwhash_dummy(ctx->pool, &params, password.text, password.len);
        }
    }
    if (kinds && own) {
        learn(kinds, own);
    }
}
