/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "json.h"
#include "jwk.h"
#include "signature_cache.h"
#include "testkey.h"
#include "jwt.h"
#include "jwt_cases.h"

#include <apr_general.h>
#include <openssl/rsa.h>

static apr_pool_t *pool;
static um_jwk_t *ed25519, *hmac, *rsa;
static const char *ed25519_public, *rsa_public;
static um_jwt_rules_t rules;

static const um_jwk_t *find(void *baton, const char *kid)
{
    const um_jwk_t *const keys[] = {ed25519, hmac, rsa};
    apr_size_t i;

    (void)baton;
    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(kid, um_jwk_kid(keys[i])) == 0) {
            return keys[i];
        }
    }
    return NULL;
}

static const char *encode(const char *text)
{
    return um_base64url_encode(pool, text, strlen(text));
}

static const char *forge(const um_jwk_t *key, const char *header, const char *claims)
{
    const char *input = apr_pstrcat(pool, encode(header), ".", encode(claims), NULL);
    unsigned char *sig;
    apr_size_t len;

    um_jwk_sign(key, pool, input, strlen(input), &sig, &len);
    return apr_pstrcat(pool, input, ".", um_base64url_encode(pool, sig, len), NULL);
}

/* Twice with a cache and once without: the cache must change no answer. */
static void judge(const char *name, const char *token, const char *want)
{
    um_signature_cache_t *cache = rules.cache;
    um_json_t *untouched = um_json_object(pool);
    int round;

    for (round = 0; round < 3; round++) {
        um_json_t *claims = untouched;
        const char *why = "not judged";
        apr_status_t status;

        rules.cache = round < 2 ? cache : NULL;
        status = um_jwt_verify(pool, &rules, token, &claims, &why);
        if (want == NULL && (status != APR_SUCCESS || claims == untouched || claims == NULL || why != NULL)) {
            break;
        }
        if (want && (status != APR_EINVAL || claims || why == NULL || strncmp(why, want, strlen(want)) != 0)) {
            break;
        }
    }
    rules.cache = cache;
    ok(round == 3, "%s%s%s", name, want ? ": " : " is taken", want ? want : "");
}

static void test_signed(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(signed_tokens) / sizeof(signed_tokens[0]); i++) {
        judge(signed_tokens[i].name, forge(ed25519, signed_tokens[i].header, signed_tokens[i].claims),
              signed_tokens[i].want);
    }
}

/* The form of the text, made from a good token's parts. */
static void test_form(void)
{
    const char *good = forge(ed25519, HEAD, CLAIMS), *head = encode(HEAD), *body = encode(CLAIMS);
    const char *sig = strrchr(good, '.') + 1;
    char *text, *last;

    judge("the parts together", apr_pstrcat(pool, head, ".", body, ".", sig, NULL), NULL);
    judge("nothing", "", "empty");
    judge("no text at all", NULL, "empty");
    judge("one dot", ".", "not three");
    judge("two dots", "..", "header is");
    judge("two parts", apr_pstrcat(pool, head, ".", body, NULL), "not three");
    judge("four parts", apr_pstrcat(pool, good, ".", sig, NULL), "not three");
    judge("a dot behind", apr_pstrcat(pool, good, ".", NULL), "not three");
    judge("two tokens joined", apr_pstrcat(pool, good, good, NULL), "not three");
    judge("two tokens joined by a dot", apr_pstrcat(pool, good, ".", good, NULL), "not three");
    judge("two tokens joined by a comma", apr_pstrcat(pool, good, ",", good, NULL), "not three");
    judge("no signature", apr_pstrcat(pool, head, ".", body, ".", NULL), "bad signature");
    judge("no payload", apr_pstrcat(pool, head, "..", sig, NULL), "bad signature");
    judge("padding on the signature", apr_pstrcat(pool, good, "==", NULL), "bad signature");
    judge("padding on the header", apr_pstrcat(pool, head, "=.", body, ".", sig, NULL), "header is");
    judge("padding on the payload", apr_pstrcat(pool, head, ".", body, "==.", sig, NULL), "bad signature");
    judge("a blank before", apr_pstrcat(pool, " ", good, NULL), "header is");
    judge("a blank behind", apr_pstrcat(pool, good, " ", NULL), "bad signature");
    judge("a line feed behind", apr_pstrcat(pool, good, "\n", NULL), "bad signature");
    /* 64 bytes are 86 characters with four unused bits in the last: 15 other texts would mean the same signature. */
    text = apr_pstrdup(pool, good);
    last = text + strlen(text) - 1;
    *last = *last == 'A' ? 'B' : *last == 'Q' ? 'R' : *last == 'g' ? 'h' : 'x';
    judge("unused bits that are not zero", text, "bad signature");
    text = apr_pstrdup(pool, good);
    text[strlen(head) + 5] ^= 1;
    judge("a changed payload", text, "bad signature");
    judge("another token's signature", apr_pstrcat(pool, head, ".", encode(CLAIMS_EXP("1900000000")), ".", sig, NULL),
          "bad signature");
    judge("a signature of zeros", apr_pstrcat(pool, head, ".", body, ".", um_base64url_encode(pool,
          apr_pcalloc(pool, 64), 64), NULL), "bad signature");
}

/* A text of the wanted number of characters, well signed: the bound is on the text and before all else. */
static const char *of_length(apr_size_t want)
{
    char *filler = apr_pcalloc(pool, UM_JWT_MAX);
    const char *token = "";
    apr_size_t n;

    for (n = 5700; n < 6100 && strlen(token) < want; n++) {
        memset(filler, 'a', n);
        token = forge(ed25519, HEAD, apr_pstrcat(pool, "{" OURS ",\"exp\":1700000900,\"a\":\"", filler, "\"}", NULL));
    }
    return token;
}

static void test_length(void)
{
    const char *most = of_length(UM_JWT_MAX - 1), *token = NULL;
    um_json_t *claims = um_json_object(pool);
    char *big = apr_pcalloc(pool, 10241);

    memset(big, 'e', 10240);
    judge("10 KB of text", big, "too long");
    judge("10 KB of dots", memset(big, '.', 10240), "too long");
    ok(strlen(most) <= UM_JWT_MAX, "a token of %d characters", (int)strlen(most));
    judge("and that", most, NULL);
    judge("a well signed token that is longer", of_length(UM_JWT_MAX + 1), "too long");
    um_json_put_text(claims, "a", memset(big, 'a', 10240));
    is_int(um_jwt_sign(pool, ed25519, "at+jwt", claims, &token), APR_ENOSPC, "no such token is made");
}

static const char *head_of(const char *alg, const char *kid)
{
    return apr_psprintf(pool, "{\"typ\":\"at+jwt\",\"alg\":\"%s\",\"kid\":\"%s\"}", alg, kid);
}

/* What the key's type is for: the public key's text, known to everybody, used as the secret of an HMAC. */
static void test_confusion(void)
{
    const struct { const char *pem, *kid, *alg; } victims[] = {
        {rsa_public, um_jwk_kid(rsa), "RS256"}, {ed25519_public, ED_KID, "EdDSA"}
    };
    apr_size_t i;

    for (i = 0; i < sizeof(victims) / sizeof(victims[0]); i++) {
        const char *kid = victims[i].kid, *why, *text;
        um_jwk_t *fake = NULL;

        text = apr_psprintf(pool, "{\"kty\":\"oct\",\"k\":\"%s\"}", encode(victims[i].pem));
        is_int(um_jwk_parse(pool, text, strlen(text), &fake, &why), APR_SUCCESS, "a secret of the public key's PEM");
        judge("downgraded to HS256", forge(fake, head_of("HS256", kid), CLAIMS), "alg");
        judge("HS256 passed off as the key's alg", forge(fake, head_of(victims[i].alg, kid), CLAIMS), "bad signature");
        judge("under the secret's kid", forge(fake, head_of("HS256", HS_KID), CLAIMS), "bad signature");
        judge("under its own kid", forge(fake, head_of("HS256", um_jwk_kid(fake)), CLAIMS), "unknown kid");
    }
    judge("EdDSA under the secret's kid", forge(ed25519, head_of("EdDSA", HS_KID), CLAIMS), "alg");
    judge("the same, called HS256", forge(ed25519, head_of("HS256", HS_KID), CLAIMS), "bad signature");
    judge("HS256 with its own key", forge(hmac, head_of("HS256", HS_KID), CLAIMS), NULL);
}

static const um_jwk_t *find_any(void *baton, const char *kid)
{
    (void)baton;
    (void)kid;
    return ed25519;
}

static void test_rules(void)
{
    const char *good = forge(ed25519, HEAD, CLAIMS);
    const um_jwt_rules_t before = rules;

    rules.issuer = NULL;
    judge("no issuer in the rules", forge(ed25519, HEAD, CLAIMS_ISS("null")), "another iss");
    judge("nor in the token", forge(ed25519, HEAD, "{\"aud\":\"accounts\",\"exp\":1700000900}"), "another iss");
    rules = before;
    rules.audience = NULL;
    judge("no audience in the rules", good, "another aud");
    rules = before;
    rules.typ = NULL;
    judge("no typ in the rules", good, "another typ");
    rules = before;
    rules.find = find_any;
    judge("a lookup that gives the wrong key", forge(ed25519, HEAD_KID("\"x\""), CLAIMS), "unknown kid");
    rules = before;
    rules.leeway = 100000;
    judge("a leeway beyond its bound is the bound", forge(ed25519, HEAD, CLAIMS_EXP("1699999940")), "expired");
    judge("and that is given", forge(ed25519, HEAD, CLAIMS_EXP("1699999941")), NULL);
    rules.leeway = -100000;
    judge("a negative leeway is none", forge(ed25519, HEAD, CLAIMS_EXP("1700000001")), NULL);
    rules = before;
    judge("taken now", good, NULL);
    rules.now += 1000;
    judge("and known to the cache, but expired", good, "expired");
    rules = before;
}

static void test_sign(void)
{
    const char *token = NULL, *why, *dot;
    um_json_t *claims = um_json_object(pool), *got;
    um_jwk_t *only_public;

    um_json_put_text(claims, "iss", rules.issuer);
    um_json_put_text(claims, "aud", rules.audience);
    um_json_put_int(claims, "exp", NOW + 900);
    um_json_put_text(claims, "sub", "\xc3\xa4/\"");
    is_int(um_jwt_sign(pool, ed25519, "at+jwt", claims, &token), APR_SUCCESS, "the token is signed");
    dot = strchr(token, '.');
    is_text(apr_pstrmemdup(pool, token, (apr_size_t)(dot - token)), encode(HEAD), "the header is typ, alg and kid");
    is_int(um_jwt_verify(pool, &rules, token, &got, &why), APR_SUCCESS, "the token is verified");
    is_text(um_json_get(got, "sub").text, "\xc3\xa4/\"", "a claim comes back as it was put in");
    um_jwk_parse(pool, ed25519_public, strlen(ed25519_public), &only_public, &why);
    is_text(um_jwk_kid(only_public), ED_KID, "the public half has the same kid");
    is_int(um_jwt_sign(pool, only_public, "at+jwt", claims, &token), APR_EINVAL, "a public key cannot sign");
}

int main(void)
{
    const char *why = NULL, *pem;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    pem = testkey_pem(pool, testkey_ed25519(pool, NULL, ED_D), 1, NULL);
    ok(um_jwk_parse(pool, pem, strlen(pem), &ed25519, &why) == APR_SUCCESS
       && strcmp(um_jwk_kid(ed25519), ED_KID) == 0, "the Ed25519 key of RFC 8037 is read");
    ed25519_public = testkey_pem(pool, testkey_ed25519(pool, ED_X, NULL), 0, NULL);
    pem = "{\"kty\":\"oct\",\"k\":\"" HS_K "\"}";
    ok(um_jwk_parse(pool, pem, strlen(pem), &hmac, &why) == APR_SUCCESS
       && strcmp(um_jwk_kid(hmac), HS_KID) == 0, "the HMAC key is read");
    rsa_public = testkey_pem(pool, EVP_RSA_gen(2048), 0, NULL);
    ok(um_jwk_parse(pool, rsa_public, strlen(rsa_public), &rsa, &why) == APR_SUCCESS, "an RSA key's public half");
    rules = (um_jwt_rules_t){"at+jwt", "https://a.example", "accounts", NOW, 10, find, NULL, NULL};
    um_signature_cache_create(pool, 64, &rules.cache);
    test_signed();
    test_form();
    test_length();
    test_confusion();
    test_rules();
    test_sign();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
