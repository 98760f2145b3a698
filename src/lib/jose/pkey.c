/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_private.h"

#include <limits.h>

#include <apr_strings.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

struct um_pkey_t {
    const um_pkey_algorithm_t *algorithm;
    EVP_PKEY *evp;                 /* never changed after it was read; OpenSSL locks what it caches inside */
    int can_sign;
    apr_size_t sig_len;
    um_pkey_member_t members[UM_PKEY_MEMBERS];
};

static apr_status_t free_evp(void *data)
{
    EVP_PKEY_free(data);
    return APR_SUCCESS;
}

/* Without this callback OpenSSL would ask at the terminal and stop the start of the server. */
static int refuse_passphrase(char *buf, int size, int writing, void *asked)
{
    (void)buf;
    (void)size;
    (void)writing;
    *(int *)asked = 1;
    return -1;
}

typedef EVP_PKEY *read_fn(BIO *bio, EVP_PKEY **into, pem_password_cb *callback, void *baton);

static EVP_PKEY *read_pem(read_fn *read, const char *pem, apr_size_t len, int *asked)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *evp = bio ? read(bio, NULL, refuse_passphrase, asked) : NULL;

    BIO_free(bio);
    return evp;
}

/* Finds a private key whose public half belongs to another key, before it signs tokens that nobody accepts. */
static int signs_for_itself(const um_pkey_t *key, apr_pool_t *pool)
{
    static const char data[] = "one signature shows that both halves of the key belong together";
    unsigned char *sig;
    apr_size_t len;

    return um_pkey_sign(key, pool, data, sizeof(data), &sig, &len) == APR_SUCCESS
           && um_pkey_verify(key, data, sizeof(data), sig, len) == APR_SUCCESS;
}

static const char *fill_in(um_pkey_t *key, apr_pool_t *pool)
{
    const char *unfit;

    key->algorithm = um_pkey_algorithm_of(key->evp);
    if (key->algorithm == NULL) {
        return "the key is of another type than Ed25519, P-256 and RSA";
    }
    unfit = key->algorithm->unfit(key->evp);
    if (unfit) {
        return unfit;
    }
    if (!key->algorithm->members(pool, key->evp, key->members)) {
        return "the key has no public half";
    }
    key->sig_len = key->algorithm->sig_len ? key->algorithm->sig_len : (apr_size_t)EVP_PKEY_get_size(key->evp);
    if (key->can_sign && !signs_for_itself(key, pool)) {
        return "the public half in the file is not that of the private key";
    }
    return NULL;
}

static const char *parse_text(um_pkey_t *key, apr_pool_t *pool, const char *pem, apr_size_t len)
{
    int asked = 0;

    if (len > INT_MAX) {
        return "too long for a key";
    }
    key->evp = read_pem(PEM_read_bio_PrivateKey, pem, len, &asked);
    key->can_sign = key->evp != NULL;
    if (asked) {
        EVP_PKEY_free(key->evp);
        return "the key is encrypted. The server cannot ask for its passphrase, so store the key decrypted";
    }
    if (key->evp == NULL) {
        key->evp = read_pem(PEM_read_bio_PUBKEY, pem, len, &asked);
    }
    if (key->evp == NULL) {
        return "there is no private or public key in PEM form, and no JWK";
    }
    apr_pool_cleanup_register(pool, key->evp, free_evp, apr_pool_cleanup_null);
    return fill_in(key, pool);
}

apr_status_t um_pkey_parse(apr_pool_t *pool, const char *pem, apr_size_t len, um_pkey_t **key, const char **why)
{
    um_pkey_t *made = apr_pcalloc(pool, sizeof(*made));

    /* No error may stay in the error queue of this thread: the next TLS connection would take it for its own. */
    ERR_set_mark();
    *why = parse_text(made, pool, pem, len);
    ERR_pop_to_mark();
    if (*why) {
        return APR_EINVAL;
    }
    *key = made;
    return APR_SUCCESS;
}

const char *um_pkey_alg(const um_pkey_t *key)
{
    return key->algorithm->alg;
}

int um_pkey_can_sign(const um_pkey_t *key)
{
    return key->can_sign;
}

const um_pkey_member_t *um_pkey_members(const um_pkey_t *key)
{
    return key->members;
}

/* *sig is the signature in the form of OpenSSL, *sig_len bytes in pool. */
static int sign_data(const um_pkey_t *key, apr_pool_t *pool, const void *data, apr_size_t len, unsigned char **sig,
                size_t *sig_len)
{
    const EVP_MD *digest = key->algorithm->digest ? key->algorithm->digest() : NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int good;

    *sig_len = (size_t)EVP_PKEY_get_size(key->evp);
    *sig = apr_palloc(pool, *sig_len);
    good = ctx && EVP_DigestSignInit(ctx, NULL, digest, NULL, key->evp) == 1
           && EVP_DigestSign(ctx, *sig, sig_len, data, len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

apr_status_t um_pkey_sign(const um_pkey_t *key, apr_pool_t *pool, const void *data, apr_size_t len,
                          unsigned char **sig, apr_size_t *sig_len)
{
    unsigned char *made;
    size_t made_len;
    int good;

    if (!key->can_sign) {
        return APR_EINVAL;
    }
    ERR_set_mark();
    good = sign_data(key, pool, data, len, &made, &made_len);
    if (good && key->algorithm->is_ecdsa) {
        unsigned char *der = made;

        made = apr_palloc(pool, key->sig_len);
        good = um_ecdsa_to_raw(der, made_len, made) == APR_SUCCESS;
        made_len = key->sig_len;
    }
    ERR_pop_to_mark();
    if (!good || made_len != key->sig_len) {
        return APR_EGENERAL;
    }
    *sig = made;
    *sig_len = made_len;
    return APR_SUCCESS;
}

static apr_status_t verify_data(const um_pkey_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                           apr_size_t sig_len)
{
    const EVP_MD *digest = key->algorithm->digest ? key->algorithm->digest() : NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    apr_status_t status = APR_EGENERAL;

    if (ctx && EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key->evp) == 1) {
        /* Only 1 means valid; an error is negative. */
        status = EVP_DigestVerify(ctx, sig, sig_len, data, len) == 1 ? APR_SUCCESS : APR_EINVAL;
    }
    EVP_MD_CTX_free(ctx);
    return status;
}

apr_status_t um_pkey_verify(const um_pkey_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                            apr_size_t sig_len)
{
    unsigned char der[UM_ECDSA_DER];
    apr_status_t status;

    if (sig_len != key->sig_len) {
        return APR_EINVAL;
    }
    if (key->algorithm->is_ecdsa) {
        if (um_ecdsa_to_der(sig, der, &sig_len) != APR_SUCCESS) {
            return APR_EINVAL;
        }
        sig = der;
    }
    ERR_set_mark();
    status = verify_data(key, data, len, sig, sig_len);
    ERR_pop_to_mark();
    return status;
}

apr_status_t um_pkey_generate(apr_pool_t *pool, const char *alg, char **pem)
{
    const um_pkey_algorithm_t *algorithm = um_pkey_algorithm_named(alg);
    apr_status_t status = APR_EGENERAL;
    EVP_PKEY *evp;
    char *text;
    BIO *bio;
    long len;

    if (algorithm == NULL) {
        return APR_ENOTIMPL;
    }
    ERR_set_mark();
    evp = algorithm->make();
    bio = BIO_new(BIO_s_secmem());
    if (evp && bio && PEM_write_bio_PKCS8PrivateKey(bio, evp, NULL, NULL, 0, NULL, NULL) == 1
        && (len = BIO_get_mem_data(bio, &text)) > 0) {
        *pem = apr_pstrmemdup(pool, text, (apr_size_t)len);
        status = APR_SUCCESS;
    }
    BIO_free(bio);
    EVP_PKEY_free(evp);
    ERR_pop_to_mark();
    return status;
}
