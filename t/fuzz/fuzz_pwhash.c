/* SPDX-License-Identifier: Apache-2.0 */
/* Stored password hashes of all formats, and the setting that describes new ones, from arbitrary bytes. The first byte
 * is the length of a password that follows it; the rest is the text. A hash that is read has a verdict; what cannot be
 * verified is outdated; a setting that is refused says why. */
#include "fuzz.h"

#include "pwhash.h"
#include "pwhash_private.h"

/* What one input may cost, so that thousands a second are tried. */
#define MAX_MEMORY (APR_UINT64_C(1) << 20)
#define MAX_WORK   (APR_UINT64_C(1) << 14)

/* Of PBKDF2 and of SHA-crypt: iterations. The other families of other programs have few enough costs to name them. */
#define MAX_LINEAR 2000

static int is_cheap(const char *hash)
{
    const um_pwhash_family_t *family = um_pwhash_family_of(hash);
    um_pwhash_params_t params;
    apr_uint64_t memory, work;

    if (!family || family->missing || family->read(family, hash, &params) != APR_SUCCESS) {
        return 1;
    }
    need(um_pwhash_kind(hash) != 0);
    family = um_pwhash_family_named(params.family);
    need(family && family->sample);
    if (family->price) {
        family->price(&params, &memory, &work);
        return memory <= MAX_MEMORY && work <= MAX_WORK;
    }
    if (family == &um_pwhash_yescrypt) {
        return params.cost <= 10 && params.block <= 8;
    }
    return params.cost <= (family == &um_pwhash_bcrypt ? 4 : MAX_LINEAR);
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
    need((um_pwhash_check(text, &why) == APR_SUCCESS) == !why);
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
