/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PWHASH_PRIVATE_H
#define UM_PWHASH_PRIVATE_H
/* What the files of this wing share; everybody else includes pwhash.h.
 *
 * To verify one more format of hashes: write a row that has name, prefix, read, verify and sample, declare it below,
 * and add it to the table in pwhash_table.c. Cost parameters that are read from a stored hash must have upper limits:
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

/** A family of password hashes: one format of their text. */
struct um_pwhash_family_t {
    const char *name;   /**< what um_pwhash_params_t.family points to; unique */
    const char *prefix; /**< a stored hash belongs to the first family whose prefix it starts with */
    const char *like;   /**< name of a family that takes the same time for the same params; NULL: none other does */
    int is_linear;      /**< the time is in proportion to the first setting, and depends on nothing else */
    /** Reads the params, with the name of like, or of family, as their family. APR_EINVAL: malformed. APR_ENOSPC: a
     *  param is above its limit; it must fit into a kind (um_pwhash_kind). */
    apr_status_t (*read)(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params);
    /** APR_SUCCESS: *matches says whether password is the one of hash. APR_EINVAL: hash cannot be verified by this
     *  family. Others: it could not be computed. */
    apr_status_t (*verify)(const um_pwhash_family_t *family, const char *hash, const char *password, apr_size_t len,
                           int *matches);
    /** The text of a hash with these params that no password has, for um_pwhash_dummy. NULL where like is set. */
    const char *(*sample)(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params);
    const char *missing;    /**< why this build cannot use the family; NULL when it can */

    /* The rest may be NULL for a family that is only verified and makes no new hashes. */

    int is_made;            /**< new hashes can be of this family */
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

/* --- pwhash_table.c --- */

/** All families. Order matters only where one prefix begins with another: the longer prefix comes first. */
extern const um_pwhash_family_t *const um_pwhash_families[];
extern const apr_size_t um_pwhash_family_count;

/** The family of a stored hash; NULL: none. hash may be any text or NULL. */
const um_pwhash_family_t *um_pwhash_family_of(const char *hash);

/** The family of that name; NULL: there is none. */
const um_pwhash_family_t *um_pwhash_family_named(const char *name);

/* --- the module's own: pwhash_argon2.c, pwhash_scrypt.c --- */

extern const um_pwhash_family_t um_pwhash_scrypt;
extern const um_pwhash_family_t um_pwhash_argon2id;

/* --- those of other programs: pwhash_argon2.c, pwhash_django.c, pwhash_crypt.c, pwhash_sha1.c --- */

extern const um_pwhash_family_t um_pwhash_argon2i;
extern const um_pwhash_family_t um_pwhash_django_argon2id, um_pwhash_django_argon2i;
extern const um_pwhash_family_t um_pwhash_pbkdf2_sha256, um_pwhash_pbkdf2_sha1, um_pwhash_django_scrypt;
extern const um_pwhash_family_t um_pwhash_bcrypt, um_pwhash_django_bcrypt, um_pwhash_django_bcrypt_sha256;
extern const um_pwhash_family_t um_pwhash_sha256crypt, um_pwhash_sha512crypt, um_pwhash_yescrypt;
extern const um_pwhash_family_t um_pwhash_md5crypt, um_pwhash_apr1;
extern const um_pwhash_family_t um_pwhash_sha, um_pwhash_ssha;

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

/** Reads standard base64 of up to UM_PWHASH_PHC_MOST bytes without padding. APR_EINVAL: it is none, or has more. */
apr_status_t um_pwhash_phc_decode(const char *text, apr_size_t len, unsigned char *bytes, apr_size_t *bytes_len);

/** The same with the padding that the length needs. */
apr_status_t um_pwhash_decode_padded(const char *text, apr_size_t len, unsigned char *bytes, apr_size_t *bytes_len);

/** Whether params are within the limits of a family for stored hashes. APR_EINVAL; APR_ENOSPC: above them. */
apr_status_t um_pwhash_phc_bounds(const um_pwhash_family_t *family, const um_pwhash_params_t *params);

/** The read and sample functions of families whose hashes are PHC strings. */
apr_status_t um_pwhash_phc_params(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params);
const char *um_pwhash_phc_sample(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params);

/** The verify function of families whose hashes are PHC strings. */
apr_status_t um_pwhash_phc_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                  apr_size_t len, int *matches);

/** Whether hash, which belongs to family, is malformed or weaker than params (see um_pwhash_outdated). */
int um_pwhash_phc_weaker(const um_pwhash_family_t *family, const char *hash, const um_pwhash_params_t *params);
#endif
