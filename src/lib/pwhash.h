#ifndef UM_PWHASH_H
#define UM_PWHASH_H
/* Password hashes as text (PHC string format). A family of hashes is a file and a row of the table in pwhash.c. */
#include <apr_pools.h>

typedef struct um_pwhash_params_t {
    const char *family;        /**< "scrypt" or "argon2id" */
    unsigned cost, block, lanes; /**< scrypt: ln (log2 N), r, p; argon2id: m (KiB), t, p */
} um_pwhash_params_t;

typedef enum { UM_PWHASH_MATCH, UM_PWHASH_MISMATCH, UM_PWHASH_UNKNOWN, UM_PWHASH_ERROR } um_pwhash_e;

/** Reads "scrypt", "scrypt ln=15 r=8 p=3", "argon2id m=19456 t=2 p=1"; *why names the ranges. */
apr_status_t um_pwhash_params(apr_pool_t *pool, const char *text, um_pwhash_params_t *params, const char **why);
apr_status_t um_pwhash_make(apr_pool_t *pool, const um_pwhash_params_t *params, const char *password, apr_size_t len,
                            const char **hash);
um_pwhash_e um_pwhash_verify(apr_pool_t *pool, const char *hash, const char *password, apr_size_t len);
/** True when hash is of another family, or weaker, than params. */
int um_pwhash_outdated(const um_pwhash_params_t *params, const char *hash);
/** Costs what um_pwhash_verify of a hash of params costs: for accounts that are not there. */
void um_pwhash_dummy(apr_pool_t *pool, const um_pwhash_params_t *params, const char *password, apr_size_t len);
#endif
