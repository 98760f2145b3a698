/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_HMACKEY_H
#define UM_HMACKEY_H
/* The secret half of jwk.h: a key for HS256 (RFC 7518 section 3.2). It has its own type and is made from bytes only, so
 * that a public key can never be used as an HMAC secret. */
#include <apr_pools.h>

typedef struct um_hmackey_t um_hmackey_t;

#define UM_HMACKEY_MIN 32      /**< bytes of secret, the least that RFC 7518 section 3.2 allows */
#define UM_HMACKEY_SIG 32      /**< bytes of a signature */

/** Makes a key in pool from len bytes of secret, which the caller wipes. It is freed and wiped with pool. Any number of
 *  threads may use it. APR_EINVAL: shorter than UM_HMACKEY_MIN. APR_EGENERAL: OpenSSL failed. */
apr_status_t um_hmackey_create(apr_pool_t *pool, const unsigned char *secret, apr_size_t len, um_hmackey_t **key);

/** HMAC-SHA-256 of len bytes of data. APR_EGENERAL: OpenSSL failed; do not use sig. */
apr_status_t um_hmackey_sign(const um_hmackey_t *key, const void *data, apr_size_t len,
                             unsigned char sig[UM_HMACKEY_SIG]);

/** APR_SUCCESS only when sig is the signature. APR_EINVAL: any other bytes or length; they are compared in constant
 *  time. APR_EGENERAL: OpenSSL failed. */
apr_status_t um_hmackey_verify(const um_hmackey_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                               apr_size_t sig_len);
#endif
