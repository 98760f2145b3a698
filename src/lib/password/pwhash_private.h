/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PWHASH_PRIVATE_H
#define UM_PWHASH_PRIVATE_H
/* What the files of this wing share; everybody else includes pwhash.h.
 *
 * To verify one more kind of hash: write pwhash_<kind>.c with a row that has name, prefix and verify, declare the row
 * below, and add it to the table in pwhash.c. Cost parameters that are read from a stored hash must have upper limits:
 * otherwise whoever can write a hash, for instance with an import, could make the server compute for an hour. */
#include <apr_pools.h>

typedef struct um_pwhash_params_t um_pwhash_params_t;
typedef struct um_pwhash_family_t um_pwhash_family_t;

/** One of the three settings of a family. Their order is cost, block, lanes of um_pwhash_params_t. */
typedef struct um_pwhash_setting_t {
    const char *name;
    unsigned usual;  /**< the default */
    unsigned least;  /**< of new hashes; a stored hash may have less, and is then outdated */
    unsigned most;   /**< of new and of stored hashes */
} um_pwhash_setting_t;

/** A family of password hashes. */
struct um_pwhash_family_t {
    const char *name;   /**< what um_pwhash_params_t.family points to; unique */
    const char *prefix; /**< a stored hash belongs to the first family whose prefix it starts with */
    /** APR_SUCCESS: *matches says whether password is the one of hash. APR_EINVAL: hash cannot be verified by this
     *  family. Others: it could not be computed. */
    apr_status_t (*verify)(const um_pwhash_family_t *family, const char *hash, const char *password, apr_size_t len,
                           int *matches);

    /* The rest is NULL for a family that is only verified and makes no new hashes. */

    const char *missing;    /**< why this build cannot use the family; NULL when it can */
    um_pwhash_setting_t settings[3];
    /** The rule between the settings that params break, as text for the administrator; NULL when they break none. */
    const char *(*flaw)(const um_pwhash_params_t *params);
    /** The memory in bytes, and the work in units that can be compared within the family. */
    void (*price)(const um_pwhash_params_t *params, apr_uint64_t *memory, apr_uint64_t *work);
    /** Computes out_len bytes of hash. APR_EINVAL: the family does not accept such a salt or length of password.
     *  APR_ENOMEM: out of memory. APR_EGENERAL: the library refuses. */
    apr_status_t (*derive)(const um_pwhash_params_t *params, const char *password, apr_size_t len,
                           const unsigned char *salt, apr_size_t salt_len, unsigned char *out, apr_size_t out_len);
};

/** No hash, new or stored, takes more memory than this. */
#define UM_PWHASH_MAX_MEMORY (APR_UINT64_C(256) * 1024 * 1024)

/* --- pwhash_argon2.c, pwhash_scrypt.c --- */

extern const um_pwhash_family_t um_pwhash_scrypt;
extern const um_pwhash_family_t um_pwhash_argon2id;

/* --- pwhash_phc.c ---
 * The PHC string format (github.com/P-H-C/phc-string-format): <prefix><name>=<number>,...$<salt>$<hash>, with salt and
 * hash in base64 of the standard alphabet without padding. The reader is strict: all parameters must be there in the
 * family's order, decimal numbers have no leading zeros, and each value has one spelling only. */

#define UM_PWHASH_PHC_SALT 16 /**< bytes of salt in new hashes */
#define UM_PWHASH_PHC_OUT  32 /**< bytes of hash in new hashes */
#define UM_PWHASH_PHC_MOST 64 /**< bytes that the salt, or the hash, of a stored hash may have */

/** Salt and hash of a PHC string. */
typedef struct um_pwhash_phc_t {
    apr_size_t salt_len; /**< 1 to 64 */
    apr_size_t out_len;  /**< 16 to 64: a shorter hash would be easier to guess than the password */
    unsigned char salt[UM_PWHASH_PHC_MOST];
    unsigned char out[UM_PWHASH_PHC_MOST];
} um_pwhash_phc_t;

/** Reads a decimal number of len digits. APR_EINVAL: another character, a leading zero, or too large for unsigned. */
apr_status_t um_pwhash_phc_number(const char *text, apr_size_t len, unsigned *number);

/** Reads hash, which starts with the family's prefix. APR_EINVAL: malformed. APR_ENOSPC: a parameter, or the memory
 *  that they amount to, is above the family's limit. On failure *phc is wiped. */
apr_status_t um_pwhash_phc_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params,
                                um_pwhash_phc_t *phc);

/** The PHC string of params and *phc, in pool. */
const char *um_pwhash_phc_print(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params,
                                const um_pwhash_phc_t *phc);

/** Computes phc->out_len bytes of hash from password, params and the salt in *phc. out may be phc->out.
 *  APR_EINVAL: params are out of bounds; and all errors of family->derive. */
apr_status_t um_pwhash_phc_derive(const um_pwhash_family_t *family, const um_pwhash_params_t *params,
                                  const um_pwhash_phc_t *phc, const char *password, apr_size_t len,
                                  unsigned char *out);

/** The verify function of families whose hashes are PHC strings. */
apr_status_t um_pwhash_phc_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                  apr_size_t len, int *matches);

/** Whether hash, which belongs to family, is malformed or weaker than params (see um_pwhash_outdated). */
int um_pwhash_phc_weaker(const um_pwhash_family_t *family, const char *hash, const um_pwhash_params_t *params);
#endif
