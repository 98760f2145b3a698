/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PKEY_ALGORITHM_H
#define UM_PKEY_ALGORITHM_H
/* The kinds of public-key keys: one row each holds all that tells the algorithms apart (RFC 7518 3.3 and 3.4,
 * RFC 8037). */
#include <apr_pools.h>

#include <openssl/evp.h>

/** A member of the public JWK, value as in RFC 7518 6 and RFC 8037 2. */
typedef struct um_pkey_algorithm_member_t {
    const char *name;
    const char *value;
} um_pkey_algorithm_member_t;

#define UM_PKEY_ALGORITHM_MEMBERS 5  /**< the most there are, and one without a name for the end */

typedef struct um_pkey_algorithm_t {
    const char *alg;
    const char *type;                              /**< of key, as OpenSSL names it */
    const EVP_MD *(*digest)(void);                 /**< NULL: the algorithm hashes by itself */
    apr_size_t sig_len;                            /**< bytes of every signature; 0: as many as the modulus */
    int is_ecdsa;                                  /**< r and s side by side in a token, DER for OpenSSL */
    const char *(*unfit)(const EVP_PKEY *evp);     /**< what is wrong with this key of the type, NULL when nothing is */
    /** The public members in the order in which RFC 7638 3.2 hashes them; false: OpenSSL failed. */
    int (*members)(apr_pool_t *pool, const EVP_PKEY *evp,
                   um_pkey_algorithm_member_t members[UM_PKEY_ALGORITHM_MEMBERS]);
    EVP_PKEY *(*make)(void);                       /**< a new key, NULL: OpenSSL failed */
} um_pkey_algorithm_t;

/** The row for a key as read, NULL: none of ours. */
const um_pkey_algorithm_t *um_pkey_algorithm_of(const EVP_PKEY *evp);

/** The row for an alg, NULL: none of ours. */
const um_pkey_algorithm_t *um_pkey_algorithm_named(const char *alg);
#endif
