/* SPDX-License-Identifier: Apache-2.0 */
#include "jwk.h"

#include "base64url.h"
#include "hmackey.h"
#include "jose_private.h"
#include "json.h"
#include "random.h"
#include "secret_file.h"
#include "wipe.h"

#include <string.h>

#include <apr_strings.h>

#include <openssl/err.h>

#define SECRET_NEW 32          /* bytes of a new secret */
#define DEPTH 4                /* of a JWK's JSON: ours has 1, those of other programs may have lists */
#define SHA256 32

struct um_jwk_t {
    enum { PKEY, HMAC } type;
    union {
        um_pkey_t *pkey;       /* PKEY */
        um_hmackey_t *hmac;    /* HMAC */
    } of;
    const char *kid;
};

/* RFC 7638 section 3: the SHA-256 of the required members, in the order of their names and without white space. It is
 * computed in pieces, so that no text with a secret is left in memory. NULL: OpenSSL failed. */
static const char *thumbprint(apr_pool_t *pool, const um_pkey_member_t *member)
{
    unsigned char digest[SHA256];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const char *open = "{\"";
    int good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

    for (; good && member->name; member++, open = ",\"") {
        good = EVP_DigestUpdate(ctx, open, 2) == 1 && EVP_DigestUpdate(ctx, member->name, strlen(member->name)) == 1
               && EVP_DigestUpdate(ctx, "\":\"", 3) == 1
               && EVP_DigestUpdate(ctx, member->value, strlen(member->value)) == 1
               && EVP_DigestUpdate(ctx, "\"", 1) == 1;
    }
    good = good && EVP_DigestUpdate(ctx, "}", 1) == 1 && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return good ? um_base64url_encode(pool, digest, sizeof(digest)) : NULL;
}

static int is_exactly(um_json_value_t value, const char *text)
{
    return value.kind == UM_JSON_STRING && value.len == strlen(text) && memcmp(value.text, text, value.len) == 0;
}

static int is_text_or_absent(const um_json_t *object, const char *name, const char *text)
{
    um_json_value_t value = um_json_get(object, name);

    return value.kind == UM_JSON_ABSENT || is_exactly(value, text);
}

static const char *use_secret(um_jwk_t *key, apr_pool_t *pool, um_json_value_t k)
{
    um_pkey_member_t members[] = {{"k", k.text}, {"kty", "oct"}, {NULL, NULL}};
    unsigned char *secret;
    apr_size_t len;
    apr_status_t status;

    if (k.kind != UM_JSON_STRING || um_base64url_decode(pool, k.text, k.len, &secret, &len) != APR_SUCCESS) {
        return "k of the JWK is not base64url text without padding";
    }
    key->type = HMAC;
    key->kid = thumbprint(pool, members);
    status = um_hmackey_create(pool, secret, len, &key->of.hmac);
    um_wipe(secret, len);
    if (status == APR_EINVAL) {
        return "the secret has fewer than 32 bytes";
    }
    return status == APR_SUCCESS ? NULL : "OpenSSL refuses the secret";
}

static const char *use_jwk(um_jwk_t *key, apr_pool_t *pool, const um_json_t *object)
{
    um_json_value_t k = um_json_get(object, "k");
    const char *why;

    if (!is_exactly(um_json_get(object, "kty"), "oct")) {
        why = "the JWK has another kty than oct. Public and private keys must be in PEM form";
    }
    else if (!is_text_or_absent(object, "alg", "HS256")) {
        why = "the JWK is for another alg than HS256";
    }
    else if (!is_text_or_absent(object, "use", "sig")) {
        why = "the JWK is for another use than sig";
    }
    else {
        why = use_secret(key, pool, k);
    }
    if (k.kind == UM_JSON_STRING) {
        /* The document is freed next, and the secret must not stay in freed memory. */
        um_wipe(k.text, k.len);
    }
    return why;
}

static const char *parse_jwk(um_jwk_t *key, apr_pool_t *pool, const char *text, apr_size_t len)
{
    um_json_doc_t *doc;
    apr_pool_t *scratch;
    const char *why;

    if (apr_pool_create(&scratch, pool) != APR_SUCCESS) {
        return "out of memory";
    }
    if (um_json_parse(scratch, text, len, DEPTH, &doc, &why) != APR_SUCCESS) {
        why = apr_pstrcat(pool, "not JSON: ", why, NULL);
    }
    else {
        why = use_jwk(key, pool, doc->root);       /* an object, because the text begins with a brace */
    }
    apr_pool_destroy(scratch);
    return why;
}

static const char *parse_pem(um_jwk_t *key, apr_pool_t *pool, const char *text, apr_size_t len)
{
    const char *why = NULL;

    key->type = PKEY;
    if (um_pkey_parse(pool, text, len, &key->of.pkey, &why) == APR_SUCCESS) {
        key->kid = thumbprint(pool, um_pkey_members(key->of.pkey));
    }
    return why;
}

apr_status_t um_jwk_parse(apr_pool_t *pool, const char *text, apr_size_t len, um_jwk_t **key, const char **why)
{
    um_jwk_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_size_t first = 0;

    while (first < len && strchr(" \t\r\n", text[first]) && text[first]) {
        first++;
    }
    ERR_set_mark();
    *why = first < len && text[first] == '{' ? parse_jwk(made, pool, text, len) : parse_pem(made, pool, text, len);
    ERR_pop_to_mark();
    if (*why == NULL && made->kid == NULL) {
        *why = "the thumbprint of the key could not be computed: SHA-256 failed";
    }
    if (*why) {
        return APR_EINVAL;
    }
    *key = made;
    return APR_SUCCESS;
}

apr_status_t um_jwk_read(apr_pool_t *pool, const char *file, um_jwk_t **key, const char **why)
{
    char *text;
    apr_size_t len;
    apr_status_t status = um_secret_file_read(pool, file, &text, &len, why);

    if (status == APR_SUCCESS) {
        status = um_jwk_parse(pool, text, len, key, why);
        um_wipe(text, len);
    }
    return status;
}

const char *um_jwk_alg(const um_jwk_t *key)
{
    return key->type == HMAC ? "HS256" : um_pkey_alg(key->of.pkey);
}

const char *um_jwk_kid(const um_jwk_t *key)
{
    return key->kid;
}

int um_jwk_can_sign(const um_jwk_t *key)
{
    return key->type == HMAC || um_pkey_can_sign(key->of.pkey);
}

int um_jwk_is_secret(const um_jwk_t *key)
{
    return key->type == HMAC;
}

um_json_t *um_jwk_public(const um_jwk_t *key, apr_pool_t *pool)
{
    const um_pkey_member_t *member;
    um_json_t *object;

    if (key->type == HMAC) {
        return NULL;
    }
    object = um_json_object(pool);
    for (member = um_pkey_members(key->of.pkey); member->name; member++) {
        um_json_put_text(object, member->name, member->value);
    }
    um_json_put_text(object, "use", "sig");
    um_json_put_text(object, "alg", um_jwk_alg(key));
    um_json_put_text(object, "kid", key->kid);
    return object;
}

apr_status_t um_jwk_sign(const um_jwk_t *key, apr_pool_t *pool, const void *data, apr_size_t len,
                         unsigned char **sig, apr_size_t *sig_len)
{
    if (key->type == HMAC) {
        *sig = apr_palloc(pool, UM_HMACKEY_SIG);
        *sig_len = UM_HMACKEY_SIG;
        return um_hmackey_sign(key->of.hmac, data, len, *sig);
    }
    return um_pkey_sign(key->of.pkey, pool, data, len, sig, sig_len);
}

apr_status_t um_jwk_verify(const um_jwk_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                           apr_size_t sig_len)
{
    return key->type == HMAC ? um_hmackey_verify(key->of.hmac, data, len, sig, sig_len)
                             : um_pkey_verify(key->of.pkey, data, len, sig, sig_len);
}

static apr_status_t generate_secret(apr_pool_t *pool, char **text)
{
    unsigned char secret[SECRET_NEW];
    apr_status_t status = um_random_bytes(secret, sizeof(secret));

    if (status == APR_SUCCESS) {
        char *k = (char *)um_base64url_encode(pool, secret, sizeof(secret));

        *text = apr_pstrcat(pool, "{\"kty\":\"oct\",\"alg\":\"HS256\",\"use\":\"sig\",\"k\":\"", k, "\"}\n", NULL);
        um_wipe(k, strlen(k));
        um_wipe(secret, sizeof(secret));
    }
    return status;
}

apr_status_t um_jwk_create(apr_pool_t *pool, const char *alg, const char *file, const char **why)
{
    char *text;
    apr_status_t status = strcmp(alg, "HS256") == 0 ? generate_secret(pool, &text) : um_pkey_generate(pool, alg, &text);

    if (status == APR_ENOTIMPL) {
        *why = "the algorithm is not one of EdDSA, ES256, RS256 and HS256";
    }
    else if (status != APR_SUCCESS) {
        *why = "OpenSSL could not make a key";
    }
    else {
        status = um_secret_file_create(pool, file, text, strlen(text), why);
        um_wipe(text, strlen(text));
    }
    return status;
}
