/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PWHASH_PHC_H
#define UM_PWHASH_PHC_H
/* The PHC string format (github.com/P-H-C/phc-string-format): <prefix><name>=<number>,...$<salt>$<hash>, salt and hash
 * in base64 of the standard alphabet without padding. Read strictly: parameters all there and in the family's order,
 * decimal numbers without leading zeros, one spelling for each value. For pwhash*.c only. */
#include "pwhash_family.h"

#define UM_PWHASH_PHC_SALT 16 /**< bytes of salt in new hashes */
#define UM_PWHASH_PHC_OUT  32 /**< bytes of hash in new hashes */
#define UM_PWHASH_PHC_MOST 64 /**< bytes of salt, or of hash, that a stored one may have */

typedef struct um_pwhash_phc_t {
    um_pwhash_params_t params;
    apr_size_t salt_len; /**< 1 to 64 */
    apr_size_t out_len;  /**< 16 to 64: with less, guessing the few bytes would be easier than guessing the password */
    unsigned char salt[UM_PWHASH_PHC_MOST];
    unsigned char out[UM_PWHASH_PHC_MOST];
} um_pwhash_phc_t;

/** Reads a decimal number of len bytes: digits only, no leading zero, fits unsigned. APR_EINVAL otherwise. */
apr_status_t um_pwhash_phc_number(const char *text, apr_size_t len, unsigned *number);

/** Reads hash, which starts with the family's prefix. APR_EINVAL: garbled. APR_ENOSPC: a parameter, or the memory that
 *  they come to, is over the family's bounds. *phc is wiped then. */
apr_status_t um_pwhash_phc_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_phc_t *phc);

/** The text of *phc, in pool. */
const char *um_pwhash_phc_print(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_phc_t *phc);

/** Works out the phc->out_len bytes of hash of password with phc's parameters and salt. out may be phc->out.
 *  APR_EINVAL: parameters out of bounds, or as family->derive, like APR_ENOMEM and APR_EGENERAL. */
apr_status_t um_pwhash_phc_derive(const um_pwhash_family_t *family, const um_pwhash_phc_t *phc, const char *password,
                                  apr_size_t len, unsigned char *out);

/** The verify function of rows whose hashes are PHC strings. */
um_pwhash_e um_pwhash_phc_verify(apr_pool_t *pool, const um_pwhash_family_t *family, const char *hash,
                                 const char *password, apr_size_t len);

/** True when hash, of params' family, is garbled or weaker than params (see um_pwhash_outdated). */
int um_pwhash_phc_weaker(const um_pwhash_family_t *family, const char *hash, const um_pwhash_params_t *params);

void um_pwhash_phc_wipe(um_pwhash_phc_t *phc);
#endif
