/* SPDX-License-Identifier: Apache-2.0 */
/* Stored password hashes and the setting that describes new ones, from arbitrary bytes. The first byte is the length of
 * a password that follows it; the rest is the text. A hash that is read has a verdict; what cannot be verified is
 * outdated; a setting that is refused says why. */
#include "fuzz.h"

#include "pwhash.h"
#include "pwhash_private.h"

/* What one input may cost, so that thousands a second are tried. */
#define MAX_MEMORY (APR_UINT64_C(1) << 20)
#define MAX_WORK   (APR_UINT64_C(1) << 14)

static const um_pwhash_family_t *const families[] = {&um_pwhash_scrypt, &um_pwhash_argon2id};

static int is_cheap(const char *hash)
{
    um_pwhash_params_t params;
    um_pwhash_phc_t phc;
    apr_uint64_t memory, work;
    apr_size_t i;

    for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (strncmp(hash, families[i]->prefix, strlen(families[i]->prefix)) == 0
            && um_pwhash_phc_read(families[i], hash, &params, &phc) == APR_SUCCESS) {
            families[i]->price(&params, &memory, &work);
            return memory <= MAX_MEMORY && work <= MAX_WORK;
        }
    }
    return 1;
}

static void try_text(apr_pool_t *pool, const char *text, const char *password, apr_size_t len)
{
    um_pwhash_params_t params = {"scrypt", 10, 1, 1}, read = {NULL, 0, 0, 0};
    const char *why = NULL;
    um_pwhash_e verdict;

    if (um_pwhash_params(pool, text, &read, &why) == APR_SUCCESS) {
        need(read.family && read.cost && read.block && read.lanes);
    }
    else {
        need(why && *why);
    }
    if (is_cheap(text)) {
        verdict = um_pwhash_verify(pool, text, password, len);
        need(verdict != UM_PWHASH_ERROR);
        need(verdict != UM_PWHASH_UNKNOWN || um_pwhash_outdated(&params, text));
    }
    (void)um_pwhash_outdated(&params, text);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    size_t len;

    if (size > 0) {
        len = (unsigned char)text[0] < size ? (unsigned char)text[0] : size - 1;
        try_text(pool, apr_pstrmemdup(pool, text + 1 + len, size - 1 - len), fuzz_exact(pool, text + 1, len), len);
    }
}
