/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TESTKEY_H
#define UM_TESTKEY_H
/* Keys for tests: made from the numbers that an RFC prints, and turned into the PEM text that the library reads. */
#include <string.h>

#include <apr_strings.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base64url.h"

/* PEM text of the key; frees evp. cipher: encrypted with the passphrase "secret", or NULL. */
__attribute__((unused))
static const char *testkey_pem(apr_pool_t *pool, EVP_PKEY *evp, int is_private, const EVP_CIPHER *cipher)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *pem = NULL;
    char *text;
    long len;

    if (evp && (is_private ? PEM_write_bio_PKCS8PrivateKey(bio, evp, cipher, cipher ? "secret" : NULL, cipher ? 6 : 0,
                                                           NULL, NULL)
                           : PEM_write_bio_PUBKEY(bio, evp)) == 1) {
        len = BIO_get_mem_data(bio, &text);
        pem = apr_pstrmemdup(pool, text, (apr_size_t)len);
    }
    BIO_free(bio);
    EVP_PKEY_free(evp);
    return pem;
}

static EVP_PKEY *testkey_from(const char *type, OSSL_PARAM_BLD *bld)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *evp = NULL;

    EVP_PKEY_fromdata_init(ctx);
    EVP_PKEY_fromdata(ctx, &evp, EVP_PKEY_KEYPAIR, params);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    return evp;
}

static BIGNUM *testkey_number(apr_pool_t *pool, const char *text)
{
    unsigned char *bytes = NULL;
    apr_size_t len = 0;

    um_base64url_decode(pool, text, strlen(text), &bytes, &len);
    return BN_bin2bn(bytes, (int)len, NULL);
}

/* An RSA public key of the numbers n and e, as a JWK has them. */
__attribute__((unused))
static EVP_PKEY *testkey_rsa(apr_pool_t *pool, const char *n, const char *e)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = testkey_number(pool, n), *exponent = testkey_number(pool, e);
    EVP_PKEY *evp;

    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, modulus);
    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, exponent);
    evp = testkey_from("RSA", bld);
    BN_free(modulus);
    BN_free(exponent);
    return evp;
}

/* A P-256 key of the coordinates x and y; d may be NULL. */
__attribute__((unused))
static EVP_PKEY *testkey_p256(apr_pool_t *pool, const char *x, const char *y, const char *d)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *secret = d ? testkey_number(pool, d) : NULL;
    unsigned char point[65] = {4}, *bytes;
    apr_size_t len;
    EVP_PKEY *evp;

    um_base64url_decode(pool, x, strlen(x), &bytes, &len);
    memcpy(point + 1, bytes, 32);
    um_base64url_decode(pool, y, strlen(y), &bytes, &len);
    memcpy(point + 33, bytes, 32);
    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
    if (secret) {
        OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, secret, 32);
    }
    evp = testkey_from("EC", bld);
    BN_clear_free(secret);
    return evp;
}

/* An Ed25519 key: d its secret, or NULL and x its public half. */
__attribute__((unused))
static EVP_PKEY *testkey_ed25519(apr_pool_t *pool, const char *x, const char *d)
{
    unsigned char *bytes;
    apr_size_t len;

    um_base64url_decode(pool, d ? d : x, strlen(d ? d : x), &bytes, &len);
    return d ? EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, bytes, len)
             : EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, bytes, len);
}
#endif
