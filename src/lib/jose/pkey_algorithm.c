/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_private.h"
#include "base64url.h"

#include <string.h>
#include <strings.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>

#define COORDINATE 32          /* bytes of x and of y on P-256 */
#define ED25519_PUBLIC 32
#define ED25519_SIG 64
#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 8192      /* a larger one only costs time */
#define RSA_NEW_BITS 3072

/* A public number of the key as base64url text of exactly len bytes; len 0: of as many as it needs. NULL: OpenSSL
 * failed. */
static const char *number_text(apr_pool_t *pool, const EVP_PKEY *evp, const char *param, int len)
{
    BIGNUM *number = NULL;
    const char *text = NULL;

    if (EVP_PKEY_get_bn_param(evp, param, &number) == 1) {
        int wide = len ? len : BN_num_bytes(number);
        unsigned char *bytes = apr_palloc(pool, (apr_size_t)wide);

        if (BN_bn2binpad(number, bytes, wide) == wide) {
            text = um_base64url_encode(pool, bytes, (apr_size_t)wide);
        }
    }
    BN_free(number);
    return text;
}

static const char *ed25519_unfit(const EVP_PKEY *evp)
{
    (void)evp;
    return NULL;
}

static int ed25519_members(apr_pool_t *pool, const EVP_PKEY *evp, um_pkey_member_t *members)
{
    unsigned char raw[ED25519_PUBLIC];
    size_t len = sizeof(raw);

    if (EVP_PKEY_get_raw_public_key(evp, raw, &len) != 1 || len != sizeof(raw)) {
        return 0;
    }
    members[0] = (um_pkey_member_t){"crv", "Ed25519"};
    members[1] = (um_pkey_member_t){"kty", "OKP"};
    members[2] = (um_pkey_member_t){"x", um_base64url_encode(pool, raw, sizeof(raw))};
    return 1;
}

static EVP_PKEY *ed25519_make(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static const char *p256_unfit(const EVP_PKEY *evp)
{
    char group[64];
    size_t len = 0;

    if (EVP_PKEY_get_group_name(evp, group, sizeof(group), &len) != 1
        || (strcasecmp(group, "prime256v1") != 0 && strcasecmp(group, "P-256") != 0)) {
        return "the key is on another curve than P-256";
    }
    return NULL;
}

static int p256_members(apr_pool_t *pool, const EVP_PKEY *evp, um_pkey_member_t *members)
{
    members[0] = (um_pkey_member_t){"crv", "P-256"};
    members[1] = (um_pkey_member_t){"kty", "EC"};
    members[2] = (um_pkey_member_t){"x", number_text(pool, evp, OSSL_PKEY_PARAM_EC_PUB_X, COORDINATE)};
    members[3] = (um_pkey_member_t){"y", number_text(pool, evp, OSSL_PKEY_PARAM_EC_PUB_Y, COORDINATE)};
    return members[2].value && members[3].value;
}

static EVP_PKEY *p256_make(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

static const char *rsa_unfit(const EVP_PKEY *evp)
{
    int bits = EVP_PKEY_get_bits(evp);
    BIGNUM *exponent = NULL;
    int sound;

    if (bits < RSA_MIN_BITS) {
        return "the RSA key has fewer than 2048 bits";
    }
    if (bits > RSA_MAX_BITS) {
        return "the RSA key has more than 8192 bits";
    }
    /* With e = 1 a signature is its own padded message, so anybody could forge one. */
    sound = EVP_PKEY_get_bn_param(evp, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 && BN_is_odd(exponent)
            && !BN_is_one(exponent);
    BN_free(exponent);
    return sound ? NULL : "the RSA key has a bad public exponent";
}

static int rsa_members(apr_pool_t *pool, const EVP_PKEY *evp, um_pkey_member_t *members)
{
    members[0] = (um_pkey_member_t){"e", number_text(pool, evp, OSSL_PKEY_PARAM_RSA_E, 0)};
    members[1] = (um_pkey_member_t){"kty", "RSA"};
    members[2] = (um_pkey_member_t){"n", number_text(pool, evp, OSSL_PKEY_PARAM_RSA_N, 0)};
    return members[0].value && members[2].value;
}

static EVP_PKEY *rsa_make(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_NEW_BITS);
}

static const um_pkey_algorithm_t algorithms[] = {
    {
        .alg = "EdDSA", .type = "ED25519", .digest = NULL, .sig_len = ED25519_SIG, .is_ecdsa = 0,
        .unfit = ed25519_unfit, .members = ed25519_members, .make = ed25519_make,
    },
    {
        .alg = "ES256", .type = "EC", .digest = EVP_sha256, .sig_len = UM_ECDSA_RAW, .is_ecdsa = 1,
        .unfit = p256_unfit, .members = p256_members, .make = p256_make,
    },
    {
        .alg = "RS256", .type = "RSA", .digest = EVP_sha256, .sig_len = 0, .is_ecdsa = 0,
        .unfit = rsa_unfit, .members = rsa_members, .make = rsa_make,
    },
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

const um_pkey_algorithm_t *um_pkey_algorithm_of(const EVP_PKEY *evp)
{
    apr_size_t i;

    for (i = 0; i < ALGORITHMS; i++) {
        if (EVP_PKEY_is_a(evp, algorithms[i].type)) {
            return &algorithms[i];
        }
    }
    return NULL;
}

const um_pkey_algorithm_t *um_pkey_algorithm_named(const char *alg)
{
    apr_size_t i;

    for (i = 0; i < ALGORITHMS; i++) {
        if (strcmp(alg, algorithms[i].alg) == 0) {
            return &algorithms[i];
        }
    }
    return NULL;
}
