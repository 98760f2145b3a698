/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "json.h"
#include "jwk.h"
#include "jwt.h"
#include "jose_private.h"
#include "signature_cache.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#define THREADS 4
#define ROUNDS 50
#define NOW 1700000000

static const um_jwk_t *only_key(void *baton, const char *kid)
{
    (void)kid;
    return baton;
}

typedef struct worker_t {
    apr_pool_t *pool;
    um_jwk_t *key;             /* shared by all */
    um_signature_cache_t *cache;      /* shared by all, or NULL */
    const char *shared_token;  /* verified by all, so that all meet at one entry of the cache */
    int wrong;
} worker_t;

static int round_is_good(const worker_t *mine, const um_jwt_rules_t *rules, apr_pool_t *pool, int number)
{
    um_json_t *claims = um_json_object(pool), *got = NULL;
    const char *token = "", *why;
    char *bad;

    um_json_put_text(claims, "iss", "i");
    um_json_put_text(claims, "aud", "a");
    um_json_put_int(claims, "exp", NOW + 60);
    um_json_put_int(claims, "n", number);
    if (um_jwt_sign(pool, mine->key, "at+jwt", claims, &token) != APR_SUCCESS
        || um_jwt_verify(pool, rules, token, &got, &why) != APR_SUCCESS
        || um_json_get(got, "n").number != number
        || um_jwt_verify(pool, rules, mine->shared_token, &got, &why) != APR_SUCCESS) {
        return 0;
    }
    bad = apr_pstrdup(pool, token);
    bad[strlen(bad) - 20] = bad[strlen(bad) - 20] == 'A' ? 'B' : 'A';
    return um_jwt_verify(pool, rules, bad, &got, &why) == APR_EINVAL;
}

/* Returns rather than exits: AddressSanitizer trips over pthread_exit. */
static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *data)
{
    worker_t *mine = data;
    um_jwt_rules_t rules = {"at+jwt", "i", "a", NOW, 0, only_key, mine->key, mine->cache};
    apr_pool_t *pool;
    int i;

    (void)thread;
    apr_pool_create(&pool, mine->pool);
    for (i = 0; i < ROUNDS; i++) {
        mine->wrong += !round_is_good(mine, &rules, pool, i);
        apr_pool_clear(pool);
    }
    return NULL;
}

static void try_key(apr_pool_t *pool, um_jwk_t *key, um_signature_cache_t *cache)
{
    worker_t mine[THREADS] = {{0}};
    apr_thread_t *threads[THREADS];
    um_json_t *claims = um_json_object(pool);
    const char *shared = "";
    apr_status_t status;
    int i, wrong = 0;

    um_json_put_text(claims, "iss", "i");
    um_json_put_text(claims, "aud", "a");
    um_json_put_int(claims, "exp", NOW + 60);
    um_jwt_sign(pool, key, "at+jwt", claims, &shared);
    for (i = 0; i < THREADS; i++) {
        mine[i] = (worker_t){NULL, key, cache, shared, 0};
        apr_pool_create(&mine[i].pool, NULL);
        apr_thread_create(&threads[i], NULL, work, &mine[i], pool);
    }
    for (i = 0; i < THREADS; i++) {
        apr_thread_join(&status, threads[i]);
        wrong += mine[i].wrong;
        apr_pool_destroy(mine[i].pool);
    }
    ok(wrong == 0, "%s %s: %d wrong", um_jwk_alg(key), cache ? "with the cache" : "without", wrong);
}

int main(void)
{
    static const char *const algs[] = {"EdDSA", "ES256", "RS256", "HS256"};
    um_signature_cache_t *cache;
    apr_pool_t *pool;
    apr_size_t i;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    um_signature_cache_create(pool, 64, &cache);
    for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        const char *why;
        char *text = apr_pstrdup(pool, "{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}");
        um_jwk_t *key = NULL;

        um_pkey_generate(pool, algs[i], &text);        /* makes no HS256 and leaves the text alone then */
        if (ok(um_jwk_parse(pool, text, strlen(text), &key, &why) == APR_SUCCESS, "the key is read: %s", algs[i])) {
            try_key(pool, key, NULL);
            try_key(pool, key, cache);
        }
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
