/* SPDX-License-Identifier: Apache-2.0 */
/* Input without a line feed: the text of a token. With one: a header, a line feed, and claims, which are signed here -
 * else no fuzzer would ever get past the signature. A token that is taken has exactly the text that its key gives it,
 * is in time and is ours; one that is refused leaves no claims and a reason in plain ASCII. */
#include "fuzz.h"

#include "json.h"
#include "jwk.h"
#include "jwt.h"
#include "base64url.h"

#define NOW 1700000000
#define LEEWAY 10
#define SECRET "{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"

static const um_jwk_t *find(void *baton, const char *kid)
{
    const um_jwk_t *key = baton;

    need(strlen(kid) >= 1 && strlen(kid) <= UM_JWT_KID_MAX);
    return strcmp(kid, um_jwk_kid(key)) == 0 ? key : NULL;
}

static const char *sign(apr_pool_t *pool, const um_jwk_t *key, const char *input)
{
    unsigned char *sig;
    apr_size_t len;

    need(um_jwk_sign(key, pool, input, strlen(input), &sig, &len) == APR_SUCCESS);
    return apr_pstrcat(pool, input, ".", um_base64url_encode(pool, sig, len), NULL);
}

/* What the header and claims of the input are as a token, or the input itself. */
static const char *token_of(apr_pool_t *pool, const um_jwk_t *key, const char *data, size_t len)
{
    const char *line = len ? memchr(data, '\n', len) : NULL;

    if (line == NULL) {
        return apr_pstrmemdup(pool, data, len);
    }
    return sign(pool, key, apr_pstrcat(pool, um_base64url_encode(pool, data, (apr_size_t)(line - data)), ".",
                                       um_base64url_encode(pool, line + 1, len - (apr_size_t)(line + 1 - data)), NULL));
}

static void check(apr_pool_t *pool, um_jwk_t *key, const char *token)
{
    const um_jwt_rules_t rules = {"at+jwt", "https://a.example", "accounts", NOW, LEEWAY, find, key, NULL};
    um_json_t *claims = NULL;
    const char *why = "", *last = strrchr(token, '.');
    apr_status_t status = um_jwt_verify(pool, &rules, token, &claims, &why);

    if (status != APR_SUCCESS) {
        need(status == APR_EINVAL && claims == NULL && why && *why);
        for (; *why; why++) {
            need(*why >= ' ' && *why <= '~');
        }
        return;
    }
    need(claims != NULL && why == NULL && strlen(token) <= UM_JWT_MAX);
    need(strcmp(sign(pool, key, apr_pstrmemdup(pool, token, (apr_size_t)(last - token))), token) == 0);
    need(strcmp(um_json_get(claims, "iss").text, rules.issuer) == 0);
    need(um_json_has_text(claims, "aud", rules.audience));
    need(um_json_get(claims, "exp").number > NOW - LEEWAY && um_json_get(claims, "exp").number < 9.3e18);
    need(um_json_get(claims, "iat").number <= NOW + LEEWAY && um_json_get(claims, "nbf").number <= NOW + LEEWAY);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    um_jwk_t *key;
    const char *why;

    need(um_jwk_parse(pool, SECRET, strlen(SECRET), &key, &why) == APR_SUCCESS);
    check(pool, key, token_of(pool, key, text, size));
}
