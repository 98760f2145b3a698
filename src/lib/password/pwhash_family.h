/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PWHASH_FAMILY_H
#define UM_PWHASH_FAMILY_H
/* The row of a family of password hashes. For pwhash*.c only; everybody else includes pwhash.h.
 *
 * To verify one more kind of hash: write pwhash_<kind>.c that defines a row with name, prefix and verify, declare the
 * row below, and add it to the table in pwhash.c. Cost parameters read from a stored hash must have upper bounds:
 * whoever can write a hash (an import, say) must not be able to buy an hour of CPU with it. */
#include "pwhash.h"

typedef struct um_pwhash_family_t um_pwhash_family_t;

/** One of the (always three) settings of a family, in the order cost, block, lanes of um_pwhash_params_t. */
typedef struct um_pwhash_setting_t {
    const char *name;
    unsigned usual;  /**< when the administrator leaves it out */
    unsigned least;  /**< of new hashes; stored ones may have less (and are outdated then) */
    unsigned most;   /**< of new and stored hashes */
} um_pwhash_setting_t;

struct um_pwhash_family_t {
    const char *name;   /**< what um_pwhash_params_t.family points to; unique */
    const char *prefix; /**< a stored hash belongs to the first row whose prefix it starts with */
    um_pwhash_e (*verify)(apr_pool_t *pool, const um_pwhash_family_t *family, const char *hash, const char *password,
                          apr_size_t len);

    /* The rest is for families that new hashes can be made of; NULL for those that are only verified. */

    /** Why this build cannot work with the family; NULL when it can. */
    const char *missing;
    um_pwhash_setting_t settings[3];
    /** NULL, or the rule between the settings that these break, as text. */
    const char *(*flaw)(const um_pwhash_params_t *params);
    /** Bytes of memory, and work in units that compare within the family. */
    void (*price)(const um_pwhash_params_t *params, apr_uint64_t *memory, apr_uint64_t *work);
    /** The function itself: out_len bytes of hash. APR_EINVAL: the family takes no such salt (or length of password).
     *  APR_ENOMEM. APR_EGENERAL: the library refuses. */
    apr_status_t (*derive)(const um_pwhash_params_t *params, const char *password, apr_size_t len,
                           const unsigned char *salt, apr_size_t salt_len, unsigned char *out, apr_size_t out_len);
};

/** No hash, new or stored, takes more than this. */
#define UM_PWHASH_MAX_MEMORY (APR_UINT64_C(256) * 1024 * 1024)

extern const um_pwhash_family_t um_pwhash_scrypt;
extern const um_pwhash_family_t um_pwhash_argon2id;
#endif
