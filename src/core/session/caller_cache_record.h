/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CALLER_CACHE_RECORD_H
#define UM_CALLER_CACHE_RECORD_H
/* What caller_cache.c and caller_cache_login.c keep, and how they get at it. */
#include "caller_cache.h"
#include "random.h"
#include "shmtable.h"
#include "store_user.h"

#include <openssl/evp.h>

#define UM_CALLER_CACHE_KID 47

/** The part of a record that has a fixed length. */
typedef struct um_caller_cache_record_t {
    apr_uint32_t epoch;
    apr_uint32_t verdict;       /**< um_status_e: what the database said */
    apr_time_t checked_at;      /**< when */
    apr_int64_t ends_at;        /**< seconds since the epoch: not good beyond without asking anew */
    apr_int64_t expires_at;     /**< of the token; 0: a password */
    apr_int64_t begins_at;      /**< of the token */
    unsigned char user_id[UM_RANDOM_UUID_BYTES];
    unsigned char other[UM_RANDOM_UUID_BYTES];  /**< of a token its session, of a password the account's version */
    char kid[UM_CALLER_CACHE_KID];              /**< of the key that signed the token */
    unsigned char is_staff;
} um_caller_cache_record_t;

typedef unsigned char um_caller_cache_key_t[UM_SHMTABLE_KEY];

/** What lies at the start of the memory; the table comes behind it. */
#define UM_CALLER_CACHE_EPOCHS 65536
#define UM_CALLER_CACHE_SECRET 32
typedef struct um_caller_cache_shared_t {
    unsigned char secret[UM_CALLER_CACHE_SECRET];      /**< of this start of httpd */
    apr_uint32_t epochs[UM_CALLER_CACHE_EPOCHS];       /**< atomic */
} um_caller_cache_shared_t;

struct um_caller_cache_t {
    um_caller_cache_shared_t *shared;
    um_shmtable_t *table;
    EVP_MD *sha256;             /**< fetched once: each fetch would queue at OpenSSL's lock */
    struct um_hmackey_t *key;
};

/** The epoch of an account, and the next one begun. Without a memory: 0, and nothing. */
apr_uint32_t um_caller_cache_epoch(const um_ctx_t *ctx, const unsigned char user_id[UM_RANDOM_UUID_BYTES]);
void um_caller_cache_advance(const um_ctx_t *ctx, const unsigned char user_id[UM_RANDOM_UUID_BYTES]);

/** Whether there is one; then *record points to it, and identity's texts into it. */
int um_caller_cache_get(const um_ctx_t *ctx, const um_caller_cache_key_t key, const um_caller_cache_record_t **record,
                        um_identity_t *identity);

/** Keeps a record with an identity's texts. */
void um_caller_cache_put(const um_ctx_t *ctx, const um_caller_cache_key_t key, const um_caller_cache_record_t *record,
                         const um_identity_t *identity);

/** Whether it is good now: asked for no longer ago than the delay and grace (microseconds), not void, not over. */
int um_caller_cache_is_fresh(const um_ctx_t *ctx, const um_caller_cache_record_t *record, apr_interval_time_t grace);

/** An identity of a user, without session. */
um_identity_t um_caller_cache_identity(const um_user_t *user, const char *groups);

#endif
