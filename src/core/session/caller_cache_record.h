/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CALLER_CACHE_RECORD_H
#define UM_CALLER_CACHE_RECORD_H
/* The entries of the caller cache, for the files of this wing that read and write them. */
#include "ctx.h"
#include "identity.h"
#include "random.h"
#include "shmtable.h"

#include <openssl/evp.h>

/** Bytes of the longest key id that is cached, with its terminating zero. */
#define UM_CALLER_CACHE_KID 47

/** The part of an entry that has a fixed length. The texts of its identity follow. */
typedef struct um_caller_cache_record_t {
    apr_uint32_t epoch;         /**< of the account, before the database was asked */
    apr_uint32_t verdict;       /**< um_status_e: the answer of the database */
    apr_time_t checked_at;      /**< time of that answer */
    apr_int64_t ends_at;        /**< seconds since the epoch; after that the database must be asked again */
    apr_int64_t expires_at;     /**< of the token, seconds since the epoch; 0: a password */
    apr_int64_t begins_at;      /**< of the token, seconds since the epoch */
    unsigned char user_id[UM_RANDOM_UUID_BYTES];
    unsigned char other[UM_RANDOM_UUID_BYTES];  /**< a token's session id, or the account's version for a password */
    char kid[UM_CALLER_CACHE_KID];              /**< id of the key that signed the token; "": an imported token */
    unsigned char is_staff;
} um_caller_cache_record_t;

typedef unsigned char um_caller_cache_key_t[UM_SHMTABLE_KEY];

/** The start of the shared memory. The table follows it. */
#define UM_CALLER_CACHE_EPOCHS 65536
#define UM_CALLER_CACHE_SECRET 32
typedef struct um_caller_cache_shared_t {
    unsigned char secret[UM_CALLER_CACHE_SECRET];       /**< random bytes, made when httpd starts */
    apr_uint32_t epochs[UM_CALLER_CACHE_EPOCHS];        /**< changed by atomic operations */
} um_caller_cache_shared_t;

struct um_caller_cache_t {
    um_caller_cache_shared_t *shared;
    um_shmtable_t *table;
    EVP_MD *sha256;             /**< fetched once, because each fetch waits for a lock of OpenSSL */
    struct um_hmackey_t *key;   /**< made of shared->secret */
};

/** The epoch of an account, and its increment. Without a cache: 0, and no effect. */
apr_uint32_t um_caller_cache_epoch(const um_ctx_t *ctx, const unsigned char user_id[UM_RANDOM_UUID_BYTES]);
void um_caller_cache_advance(const um_ctx_t *ctx, const unsigned char user_id[UM_RANDOM_UUID_BYTES]);

/** Reads the entry of a key; 0: there is none. *record is in ctx->pool, and the texts of *identity are in it.
 * identity->session_id is not set. */
int um_caller_cache_get(const um_ctx_t *ctx, const um_caller_cache_key_t key, const um_caller_cache_record_t **record,
                        um_identity_t *identity);

/** Writes an entry: the record and the identity's fields. A field that is NULL is written as "". */
void um_caller_cache_put(const um_ctx_t *ctx, const um_caller_cache_key_t key, um_caller_cache_record_t *record,
                         const um_identity_t *identity);

/** A number that differs from that of a module whose entries hold other texts. */
apr_uint32_t um_caller_cache_record_form(void);

/** Whether a record is valid now: the database's answer is not older than settings->revocation_delay and grace
 * (seconds) together, the account was not changed since, and ends_at is not reached. */
int um_caller_cache_is_fresh(const um_ctx_t *ctx, const um_caller_cache_record_t *record, apr_int64_t grace);

#endif
