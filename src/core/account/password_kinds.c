/* SPDX-License-Identifier: Apache-2.0 */
#include "password.h"

#include "core_settings.h"
#include "pepper.h"
#include "pwhash.h"
#include "store.h"
#include "store_admin.h"

#include <apr_strings.h>
#include <stdatomic.h>
#include <string.h>

/* More kinds are left out: those that fewest accounts have. */
#define KINDS 8
/* Databases of one httpd. The hosts of further ones know only kinds that their process has met. */
#define DATABASES 64
#define FRESH_SECONDS 3600
#define RETRY_SECONDS 10
/* PostgreSQL and SQLite read so many accounts in about ten milliseconds. */
#define BATCH 5000

/* Threads and processes read and write the members without a lock. A reader that finds kinds of two passes computes one
 * hash too many or too few, once an hour at most. */
struct um_password_kinds_t {
    _Atomic apr_uint64_t scope;         /* of the database; 0: the record is free */
    _Atomic apr_int64_t due;            /* when a pass begins, in seconds since the epoch */
    _Atomic apr_uint64_t kind[KINDS];   /* 0: none */
};

apr_size_t um_password_kinds_size(void)
{
    return DATABASES * sizeof(um_password_kinds_t);
}

um_password_kinds_t *um_password_kinds_create(apr_pool_t *pool)
{
    return apr_pcalloc(pool, sizeof(um_password_kinds_t));
}

um_password_kinds_t *um_password_kinds_of(apr_pool_t *pool, void *memory, apr_uint64_t scope)
{
    um_password_kinds_t *kinds = memory;

    for (int i = 0; i < DATABASES; i++) {
        apr_uint64_t there = 0;

        if (atomic_compare_exchange_strong(&kinds[i].scope, &there, scope) || there == scope) {
            return &kinds[i];
        }
    }
    return um_password_kinds_create(pool);
}

/* --- the pass over the accounts --- */

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

/* Of kinds whose time is in proportion to their cost only the most expensive one is counted, for the accounts of
 * all. */
static void count(um_password_kinds_pass_t *pass, apr_uint64_t kind, apr_int64_t accounts)
{
    int i = 0;

    while (i < pass->found && um_pwhash_kind_rest(kind, pass->kind[i]) && um_pwhash_kind_rest(pass->kind[i], kind)) {
        i++;
    }
    if (i == UM_PASSWORD_KINDS_COUNTED) {
        return;
    }
    if (i == pass->found) {
        pass->found++;
        pass->accounts[i] = 0;
    }
    if (!pass->accounts[i] || um_pwhash_kind_rest(kind, pass->kind[i])) {
        pass->kind[i] = kind;
    }
    pass->accounts[i] += accounts;
}

/* The commonest kinds take the place of those of the last pass. */
static void publish(um_password_kinds_t *kinds, um_password_kinds_pass_t *pass)
{
    for (int i = 0; i < KINDS; i++) {
        int most = -1;

        for (int j = 0; j < pass->found; j++) {
            most = pass->accounts[j] && (most < 0 || pass->accounts[j] > pass->accounts[most]) ? j : most;
        }
        kinds->kind[i] = most < 0 ? 0 : pass->kind[most];
        if (most >= 0) {
            pass->accounts[most] = 0;
        }
    }
}

int um_password_kinds_scan(um_ctx_t *ctx, um_password_kinds_pass_t *pass)
{
    um_password_kinds_t *kinds = ctx->site->password_kinds;
    apr_int64_t now = um_ctx_seconds(ctx), due = kinds ? (apr_int64_t)kinds->due : 0, read = 0;
    um_store_call_t call = um_ctx_store(ctx);
    apr_array_header_t *groups;

    /* A clock that was set back makes it due, too. */
    if (!kinds || (!*pass->last && now < due && due - now <= FRESH_SECONDS)) {
        return 0;
    }
    /* Of several hosts with one database only one makes the pass. */
    kinds->due = now + RETRY_SECONDS;
    if (um_store_admin_hash_kinds(&call, pass->last, BATCH, &groups) != APR_SUCCESS) {
        *pass = (um_password_kinds_pass_t){ 0 };
        return 0;
    }
    for (int i = 0; i < groups->nelts; i++) {
        const um_store_hash_kind_t *group = &APR_ARRAY_IDX(groups, i, um_store_hash_kind_t);
        apr_uint64_t kind;
        const char *hash;

        (void)um_pepper_split(ctx->pool, group->hash, &hash);
        kind = um_pwhash_kind(hash);
        read += group->accounts;
        if (kind) {
            learn(kinds, kind);
            count(pass, kind, group->accounts);
        }
        if (strcmp(group->last, pass->last) > 0) {
            apr_cpystrn(pass->last, group->last, sizeof(pass->last));
        }
    }
    if (read == BATCH) {
        return 1;
    }
    publish(kinds, pass);
    *pass = (um_password_kinds_pass_t){ 0 };
    kinds->due = now + FRESH_SECONDS;
    return 0;
}

/* --- refused sign-ins --- */

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
