/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt.h"

#include "base64url.h"
#include "json.h"
#include "jwk.h"
#include "signature_cache.h"

#include <string.h>

#include <apr_strings.h>

#define DEPTH 8                /* of lists and objects in a header or in claims */
#define DIGEST 32
#define INT64_AS_DOUBLE 9.2e18 /* larger times are refused: they could not be cast to int64 */

/* The three parts of a token. All point into the received text. */
typedef struct parts_t {
    const char *text;
    apr_size_t len;
    const char *payload;
    apr_size_t payload_len;
    const char *sig;
    apr_size_t sig_len;
    apr_size_t signed_len;     /* bytes from text on: header, dot and payload, as received */
} parts_t;

apr_status_t um_jwt_sign(apr_pool_t *pool, const um_jwk_t *key, const char *typ, um_json_t *claims, const char **token)
{
    um_json_t *header = um_json_object(pool);
    const char *head, *body, *text;
    unsigned char *sig;
    apr_size_t sig_len;
    apr_status_t status;

    um_json_put_text(header, "typ", typ);
    um_json_put_text(header, "alg", um_jwk_alg(key));
    um_json_put_text(header, "kid", um_jwk_kid(key));
    head = um_json_print(pool, header);
    body = um_json_print(pool, claims);
    text = apr_pstrcat(pool, um_base64url_encode(pool, head, strlen(head)), ".",
                       um_base64url_encode(pool, body, strlen(body)), NULL);
    status = um_jwk_sign(key, pool, text, strlen(text), &sig, &sig_len);
    if (status != APR_SUCCESS) {
        return status;
    }
    text = apr_pstrcat(pool, text, ".", um_base64url_encode(pool, sig, sig_len), NULL);
    if (strlen(text) > UM_JWT_MAX) {
        return APR_ENOSPC;
    }
    *token = text;
    return APR_SUCCESS;
}

static const char *split_token(const char *token, parts_t *parts)
{
    apr_size_t len = token ? strnlen(token, UM_JWT_MAX + 1) : 0;
    const char *first, *second;

    if (len == 0) {
        return "empty";
    }
    if (len > UM_JWT_MAX) {
        return "too long";
    }
    first = memchr(token, '.', len);
    second = first ? strchr(first + 1, '.') : NULL;
    if (second == NULL || strchr(second + 1, '.')) {
        return "not three parts";
    }
    parts->text = token;
    parts->len = len;
    parts->payload = first + 1;
    parts->payload_len = (apr_size_t)(second - parts->payload);
    parts->sig = second + 1;
    parts->sig_len = len - (apr_size_t)(parts->sig - token);
    parts->signed_len = (apr_size_t)(second - token);
    return NULL;
}

/* The JSON object in len characters of base64url text; NULL when there is none. */
static um_json_t *read_object(apr_pool_t *pool, const char *text, apr_size_t len)
{
    unsigned char *bytes;
    apr_size_t bytes_len;
    um_json_doc_t *doc;
    const char *why;

    if (um_base64url_decode(pool, text, len, &bytes, &bytes_len) != APR_SUCCESS
        || um_json_parse(pool, (const char *)bytes, bytes_len, DEPTH, &doc, &why) != APR_SUCCESS) {
        return NULL;
    }
    /* Two texts that differ in an unpaired surrogate would read as the same. */
    if (doc->kind != UM_JSON_OBJECT || (doc->lone && doc->lone->nelts > 0)) {
        return NULL;
    }
    return doc->root;
}

/* NULL equals nothing, so a rule that was forgotten accepts no token. */
static int is_text(um_json_value_t value, const char *want)
{
    return want && value.kind == UM_JSON_STRING && value.len == strlen(want)
           && memcmp(value.text, want, value.len) == 0;
}

static const char *find_key(const um_jwt_rules_t *rules, const um_json_t *header, const um_jwk_t **key)
{
    /* These would let a token bring its own key, change how it is read, or demand an extension that we do not support.
     * */
    static const char *const refused[] = {"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"};
    um_json_value_t kid = um_json_get(header, "kid");
    apr_size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (um_json_get(header, refused[i]).kind != UM_JSON_ABSENT) {
            return "header has a member that is never taken";
        }
    }
    if (kid.kind != UM_JSON_STRING || kid.len == 0 || kid.len > UM_JWT_KID_MAX || strlen(kid.text) != kid.len) {
        return "no usable kid";
    }
    *key = rules->find(rules->baton, kid.text);
    /* Compared again, because the signature cache relies on it that a kid stands for one key. */
    if (*key == NULL || !is_text(kid, um_jwk_kid(*key))) {
        return "unknown kid";
    }
    if (!is_text(um_json_get(header, "alg"), um_jwk_alg(*key))) {
        return "alg is not the key's";
    }
    return NULL;
}

static apr_status_t check_signature(apr_pool_t *pool, const um_jwt_rules_t *rules, const um_jwk_t *key,
                                    const parts_t *parts)
{
    unsigned char digest[DIGEST], *sig;
    apr_size_t sig_len;
    apr_status_t status;
    int cached = rules->cache && !um_jwk_is_secret(key)
                 && um_signature_cache_digest(rules->cache, parts->text, parts->len, digest) == APR_SUCCESS;

    if (cached && um_signature_cache_knows(rules->cache, digest)) {
        return APR_SUCCESS;
    }
    status = um_base64url_decode(pool, parts->sig, parts->sig_len, &sig, &sig_len);
    if (status == APR_SUCCESS) {
        status = um_jwk_verify(key, parts->text, parts->signed_len, sig, sig_len);
    }
    if (cached && status == APR_SUCCESS) {
        um_signature_cache_add(rules->cache, digest);
    }
    return status;
}

/* Times are doubles: a number such as 1e300, cast to an integer, could become any time. */
static int read_time(const um_json_t *claims, const char *name, double absent, double *seconds)
{
    um_json_value_t value = um_json_get(claims, name);

    *seconds = value.kind == UM_JSON_ABSENT ? absent : value.number;
    return value.kind == UM_JSON_ABSENT
           || ((value.kind == UM_JSON_INTEGER || value.kind == UM_JSON_FLOAT)
               && *seconds >= -INT64_AS_DOUBLE && *seconds <= INT64_AS_DOUBLE);
}

static const char *judge_times(const um_jwt_rules_t *rules, const um_json_t *claims)
{
    double leeway = rules->leeway < 0 ? 0 : rules->leeway > UM_JWT_LEEWAY_MAX ? UM_JWT_LEEWAY_MAX : rules->leeway;
    double now = (double)rules->now;
    double exp, nbf, iat;

    if (!read_time(claims, "exp", -INT64_AS_DOUBLE, &exp) || !read_time(claims, "nbf", now, &nbf)
        || !read_time(claims, "iat", now, &iat)) {
        return "a time that is no number of seconds";
    }
    /* Written so that NaN is refused too. */
    if (!(now < exp + leeway)) {
        return "expired, or without exp";
    }
    if (!(nbf <= now + leeway)) {
        return "not valid yet";
    }
    if (!(iat <= now + leeway)) {
        return "issued in the future";
    }
    return NULL;
}

static const char *judge_claims(const um_jwt_rules_t *rules, const um_json_t *claims)
{
    if (claims == NULL) {
        return "payload is not a JSON object";
    }
    if (!is_text(um_json_get(claims, "iss"), rules->issuer)) {
        return "another iss";
    }
    if (rules->audience == NULL || !um_json_has_text(claims, "aud", rules->audience)) {
        return "another aud";
    }
    return judge_times(rules, claims);
}

apr_status_t um_jwt_verify(apr_pool_t *pool, const um_jwt_rules_t *rules, const char *token, um_json_t **claims,
                           const char **why)
{
    const um_jwk_t *key = NULL;
    um_json_t *header, *payload;
    apr_status_t status;
    parts_t parts;

    *claims = NULL;
    *why = split_token(token, &parts);
    if (*why) {
        return APR_EINVAL;
    }
    header = read_object(pool, parts.text, (apr_size_t)(parts.payload - 1 - parts.text));
    *why = header ? find_key(rules, header, &key) : "header is not a JSON object";
    if (*why) {
        return APR_EINVAL;
    }
    status = check_signature(pool, rules, key, &parts);
    if (status != APR_SUCCESS) {
        *why = status == APR_EINVAL ? "bad signature" : "signature could not be checked";
        return status;
    }
    if (!is_text(um_json_get(header, "typ"), rules->typ)) {
        *why = "another typ";
        return APR_EINVAL;
    }
    payload = read_object(pool, parts.payload, parts.payload_len);
    *why = judge_claims(rules, payload);
    if (*why) {
        return APR_EINVAL;
    }
    *claims = payload;
    return APR_SUCCESS;
}
