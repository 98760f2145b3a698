/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PKEY_H
#define UM_PKEY_H
/* The public-key half of jwk.h: a key that signs with EdDSA, ES256 or RS256, as its kind says (pkey_algorithm.h). A
 * type of its own, so that it cannot be handed to HMAC. */
#include "pkey_algorithm.h"

typedef struct um_pkey_t um_pkey_t;

/** Reads the private key in len bytes of PEM text - PKCS#8 or the older form of its kind - or else the public key
 *  (SubjectPublicKeyInfo). Never asks for a passphrase: an encrypted key is refused. A private key has signed and
 *  verified once before it is handed out. APR_EINVAL: *why says what is wrong with the text; the key is freed with
 *  pool. One key serves any number of threads. */
apr_status_t um_pkey_parse(apr_pool_t *pool, const char *pem, apr_size_t len, um_pkey_t **key, const char **why);

const char *um_pkey_alg(const um_pkey_t *key);
int um_pkey_can_sign(const um_pkey_t *key);

/** The members that make the public key, in the order in which RFC 7638 3.2 hashes them; the last has no name. */
const um_pkey_algorithm_member_t *um_pkey_members(const um_pkey_t *key);

/** *sig is in pool, in the form RFC 7518 3 wants. APR_EINVAL: a public key; APR_EGENERAL: OpenSSL failed. */
apr_status_t um_pkey_sign(const um_pkey_t *key, apr_pool_t *pool, const void *data, apr_size_t len,
                          unsigned char **sig, apr_size_t *sig_len);

/** APR_SUCCESS only for a good signature of exactly the length and form of the key's algorithm; APR_EINVAL for any
 *  other bytes; APR_EGENERAL: it could not be checked. The twin (r, n - s) of an ES256 signature is good too, as the
 *  algorithm has it: two token texts may carry the same claims, so tokens are revoked by what they say, never by their
 *  text. */
apr_status_t um_pkey_verify(const um_pkey_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                            apr_size_t sig_len);

/** *pem is a new key for alg - EdDSA, ES256 or RS256 (3072 bits) - as PKCS#8 PEM, NUL-terminated in pool; the caller
 *  wipes it. APR_ENOTIMPL: no such alg; APR_EGENERAL: OpenSSL failed. */
apr_status_t um_pkey_generate(apr_pool_t *pool, const char *alg, char **pem);
#endif
