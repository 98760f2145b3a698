/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "testkey.h"
#include "jose_private.h"

#include <apr_general.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#define DATA "eyJhbGciOiJub25lIn0.e30"

static apr_pool_t *pool;
static const char *p256_pem, *ed25519_pem, *rsa_pem;
static um_pkey_t *p256, *ed25519, *rsa;
static int errors_left;

static const char *parse(const char *pem, um_pkey_t **key)
{
    const char *why = "not parsed";
    apr_status_t status;

    *key = NULL;
    ERR_clear_error();
    status = um_pkey_parse(pool, pem, strlen(pem), key, &why);
    errors_left += ERR_peek_error() != 0;
    return status == APR_SUCCESS ? NULL : why;
}

static EVP_PKEY *evp_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *evp = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return evp;
}

/* The form before PKCS#8, "BEGIN RSA PRIVATE KEY" and "BEGIN EC PRIVATE KEY". */
static const char *old_pem(EVP_PKEY *evp, const EVP_CIPHER *cipher)
{
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char pass[] = "secret";
    char *text;
    const char *pem;
    long len;

    PEM_write_bio_PrivateKey_traditional(bio, evp, cipher, cipher ? pass : NULL, cipher ? 6 : 0, NULL, NULL);
    len = BIO_get_mem_data(bio, &text);
    pem = apr_pstrmemdup(pool, text, (apr_size_t)len);
    BIO_free(bio);
    EVP_PKEY_free(evp);
    return pem;
}

static EVP_PKEY *with_compressed_point(EVP_PKEY *evp)
{
    EVP_PKEY_set_utf8_string_param(evp, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed");
    return evp;
}

static void try_kind(const char *name, const char *pem, const char *alg, int can_sign, apr_size_t want_len)
{
    unsigned char *sig = NULL;
    apr_size_t len = 0;
    um_pkey_t *key;
    const char *why = parse(pem, &key);

    if (!ok(why == NULL, "the key is accepted: %s%s%s", name, why ? ": " : "", why ? why : "")) {
        return;
    }
    is_text(um_pkey_alg(key), alg, name);
    is_int(um_pkey_can_sign(key), can_sign, name);
    is_int(um_pkey_sign(key, pool, DATA, strlen(DATA), &sig, &len), can_sign ? APR_SUCCESS : APR_EINVAL,
           "the key signs if it is private");
    is_int((long long)len, can_sign ? (long long)want_len : 0, "a signature of the right length");
    ok(!can_sign || um_pkey_verify(key, DATA, strlen(DATA), sig, len) == APR_SUCCESS,
       "the key verifies its own signature");
}

static void test_kinds(void)
{
    try_kind("Ed25519", ed25519_pem, "EdDSA", 1, 64);
    try_kind("Ed25519, public", testkey_pem(pool, evp_of(ed25519_pem), 0, NULL), "EdDSA", 0, 64);
    try_kind("P-256", p256_pem, "ES256", 1, 64);
    try_kind("P-256, older form", old_pem(evp_of(p256_pem), NULL), "ES256", 1, 64);
    try_kind("P-256, public", testkey_pem(pool, evp_of(p256_pem), 0, NULL), "ES256", 0, 64);
    try_kind("P-256, public, compressed", testkey_pem(pool, with_compressed_point(evp_of(p256_pem)), 0, NULL),
             "ES256", 0, 64);
    try_kind("P-256 behind its parameters", apr_pstrcat(pool, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
             "-----END EC PARAMETERS-----\n", old_pem(evp_of(p256_pem), NULL), NULL), "ES256", 1, 64);
    try_kind("RSA 3072", rsa_pem, "RS256", 1, 384);
    try_kind("RSA, older form", old_pem(evp_of(rsa_pem), NULL), "RS256", 1, 384);
    try_kind("RSA, public", testkey_pem(pool, evp_of(rsa_pem), 0, NULL), "RS256", 0, 384);
    try_kind("RSA 2048", testkey_pem(pool, EVP_RSA_gen(2048), 1, NULL), "RS256", 1, 256);
}

static void refuse(const char *name, const char *pem, const char *want)
{
    um_pkey_t *key;
    const char *why;

    if (!ok(pem != NULL, "the key is made: %s", name)) {
        return;
    }
    why = parse(pem, &key);
    ok(key == NULL && why && strstr(why, want), "%s is refused: %s", name, why ? why : "(taken)");
}

/* A P-256 key with the secret half of one and the public half of another. */
static EVP_PKEY *mixed_halves(void)
{
    um_pkey_t *other;
    char *pem = NULL;
    EVP_PKEY *evp = evp_of(p256_pem);
    BIGNUM *d = NULL;
    const um_pkey_member_t *members;
    unsigned char bytes[32];

    um_pkey_generate(pool, "ES256", &pem);
    parse(pem, &other);
    members = um_pkey_members(other);
    EVP_PKEY_get_bn_param(evp, OSSL_PKEY_PARAM_PRIV_KEY, &d);
    BN_bn2binpad(d, bytes, 32);
    BN_clear_free(d);
    EVP_PKEY_free(evp);
    return testkey_p256(pool, members[2].value, members[3].value, um_base64url_encode(pool, bytes, 32));
}

static EVP_PKEY *rsa_pss(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *evp = NULL;

    EVP_PKEY_keygen_init(ctx);
    EVP_PKEY_keygen(ctx, &evp);
    EVP_PKEY_CTX_free(ctx);
    return evp;
}

static void test_refused(void)
{
    const char *n = um_pkey_members(rsa)[2].value;
    unsigned char wide[1025];
    char *half = apr_pstrmemdup(pool, p256_pem, strlen(p256_pem) / 2);

    memset(wide, 0xff, sizeof(wide));
    refuse("RSA 1024", testkey_pem(pool, EVP_RSA_gen(1024), 1, NULL), "fewer than 2048");
    refuse("RSA 2040", testkey_pem(pool, EVP_RSA_gen(2040), 1, NULL), "fewer than 2048");
    refuse("RSA 8200", testkey_pem(pool, testkey_rsa(pool, um_base64url_encode(pool, wide, 1025), "AQAB"), 0, NULL),
           "more than 8192");
    refuse("RSA, e = 1", testkey_pem(pool, testkey_rsa(pool, n, "AQ"), 0, NULL), "public exponent");
    refuse("RSA, e = 2", testkey_pem(pool, testkey_rsa(pool, n, "Ag"), 0, NULL), "public exponent");
    refuse("RSA-PSS", testkey_pem(pool, rsa_pss(), 1, NULL), "another type");
    refuse("P-384", testkey_pem(pool, EVP_EC_gen("P-384"), 1, NULL), "another curve");
    refuse("secp256k1", testkey_pem(pool, EVP_EC_gen("secp256k1"), 1, NULL), "another curve");
    refuse("Ed448", testkey_pem(pool, EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), 1, NULL), "another type");
    refuse("X25519", testkey_pem(pool, EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), 0, NULL), "another type");
    refuse("encrypted", testkey_pem(pool, evp_of(p256_pem), 1, EVP_aes_256_cbc()), "encrypted");
    refuse("encrypted, older form", old_pem(evp_of(rsa_pem), EVP_aes_256_cbc()), "encrypted");
    refuse("halves of two keys", testkey_pem(pool, mixed_halves(), 1, NULL), "not that of the private key");
    refuse("nothing", "", "no private or public key");
    refuse("text", "Not a key at all.\n", "no private or public key");
    refuse("half a file", half, "no private or public key");
    refuse("a secret as PEM", "-----BEGIN SECRET KEY-----\nAAAA\n-----END SECRET KEY-----\n",
           "no private or public key");
    is_int(errors_left, 0, "no error is left for the next user of OpenSSL in this thread");
}

/* What a forger tries when he has no signature: each is refused by every key, in its own length and in others'. */
static void test_degenerate(void)
{
    um_pkey_t *const keys[] = {ed25519, p256, rsa};
    unsigned char *good, bytes[1024];
    apr_size_t i, len, at;
    int taken;

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *alg = um_pkey_alg(keys[i]);

        um_pkey_sign(keys[i], pool, DATA, strlen(DATA), &good, &len);
        is_int(um_pkey_verify(keys[i], DATA, strlen(DATA), good, len), APR_SUCCESS, alg);
        is_int(um_pkey_verify(keys[i], "other data", 10, good, len), APR_EINVAL,
               "the signature is refused for other data");
        is_int(um_pkey_verify(keys[i], DATA, strlen(DATA), NULL, 0), APR_EINVAL, "an empty signature is refused");
        memset(bytes, 0, sizeof(bytes));
        memcpy(bytes, good, len);
        for (at = taken = 0; at < sizeof(bytes); at++) {
            taken += at != len && um_pkey_verify(keys[i], DATA, strlen(DATA), bytes, at) != APR_EINVAL;
        }
        is_int(taken, 0, "cut short or longer by zeros");
        for (at = 0; at < len; at++) {
            bytes[at] ^= 0x10;
            taken += um_pkey_verify(keys[i], DATA, strlen(DATA), bytes, len) != APR_EINVAL;
            bytes[at] ^= 0x10;
        }
        is_int(taken, 0, "one bit changed in any byte");
        memset(bytes, 0, sizeof(bytes));
        is_int(um_pkey_verify(keys[i], DATA, strlen(DATA), bytes, len), APR_EINVAL, "a signature of zeros is refused");
        memset(bytes, 0xff, sizeof(bytes));
        is_int(um_pkey_verify(keys[i], DATA, strlen(DATA), bytes, len), APR_EINVAL, "a signature of ones is refused");
        memset(bytes, 0, sizeof(bytes));
        bytes[len - 1] = 1;
        is_int(um_pkey_verify(keys[i], DATA, strlen(DATA), bytes, len), APR_EINVAL, "the signature 1 is refused");
    }
}

/* s -> n - s: the same signature to the mathematics, another text to whoever compares texts. */
static void test_twin(void)
{
    static const unsigned char order[32] = {
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
    };
    unsigned char *sig, twin[64], der[72];
    BIGNUM *n = BN_bin2bn(order, 32, NULL), *s;
    apr_size_t len;

    um_pkey_sign(p256, pool, DATA, strlen(DATA), &sig, &len);
    s = BN_bin2bn(sig + 32, 32, NULL);
    BN_sub(s, n, s);
    memcpy(twin, sig, 32);
    BN_bn2binpad(s, twin + 32, 32);
    is_int(um_pkey_verify(p256, DATA, strlen(DATA), twin, 64), APR_SUCCESS, "the twin (r, n - s) is a signature too");
    BN_add(s, s, n);
    ok(BN_num_bytes(s) > 32 || (BN_bn2binpad(s, twin + 32, 32) == 32
       && um_pkey_verify(p256, DATA, strlen(DATA), twin, 64) == APR_EINVAL), "s + n is not");
    memcpy(twin, order, 32);
    is_int(um_pkey_verify(p256, DATA, strlen(DATA), twin, 64), APR_EINVAL, "r = n is not");
    memcpy(der, "\x30\x44\x02\x20", 4);
    memcpy(der + 4, sig, 32);
    memcpy(der + 36, "\x02\x20", 2);
    memcpy(der + 38, sig + 32, 32);
    is_int(um_pkey_verify(p256, DATA, strlen(DATA), der, 70), APR_EINVAL, "the DER form is not");
    is_int(um_pkey_verify(p256, DATA, strlen(DATA), der, 64), APR_EINVAL,
           "the first 64 bytes of a DER signature are refused");
    BN_free(n);
    BN_free(s);
}

int main(void)
{
    char *pem = NULL;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    ok(um_pkey_generate(pool, "EdDSA", &pem) == APR_SUCCESS && parse(ed25519_pem = pem, &ed25519) == NULL,
       "an EdDSA key is generated and read");
    ok(um_pkey_generate(pool, "ES256", &pem) == APR_SUCCESS && parse(p256_pem = pem, &p256) == NULL,
       "an ES256 key is generated and read");
    ok(um_pkey_generate(pool, "RS256", &pem) == APR_SUCCESS && parse(rsa_pem = pem, &rsa) == NULL,
       "an RS256 key is generated and read");
    is_int(um_pkey_generate(pool, "HS256", &pem), APR_ENOTIMPL, "no HS256 key is a public-key key");
    is_int(um_pkey_generate(pool, "none", &pem), APR_ENOTIMPL, "the algorithm none is not supported");
    test_kinds();
    test_refused();
    test_degenerate();
    test_twin();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
