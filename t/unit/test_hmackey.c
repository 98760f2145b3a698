/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "hmackey.h"
#include "base64url.h"

#include <apr_general.h>

static apr_pool_t *pool;

/* RFC 4231 4.7 and 4.8, the two whose keys are long enough for HS256. */
static const struct { const char *data; const char *want; } vectors[] = {
    {"Test Using Larger Than Block-Size Key - Hash Key First", "YOQxWR7gtn8Niiaqy_W3f44LxiE3KMUUBUYEDw7jf1Q"},
    {"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed "
     "before being used by the HMAC algorithm.", "mwn_pxuUL8snY1-81bDpRL_cY2RPBxOTin9RU1w6NeI"}
};

static void test_vectors(void)
{
    unsigned char secret[131], sig[UM_HMACKEY_SIG];
    um_hmackey_t *key = NULL;
    apr_size_t i;
    int round;

    memset(secret, 0xaa, sizeof(secret));
    is_int(um_hmackey_create(pool, secret, sizeof(secret), &key), APR_SUCCESS, "a key of 131 bytes");
    memset(secret, 0, sizeof(secret));
    for (round = 0; round < 2; round++) {
        for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
            um_hmackey_sign(key, vectors[i].data, strlen(vectors[i].data), sig);
            is_text(um_base64url_encode(pool, sig, sizeof(sig)), vectors[i].want,
                    "RFC 4231, with the caller's copy gone");
        }
    }
}

static void test_verify(void)
{
    unsigned char secret[32] = {1}, sig[64] = {0};
    um_hmackey_t *key, *other;
    int i, good = 0;

    um_hmackey_create(pool, secret, sizeof(secret), &key);
    secret[31] = 1;
    um_hmackey_create(pool, secret, sizeof(secret), &other);
    is_int(um_hmackey_verify(key, "data", 4, sig, 32), APR_EINVAL, "a signature of zeros is refused");
    um_hmackey_sign(key, "data", 4, sig);
    is_int(um_hmackey_verify(key, "data", 4, sig, 32), APR_SUCCESS, "the signature of the key is verified");
    is_int(um_hmackey_verify(key, "date", 4, sig, 32), APR_EINVAL, "the signature is refused for other data");
    is_int(um_hmackey_verify(other, "data", 4, sig, 32), APR_EINVAL, "the signature is refused by another key");
    for (i = 0; i <= 64; i++) {
        good += i != 32 && um_hmackey_verify(key, "data", 4, sig, (apr_size_t)i) != APR_EINVAL;
    }
    is_int(good, 0, "every other length from 0 to 64 is refused");
    is_int(um_hmackey_verify(key, "data", 4, NULL, 0), APR_EINVAL, "no signature at all");
    for (i = 0; i < 256; i++) {
        sig[i / 8] ^= (unsigned char)(1 << i % 8);
        good += um_hmackey_verify(key, "data", 4, sig, 32) != APR_EINVAL;
        sig[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    is_int(good, 0, "each flipped bit is noticed");
    is_int(um_hmackey_create(pool, secret, 31, &key), APR_EINVAL, "31 bytes are too few for a secret");
    is_int(um_hmackey_create(pool, secret, 0, &key), APR_EINVAL, "a secret without bytes is refused");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_vectors();
    test_verify();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
