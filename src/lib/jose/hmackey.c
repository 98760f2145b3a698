/* SPDX-License-Identifier: Apache-2.0 */
#include "hmackey.h"

#include "wipe.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

struct um_hmackey_t {
    EVP_MAC_CTX *keyed;        /* never updated, only copied, which needs no lock */
};

static apr_status_t free_keyed(void *data)
{
    EVP_MAC_CTX_free(data);
    return APR_SUCCESS;
}

static EVP_MAC_CTX *make_keyed(const unsigned char *secret, apr_size_t len)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

    EVP_MAC_free(mac);
    if (ctx && EVP_MAC_init(ctx, secret, len, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

apr_status_t um_hmackey_create(apr_pool_t *pool, const unsigned char *secret, apr_size_t len, um_hmackey_t **key)
{
    EVP_MAC_CTX *keyed;

    if (len < UM_HMACKEY_MIN) {
        return APR_EINVAL;
    }
    ERR_set_mark();
    keyed = make_keyed(secret, len);
    ERR_pop_to_mark();
    if (keyed == NULL) {
        return APR_EGENERAL;
    }
    *key = apr_palloc(pool, sizeof(**key));
    (*key)->keyed = keyed;
    apr_pool_cleanup_register(pool, keyed, free_keyed, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

apr_status_t um_hmackey_sign(const um_hmackey_t *key, const void *data, apr_size_t len,
                             unsigned char sig[UM_HMACKEY_SIG])
{
    EVP_MAC_CTX *ctx;
    size_t made = 0;
    int good;

    ERR_set_mark();
    ctx = EVP_MAC_CTX_dup(key->keyed);
    good = ctx && EVP_MAC_update(ctx, data, len) == 1 && EVP_MAC_final(ctx, sig, &made, UM_HMACKEY_SIG) == 1
           && made == UM_HMACKEY_SIG;
    EVP_MAC_CTX_free(ctx);
    ERR_pop_to_mark();
    return good ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t um_hmackey_verify(const um_hmackey_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                               apr_size_t sig_len)
{
    unsigned char want[UM_HMACKEY_SIG];
    apr_status_t status;

    if (sig_len != sizeof(want)) {
        return APR_EINVAL;
    }
    status = um_hmackey_sign(key, data, len, want);
    if (status == APR_SUCCESS && CRYPTO_memcmp(want, sig, sizeof(want)) != 0) {
        status = APR_EINVAL;
    }
    um_wipe(want, sizeof(want));
    return status;
}
