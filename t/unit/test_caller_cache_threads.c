/* SPDX-License-Identifier: Apache-2.0 */
/* The caller cache with many threads: what a thread finds there is one whole entry, and none that was made before a
 * change of the account is valid after it. */
#include "caller_cache.h"
#include "caller_cache_record.h"
#include "core_settings.h"
#include "tap.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ACCOUNTS 3
#define READERS 3
#define CHANGES 3000
#define NOW apr_time_from_sec(1000000)

static const um_core_settings_t settings = { .revocation_delay = 60 };
static um_site_t site = { .settings = &settings };

/* In place of the database: how often an account was changed, and of how many changes the cache has been told. */
static atomic_int changed[ACCOUNTS], invalidated[ACCOUNTS];
static atomic_int changing, found, broken, outdated;

static um_ctx_t context(apr_pool_t *pool)
{
    um_ctx_t ctx;

    um_ctx_init(&ctx, pool, &site, NOW);
    return ctx;
}

/* The last two bytes choose the epoch. */
static const char *id_of(int account)
{
    static const char *const ids[ACCOUNTS] = {
        "01234567-89ab-7def-8123-456789ab0000", "01234567-89ab-7def-8123-456789ab0001",
        "01234567-89ab-7def-8123-456789abffff",
    };

    return ids[account];
}

static void make_key(um_caller_cache_key_t key, int account)
{
    memset(key, account + 1, UM_SHMTABLE_KEY);
}

/* Asks the database and keeps the answer, as um_authenticate() does: the epoch is read first. */
static void ask(const um_ctx_t *ctx, int account)
{
    um_caller_cache_record_t record = { .checked_at = NOW, .ends_at = um_ctx_seconds(ctx) + 60 };
    um_identity_t identity = { 0 };
    um_caller_cache_key_t key;

    um_random_uuid_bytes(id_of(account), record.user_id);
    record.epoch = um_caller_cache_epoch(ctx, record.user_id);
    record.verdict = (apr_uint32_t)changed[account];
    identity.username = identity.email = apr_psprintf(ctx->pool, "%d.%u", account, record.verdict);
    identity.groups = apr_psprintf(ctx->pool, "%*u", 300 * account + 1, record.verdict);
    make_key(key, account);
    um_caller_cache_put(ctx, key, &record, &identity);
}

static void look(const um_ctx_t *ctx, int account)
{
    int least = invalidated[account];
    const um_caller_cache_record_t *record;
    um_identity_t identity;
    um_caller_cache_key_t key;

    make_key(key, account);
    if (!um_caller_cache_get(ctx, key, &record, &identity) || !um_caller_cache_is_fresh(ctx, record, 0)) {
        ask(ctx, account);
        return;
    }
    found++;
    outdated += (int)record->verdict < least;
    broken += strcmp(identity.user_id, id_of(account)) != 0
              || strcmp(identity.username, apr_psprintf(ctx->pool, "%d.%u", account, record->verdict)) != 0
              || strcmp(identity.email, identity.username) != 0
              || strcmp(identity.groups, apr_psprintf(ctx->pool, "%*u", 300 * account + 1, record->verdict)) != 0;
}

static void *read_often(void *baton)
{
    apr_pool_t *pool = baton;

    while (changing) {
        for (int i = 0; i < 10; i++) {
            um_ctx_t ctx = context(pool);

            look(&ctx, i % ACCOUNTS);
        }
        apr_pool_clear(pool);
    }
    return NULL;
}

static void *change_often(void *baton)
{
    um_ctx_t ctx = context(baton);

    for (int i = 0; i < CHANGES; i++) {
        int account = i % ACCOUNTS;

        changed[account]++;
        um_caller_cache_invalidate(&ctx, id_of(account));
        invalidated[account] = changed[account];
    }
    changing = 0;
    return NULL;
}

static void attach(apr_pool_t *pool)
{
    apr_size_t size = um_caller_cache_size(UM_SHMTABLE_LEAST);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory != MAP_FAILED && um_caller_cache_init(memory, size) == APR_SUCCESS) {
        site.caller_cache = um_caller_cache_attach(pool, memory, size);
    }
    if (!site.caller_cache) {
        printf("Bail out! no cache\n");
        exit(1);
    }
}

int main(void)
{
    pthread_t threads[READERS + 1];
    apr_pool_t *pool, *pools[READERS + 1];

    apr_initialize();
    apr_pool_create(&pool, NULL);
    attach(pool);
    changing = 1;
    /* Unmanaged: a pool's children are not for several threads. */
    for (int i = 0; i <= READERS; i++) {
        if (apr_pool_create_unmanaged_ex(&pools[i], NULL, NULL) != APR_SUCCESS
            || pthread_create(&threads[i], NULL, i < READERS ? read_often : change_often, pools[i]) != 0) {
            printf("Bail out! no threads\n");
            exit(1);
        }
    }
    for (int i = 0; i <= READERS; i++) {
        pthread_join(threads[i], NULL);
        apr_pool_destroy(pools[i]);
    }
    /* Nobody changes anything any more. */
    apr_pool_create(&pools[0], pool);
    for (int account = 0; account < ACCOUNTS; account++) {
        um_ctx_t ctx = context(pools[0]);

        look(&ctx, account);
        look(&ctx, account);
    }
    ok(found >= ACCOUNTS, "while an account is changed again and again, others find it in the cache: %d times", found);
    is_int(outdated, 0, "no entry from before a change is valid after it");
    is_int(broken, 0, "what is found is one entry, never parts of two");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
