/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PWHASH_H
#define UM_PWHASH_H
/* Password hashes as text. A family of hashes is a file and a row of the table in pwhash.c (pwhash_family.h).
 * New hashes are PHC strings: $scrypt$ln=15,r=8,p=3$<salt>$<hash>, $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>.
 *
 * Passwords are bytes with a length: nothing is trimmed, folded, cut or ended by a NUL. (One thing is scrypt's own: it
 * keys an HMAC, so NULs at the very end of a password of up to 64 bytes make no difference.) The time does not grow
 * with the password's length in any way that matters (each family digests it once), but the caller bounds it all the
 * same. Making and verifying takes tens to hundreds of milliseconds and up to 256 MiB: hold no database connection, and
 * pass a gate (gate.h) first. All functions may be called by several threads at a time. */
#include <apr_pools.h>

/** What a new hash costs. */
typedef struct um_pwhash_params_t {
    const char *family;          /**< "scrypt" or "argon2id"; static text */
    unsigned cost, block, lanes; /**< scrypt: ln (log2 N), r, p; argon2id: m (KiB), t, p */
} um_pwhash_params_t;

typedef enum {
    UM_PWHASH_MATCH,
    UM_PWHASH_MISMATCH,
    UM_PWHASH_UNKNOWN, /**< no hash of a family that this build verifies, garbled, or dearer than the bounds allow;
                            found without spending the time: the caller evens it out with um_pwhash_dummy */
    UM_PWHASH_ERROR    /**< could not be worked out: no memory, or the algorithm is disabled in OpenSSL */
} um_pwhash_e;

/** Reads "auto", "scrypt", "scrypt ln=15 r=8 p=3", "argon2id m=19456 t=2 p=1". Settings may stand in any order, each
 *  at most once; those left out have the values shown here. auto takes none: it is argon2id where the build has it,
 *  because that costs an attacker more for the same time of the server, and scrypt elsewhere.
 *    scrypt:   ln 10 to 20, r 1 to 16, p 1 to 16; 128 * 2^ln * r at most 256 MiB; ln less than 16 * r
 *    argon2id: m 7168 to 262144 (KiB: no hash takes more than 256 MiB), t 1 to 10, p 1 to 16
 *  APR_EINVAL: unknown family, unknown, repeated or unreadable setting, out of range; *why names the range.
 *  APR_ENOTIMPL: a family that this build lacks; *why names the package to install. *why is made in pool. */
apr_status_t um_pwhash_params(apr_pool_t *pool, const char *text, um_pwhash_params_t *params, const char **why);

/** Hashes the len bytes at password with a new random salt of 16 bytes; *hash is text in pool, shorter than 128 bytes.
 *  APR_EGENERAL: no random bytes, or OpenSSL refuses the algorithm. APR_ENOMEM. APR_EINVAL: params never came from
 *  um_pwhash_params. *hash is NULL on failure. */
apr_status_t um_pwhash_make(apr_pool_t *pool, const um_pwhash_params_t *params, const char *password, apr_size_t len,
                            const char **hash);

/** Compares in constant time. hash may be any text or NULL. */
um_pwhash_e um_pwhash_verify(apr_pool_t *pool, const char *hash, const char *password, apr_size_t len);

/** True when hash should be made anew at the next good login: it is of another family than params, takes less memory
 *  (scrypt N * r, argon2id m) or less work (N * r * p, m * t), or its salt (under 16 bytes) or hash (under 32) is
 *  shorter than ours. Stronger is left alone, also when a single setting is lower: scrypt ln=17 r=8 p=1 is not outdated
 *  beside ln=15 r=8 p=3. */
int um_pwhash_outdated(const um_pwhash_params_t *params, const char *hash);

/** Costs what um_pwhash_verify of a hash of params costs: for accounts that are not there, or have no usable hash. */
void um_pwhash_dummy(apr_pool_t *pool, const um_pwhash_params_t *params, const char *password, apr_size_t len);
#endif
