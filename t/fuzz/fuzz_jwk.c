/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the text of a key file, a JWK or PEM. A key that is taken has a kid of 43 characters, an algorithm of ours,
 * and shows no secret; what it signs, it verifies, and no other text. One that is refused says why. */
#include "fuzz.h"

#include "json.h"
#include "jwk.h"

static void check_key(apr_pool_t *pool, const um_jwk_t *key)
{
    static const char *const algs[] = { "EdDSA", "ES256", "RS256", "HS256" };
    um_json_t *shown = um_jwk_public(key, pool);
    unsigned char *sig;
    apr_size_t len;
    int known = 0;

    for (int i = 0; i < 4; i++) {
        known |= strcmp(um_jwk_alg(key), algs[i]) == 0;
    }
    need(known && strlen(um_jwk_kid(key)) == 43 && fuzz_is_printable(um_jwk_kid(key)));
    need(um_jwk_is_secret(key) == (shown == NULL) && um_jwk_is_secret(key) == (strcmp(um_jwk_alg(key), "HS256") == 0));
    if (shown) {
        static const char *const secrets[] = { "d", "p", "q", "dp", "dq", "qi", "k" };

        for (int i = 0; i < 7; i++) {
            need(um_json_get(shown, secrets[i]).kind == UM_JSON_ABSENT);
        }
    }
    if (um_jwk_can_sign(key)) {
        need(um_jwk_sign(key, pool, "text", 4, &sig, &len) == APR_SUCCESS);
        need(um_jwk_verify(key, "text", 4, sig, len) == APR_SUCCESS);
        need(um_jwk_verify(key, "Text", 4, sig, len) == APR_EINVAL);
        need(um_jwk_verify(key, "text", 4, sig, len - 1) == APR_EINVAL);
        sig[0] ^= 1;
        need(um_jwk_verify(key, "text", 4, sig, len) == APR_EINVAL);
    }
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    um_jwk_t *key = NULL;
    const char *why = NULL;

    if (um_jwk_parse(pool, text, size, &key, &why) == APR_SUCCESS) {
        need(key && !why);
        check_key(pool, key);
    }
    else {
        need(why && *why && fuzz_is_printable(why));
    }
}
