/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JOSE_PRIVATE_H
#define UM_JOSE_PRIVATE_H
/* The public-key half of jwk.h: keys that sign with EdDSA, ES256 or RS256. Their type is not that of HMAC secrets, so
 * that neither can be used as the other. For the files of this wing and their tests; everybody else includes jwk.h. */
#include <apr_pools.h>

#include <openssl/evp.h>

/* --- pkey_algorithm.c: one row for each algorithm (RFC 7518 sections 3.3 and 3.4, RFC 8037) --- */

/** A member of the public JWK; the value is as RFC 7518 section 6 and RFC 8037 section 2 say. */
typedef struct um_pkey_member_t {
    const char *name;
    const char *value;
} um_pkey_member_t;

#define UM_PKEY_MEMBERS 5      /**< the largest number of members, and one without a name that ends them */

typedef struct um_pkey_algorithm_t {
    const char *alg;
    const char *type;                              /**< of the key, as OpenSSL names it */
    const EVP_MD *(*digest)(void);                 /**< NULL: the algorithm hashes by itself */
    apr_size_t sig_len;                            /**< bytes of each signature; 0: as many as the modulus */
    int is_ecdsa;                                  /**< tokens have r and s side by side, OpenSSL wants DER */
    const char *(*unfit)(const EVP_PKEY *evp);     /**< what is wrong with a key of the type; NULL: nothing */
    /** Fills in the public members, in the order in which RFC 7638 section 3.2 hashes them. 0: OpenSSL failed. */
    int (*members)(apr_pool_t *pool, const EVP_PKEY *evp, um_pkey_member_t members[UM_PKEY_MEMBERS]);
    EVP_PKEY *(*make)(void);                       /**< a new key; NULL: OpenSSL failed */
} um_pkey_algorithm_t;

/** The row for a key; NULL: the type of key is not supported. */
const um_pkey_algorithm_t *um_pkey_algorithm_of(const EVP_PKEY *evp);

/** The row for an alg; NULL: it is not supported. */
const um_pkey_algorithm_t *um_pkey_algorithm_named(const char *alg);

/* --- ecdsa_signature.c: the two forms of a P-256 signature. Tokens have r and s side by side (RFC 7518 section 3.4).
 * OpenSSL wants the DER sequence of two integers (RFC 3279 section 2.2.3). --- */

#define UM_ECDSA_RAW 64        /**< bytes of r and s */
#define UM_ECDSA_DER 72        /**< bytes of the longest DER form */

/** Writes *der_len bytes to der. APR_EINVAL: r or s is zero or not below the order of the curve. Such a pair must never
 *  reach a verifier: one that does not check would accept (0, 0) as a signature of everything (CVE-2022-21449). */
apr_status_t um_ecdsa_to_der(const unsigned char raw[UM_ECDSA_RAW], unsigned char der[UM_ECDSA_DER],
                             apr_size_t *der_len);

/** APR_EINVAL: der is not a pair of numbers of at most 32 bytes. */
apr_status_t um_ecdsa_to_raw(const unsigned char *der, apr_size_t der_len, unsigned char raw[UM_ECDSA_RAW]);

/* --- pkey.c --- */

typedef struct um_pkey_t um_pkey_t;

/** Reads the private key in len bytes of PEM text, as PKCS#8 or in the older form of its type; or else the public key
 *  (SubjectPublicKeyInfo). Never asks for a passphrase: an encrypted key is refused. A private key has signed and
 *  verified once before it is returned. APR_EINVAL: *why says what is wrong with the text. The key is freed with pool.
 *  Any number of threads may use one key. */
apr_status_t um_pkey_parse(apr_pool_t *pool, const char *pem, apr_size_t len, um_pkey_t **key, const char **why);

const char *um_pkey_alg(const um_pkey_t *key);
int um_pkey_can_sign(const um_pkey_t *key);

/** The public members, in the order in which RFC 7638 section 3.2 hashes them. The last one has no name. */
const um_pkey_member_t *um_pkey_members(const um_pkey_t *key);

/** *sig is in pool, in the form that RFC 7518 section 3 requires. APR_EINVAL: a public key. APR_EGENERAL: OpenSSL
 *  failed. */
apr_status_t um_pkey_sign(const um_pkey_t *key, apr_pool_t *pool, const void *data, apr_size_t len,
                          unsigned char **sig, apr_size_t *sig_len);

/** APR_SUCCESS only for a valid signature that has exactly the length and form of the key's algorithm. APR_EINVAL: any
 *  other bytes. APR_EGENERAL: it could not be checked.
 *  For ES256, (r, n - s) is valid whenever (r, s) is; the algorithm says so. So two token texts may carry the same
 *  claims: revoke tokens by what they say, never by their text. */
apr_status_t um_pkey_verify(const um_pkey_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                            apr_size_t sig_len);

/** *pem is a new key for EdDSA, ES256 or RS256 (3072 bits) as PKCS#8 PEM, NUL-terminated in pool; the caller wipes it.
 *  APR_ENOTIMPL: alg is not one of these. APR_EGENERAL: OpenSSL failed. */
apr_status_t um_pkey_generate(apr_pool_t *pool, const char *alg, char **pem);
#endif
