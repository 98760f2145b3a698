/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PWHASH_H
#define UM_PWHASH_H
/* Password hashes as text. New hashes are PHC strings: $scrypt$ln=15,r=8,p=3$<salt>$<hash> and
 * $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>. Hashes of other programs are verified as well: those of Django, of
 * htpasswd, of crypt(3) and of LDAP servers, as pwhash_table.c lists them. pwhash_private.h says how to add a family.
 *
 * A password is bytes with a length. It is not trimmed, folded or cut, and a NUL does not end it. One exception comes
 * from scrypt, which keys an HMAC with the password: NULs at the very end of a password of up to 64 bytes make no
 * difference. Each family digests the password once, so its length hardly changes the time; the caller limits it all
 * the same.
 *
 * Making or verifying a hash takes tens to hundreds of milliseconds and up to 256 MiB of memory. Do not hold a database
 * connection meanwhile, and pass the limit of concurrent hashes first. All functions are thread-safe. */
#include <apr_pools.h>

/** The algorithm and the costs of new hashes. */
typedef struct um_pwhash_params_t {
    const char *family;          /**< "scrypt" or "argon2id"; static text */
    unsigned cost, block, lanes; /**< scrypt: ln (log2 N), r, p; argon2id: m (KiB), t, p */
} um_pwhash_params_t;

typedef enum {
    UM_PWHASH_MATCH,
    UM_PWHASH_MISMATCH,
    UM_PWHASH_UNKNOWN, /**< the hash is malformed, more expensive than the bounds allow, or of a family that this build
                            cannot verify. This takes no time: call um_pwhash_dummy so that it cannot be noticed */
    UM_PWHASH_ERROR    /**< the hash could not be computed: out of memory, or OpenSSL has the algorithm disabled */
} um_pwhash_e;

/** Reads "auto", "scrypt", "scrypt ln=15 r=8 p=3" or "argon2id m=19456 t=2 p=1". Settings may stand in any order, each
 *  at most once; a missing one gets the value shown here. auto takes no settings. It means argon2id if the build has
 *  it, because for the same time on the server it costs an attacker more, and otherwise scrypt.
 *    scrypt:   ln 10 to 20, r 1 to 16, p 1 to 16; 128 * 2^ln * r at most 256 MiB; ln less than 16 * r
 *    argon2id: m 7168 to 262144 (KiB: no hash takes more than 256 MiB), t 1 to 10, p 1 to 16
 *  APR_EINVAL: the family is unknown, or a setting is unknown, repeated, unreadable or out of range; *why names the
 *  range. APR_ENOTIMPL: the build lacks the family; *why names the package to install. *why lives in pool. */
apr_status_t um_pwhash_params(apr_pool_t *pool, const char *text, um_pwhash_params_t *params, const char **why);

/** Hashes the len bytes of password with a new random salt of 16 bytes. *hash lives in pool and is shorter than 128
 *  bytes; on failure it is NULL.
 *  APR_EGENERAL: no random bytes, or OpenSSL refuses the algorithm. APR_ENOMEM: out of memory. APR_EINVAL: params were
 *  not made by um_pwhash_params. */
apr_status_t um_pwhash_make(apr_pool_t *pool, const um_pwhash_params_t *params, const char *password, apr_size_t len,
                            const char **hash);

/** Whether password matches hash, compared in constant time. hash may be any text or NULL. */
um_pwhash_e um_pwhash_verify(apr_pool_t *pool, const char *hash, const char *password, apr_size_t len);

/** Whether hash should be made again at the next successful login. True when its family is not that of params, or when
 *  it takes less memory (scrypt N * r, argon2id m) or less work (N * r * p, m * t), or when its salt is shorter than 16
 *  bytes or its hash shorter than 32. A stronger hash is kept, even if one of its settings is lower: scrypt ln=17 r=8
 *  p=1 is not outdated when params say ln=15 r=8 p=3. */
int um_pwhash_outdated(const um_pwhash_params_t *params, const char *hash);

/** Whether this build can verify a stored hash, of this module or of another program, within the limits. APR_EINVAL:
 *  the format is unknown, or the hash malformed. APR_ENOSPC: it is more expensive than the limits allow. APR_ENOTIMPL:
 *  the build lacks the library. *why says which of these, in static text; it is NULL with APR_SUCCESS. */
apr_status_t um_pwhash_check(const char *hash, const char **why);

/** The name of the format of a stored hash, static text; NULL: it has none that is known. hash may be any text or
 *  NULL. */
const char *um_pwhash_name(const char *hash);

/** The kind of a stored hash: its family and costs in one number, which is compared by ==. 0: this build cannot verify
 *  the hash, or it is NULL. um_pwhash_kind_of is the kind of new hashes with params. */
apr_uint64_t um_pwhash_kind(const char *hash);
apr_uint64_t um_pwhash_kind_of(const um_pwhash_params_t *params);

/** The params of a kind that is not 0. */
um_pwhash_params_t um_pwhash_kind_params(apr_uint64_t kind);

/** What remains to be computed of a kind once a hash of the kind spent was computed: nothing (0) when they are the
 *  same. Where the time of a family is in proportion to its iterations, as that of PBKDF2, the difference remains.
 *  Otherwise kind itself. Either may be 0. */
apr_uint64_t um_pwhash_kind_rest(apr_uint64_t kind, apr_uint64_t spent);

/** Takes the time that um_pwhash_verify takes for a hash made with params. For accounts that do not exist or have no
 *  usable hash, so that the response time does not reveal them. */
void um_pwhash_dummy(apr_pool_t *pool, const um_pwhash_params_t *params, const char *password, apr_size_t len);
#endif
