/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "json.h"
#include "testkey.h"
#include "jwk.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_general.h>

/* RFC 7515 A.1 to A.3 sign this. */
#define JOE "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define A1_K "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define A2_N \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ" \
    "S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2" \
    "R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD" \
    "TW9gb54h4FRWyuXpoQ"
#define A2_SIG \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU" \
    "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d" \
    "O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig" \
    "cN_IoypGlUPQGe77Rw"
#define A3_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define A3_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define A3_D "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
/* RFC 8037 A.1 */
#define A1_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define A1_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
/* RFC 7638 3.1 */
#define R7638_N \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3" \
    "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA" \
    "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-" \
    "kEgU8awapJzKnqDKgw"
#define K32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define K31 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"

static apr_pool_t *pool;

static um_jwk_t *parse(const char *text)
{
    um_jwk_t *key = NULL;
    const char *why = NULL;

    if (text == NULL || um_jwk_parse(pool, text, strlen(text), &key, &why) != APR_SUCCESS) {
        printf("# %s\n", why ? why : "(no text)");
        return NULL;
    }
    return key;
}

static void try_vector(const char *name, const char *text, const char *alg, const char *kid, const char *input,
                       const char *sig_text)
{
    um_jwk_t *key = parse(text);
    unsigned char *sig, *made;
    apr_size_t len, made_len;

    if (!ok(key != NULL, "the key is read: %s", name)) {
        return;
    }
    is_text(um_jwk_alg(key), alg, name);
    if (kid) {
        is_text(um_jwk_kid(key), kid, "the kid is the thumbprint of RFC 7638");
    }
    if (input == NULL) {
        return;
    }
    ok(um_base64url_decode(pool, sig_text, strlen(sig_text), &sig, &len) == APR_SUCCESS
       && um_jwk_verify(key, input, strlen(input), sig, len) == APR_SUCCESS, "%s: its signature is good", name);
    sig[3] ^= 1;
    is_int(um_jwk_verify(key, input, strlen(input), sig, len), APR_EINVAL, "changed it is not");
    if (um_jwk_can_sign(key)) {
        ok(um_jwk_sign(key, pool, input, strlen(input), &made, &made_len) == APR_SUCCESS && made_len == len
           && um_jwk_verify(key, input, strlen(input), made, made_len) == APR_SUCCESS, "the key signs: %s", name);
        sig[3] ^= 1;
        ok(strcmp(alg, "ES256") == 0 || memcmp(sig, made, len) == 0, "%s: the very signature of the RFC", name);
    }
}

static void test_vectors(void)
{
    try_vector("RFC 7515 A.1", "{\"kty\":\"oct\",\r\n \"k\":\"" A1_K "\"\r\n}", "HS256", NULL,
               "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    try_vector("RFC 7515 A.2", testkey_pem(pool, testkey_rsa(pool, A2_N, "AQAB"), 0, NULL), "RS256", NULL,
               "eyJhbGciOiJSUzI1NiJ9." JOE, A2_SIG);
    try_vector("RFC 7515 A.3", testkey_pem(pool, testkey_p256(pool, A3_X, A3_Y, A3_D), 1, NULL), "ES256", NULL,
               "eyJhbGciOiJFUzI1NiJ9." JOE,
               "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    try_vector("RFC 8037 A.4", testkey_pem(pool, testkey_ed25519(pool, NULL, A1_D), 1, NULL), "EdDSA",
               "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
               "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
               "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    try_vector("RFC 7638 3.1", testkey_pem(pool, testkey_rsa(pool, R7638_N, "AQAB"), 0, NULL), "RS256",
               "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", NULL, NULL);
    /* No RFC prints these two; computed apart from this library. */
    try_vector("P-256 thumbprint", testkey_pem(pool, testkey_p256(pool, A3_X, A3_Y, NULL), 0, NULL), "ES256",
               "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", NULL, NULL);
    try_vector("secret's thumbprint", "{\"kty\":\"oct\",\"k\":\"" K32 "\"}", "HS256",
               "WqjPPRvAP8oYbAqCwMErhzTg-Quaz-vLx_cef07yhOs", NULL, NULL);
}

/* want: NULL where the text is taken. */
static const struct { const char *text; const char *want; } secrets[] = {
    {"{\"kty\":\"oct\",\"k\":\"" K32 "\"}", NULL},
    {" \r\n\t{\"k\":\"" K32 "\",\"kty\":\"oct\",\"alg\":\"HS256\",\"use\":\"sig\",\"kid\":\"mine\","
     "\"key_ops\":[\"sign\"]}\n", NULL},
    {"{\"kty\":\"oct\",\"k\":\"" K31 "\"}", "fewer than 32"},
    {"{\"kty\":\"oct\",\"k\":\"\"}", "fewer than 32"},
    {"{\"kty\":\"oct\",\"k\":\"" K32 "=\"}", "not base64url"},
    {"{\"kty\":\"oct\",\"k\":\"" K32 " \"}", "not base64url"},
    {"{\"kty\":\"oct\",\"k\":\"" K32 "\\u0000\"}", "not base64url"},
    {"{\"kty\":\"oct\",\"k\":[\"" K32 "\"]}", "not base64url"},
    {"{\"kty\":\"oct\",\"k\":12345678901234567890123456789012}", "not base64url"},
    {"{\"kty\":\"oct\"}", "not base64url"},
    {"{\"kty\":\"OCT\",\"k\":\"" K32 "\"}", "another kty"},
    {"{\"kty\":\"oct\\u0000\",\"k\":\"" K32 "\"}", "another kty"},
    {"{\"kty\":[\"oct\"],\"k\":\"" K32 "\"}", "another kty"},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" A1_X "\"}", "another kty"},
    {"{\"k\":\"" K32 "\"}", "another kty"},
    {"{\"kty\":\"oct\",\"k\":\"" K32 "\",\"alg\":\"HS512\"}", "another alg"},
    {"{\"kty\":\"oct\",\"k\":\"" K32 "\",\"alg\":null}", "another alg"},
    {"{\"kty\":\"oct\",\"k\":\"" K32 "\",\"use\":\"enc\"}", "another use"},
    {"{\"kty\":\"oct\",\"k\":\"" K32 "\",\"k\":\"" K31 "AA\"}", "not JSON"},
    {"{\"kty\":\"oct\",\"k\":\"" K32 "\"", "not JSON"},
    {"{\"kty\":\"oct\",\"k\":\"" K32 "\"}x", "not JSON"},
    {"{", "not JSON"},
    {"[{\"kty\":\"oct\",\"k\":\"" K32 "\"}]", "no private or public key"},
    {"   ", "no private or public key"},
    {"", "no private or public key"}
};

static void test_secrets(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        um_jwk_t *key = NULL;
        const char *why = NULL;
        apr_status_t status = um_jwk_parse(pool, secrets[i].text, strlen(secrets[i].text), &key, &why);

        if (secrets[i].want) {
            ok(status == APR_EINVAL && key == NULL && why && strstr(why, secrets[i].want) && !strstr(why, K31),
               "the key is refused, and the reason does not show it: %s", why ? why : "(taken)");
        }
        else {
            ok(status == APR_SUCCESS && um_jwk_is_secret(key) && um_jwk_can_sign(key),
               "the secret is accepted and can sign: %s", secrets[i].text);
            ok(um_jwk_public(key, pool) == NULL, "a secret has no public half");
        }
    }
}

static void test_create(const char *folder, const char *alg, apr_size_t sig_len, const char *members)
{
    const char *file = apr_pstrcat(pool, folder, "/", alg, NULL), *why = NULL, *again = NULL;
    unsigned char *sig;
    um_jwk_t *key = NULL;
    apr_size_t len = 0;
    struct stat st;

    is_int(um_jwk_create(pool, alg, file, &why), APR_SUCCESS, alg);
    ok(stat(file, &st) == 0 && (st.st_mode & 07777) == 0600, "the file of a new key has mode 0600: %s", alg);
    if (!ok(um_jwk_read(pool, file, &key, &why) == APR_SUCCESS, "the new key can be read: %s%s", alg, why ? why : "")) {
        return;
    }
    ok(um_jwk_create(pool, alg, file, &again) != APR_SUCCESS && again, "%s: not over another: %s", alg, again);
    is_text(um_jwk_alg(key), alg, "the kind of key says so");
    is_int((long long)strlen(um_jwk_kid(key)), 43, "the kid of a new key is a thumbprint");
    ok(um_jwk_can_sign(key) && um_jwk_sign(key, pool, "x", 1, &sig, &len) == APR_SUCCESS && len == sig_len
       && um_jwk_verify(key, "x", 1, sig, len) == APR_SUCCESS, "%s: signs and verifies", alg);
    if (members) {
        um_json_t *object = um_jwk_public(key, pool);
        const char *name;
        int n = 3;
        char *last, *list = apr_pstrdup(pool, members);

        for (name = apr_strtok(list, " ", &last); name; name = apr_strtok(NULL, " ", &last), n++) {
            ok(um_json_get(object, name).kind == UM_JSON_STRING, "the public form of %s has the member %s", alg, name);
        }
        is_text(um_json_get(object, "kid").text, um_jwk_kid(key), "the public form has the kid");
        is_text(um_json_get(object, "alg").text, alg, "the public form has the algorithm");
        is_text(um_json_get(object, "use").text, "sig", "the public form has the use");
        for (name = um_json_print(pool, object); (name = strchr(name, ':')); name++) {
            n--;
        }
        is_int(n, 0, "the public form has no other member, and no private one");
    }
    unlink(file);
}

int main(void)
{
    const char *base, *folder, *why = NULL;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_temp_dir_get(&base, pool);
    folder = mkdtemp(apr_pstrcat(pool, base, "/test_jwk.XXXXXX", NULL));
    test_vectors();
    test_secrets();
    test_create(folder, "EdDSA", 64, "kty crv x");
    test_create(folder, "ES256", 64, "kty crv x y");
    test_create(folder, "RS256", 384, "kty n e");
    test_create(folder, "HS256", 32, NULL);
    is_int(um_jwk_create(pool, "none", apr_pstrcat(pool, folder, "/none", NULL), &why), APR_ENOTIMPL, why);
    is_int(um_jwk_create(pool, "eddsa", apr_pstrcat(pool, folder, "/none", NULL), &why), APR_ENOTIMPL, why);
    ok(um_jwk_create(pool, "HS256", apr_pstrcat(pool, folder, "/no/key", NULL), &why) != APR_SUCCESS, "%s", why);
    ok(rmdir(folder) == 0, "nothing was left behind");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
