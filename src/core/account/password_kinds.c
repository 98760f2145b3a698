/* SPDX-License-Identifier: Apache-2.0 */
#include "password.h"

#include "core_settings.h"
#include "pepper.h"
#include "pwhash.h"
#include "store.h"
#include "store_admin.h"

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

/* Adds a kind that costs something beyond those of the list. Of kinds whose time is in proportion to their cost only
 * the most expensive one stays. */
static void add_kind(apr_uint64_t list[KINDS], int *count, apr_uint64_t kind)
{
    for (int i = 0; i < *count; i++) {
        if (!um_pwhash_kind_rest(kind, list[i])) {
            return;
        }
        if (!um_pwhash_kind_rest(list[i], kind)) {
            list[i] = kind;
            return;
        }
    }
    if (kind && *count < KINDS) {
        list[(*count)++] = kind;
    }
}

void um_password_kinds_refresh(um_ctx_t *ctx)
{
    um_password_kinds_t *kinds = ctx->site->password_kinds;
    apr_int64_t now = um_ctx_seconds(ctx), due = kinds ? kinds->due : 0;
    um_store_call_t call = um_ctx_store(ctx);
    apr_uint64_t list[KINDS] = { 0 };
    apr_array_header_t *hashes;
    int count = 0;

    /* A clock that was set back makes it due, too. */
    if (!kinds || (now < due && due - now <= FRESH_SECONDS)
        || !atomic_compare_exchange_strong(&kinds->due, &due, now + RETRY_SECONDS)
        || um_store_admin_hash_kinds(&call, &hashes) != APR_SUCCESS) {
        return;
    }
    for (int i = 0; i < hashes->nelts; i++) {
        const char *hash;

        (void)um_pepper_split(ctx->pool, APR_ARRAY_IDX(hashes, i, const char *), &hash);
        add_kind(list, &count, um_pwhash_kind(hash));
    }
    for (int i = 0; i < KINDS; i++) {
        kinds->kind[i] = list[i];
    }
    kinds->due = now + FRESH_SECONDS;
}

static void learn(um_password_kinds_t *kinds, apr_uint64_t kind)
{
    for (int i = 0; i < KINDS; i++) {
        apr_uint64_t known = kinds->kind[i];

        if (known && !um_pwhash_kind_rest(kind, known)) {
            return;
        }
        if ((!known || !um_pwhash_kind_rest(known, kind))
            && atomic_compare_exchange_strong(&kinds->kind[i], &known, kind)) {
            return;
        }
    }
}

static void spend(um_ctx_t *ctx, apr_uint64_t kind, um_secret_t password)
{
    if (kind) {
        um_pwhash_params_t params = um_pwhash_kind_params(kind);

        um_pwhash_dummy(ctx->pool, &params, password.text, password.len);
    }
}

void um_password_kinds_spend(um_ctx_t *ctx, apr_uint64_t own, um_secret_t password)
{
    um_password_kinds_t *kinds = ctx->site->password_kinds;
    apr_uint64_t usual = um_pwhash_kind_of(ctx->settings->password_hash);

    spend(ctx, um_pwhash_kind_rest(usual, own), password);
    for (int i = 0; kinds && i < KINDS; i++) {
        apr_uint64_t kind = kinds->kind[i];

        if (kind != usual) {
            spend(ctx, um_pwhash_kind_rest(kind, own), password);
        }
    }
    if (kinds && own) {
        learn(kinds, own);
    }
}
