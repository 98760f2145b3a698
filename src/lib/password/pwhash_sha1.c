/* SPDX-License-Identifier: Apache-2.0 */
/* One SHA-1 of the password: {SHA} of htpasswd -s, and {SSHA} of LDAP servers with a salt behind the password. Both
 * take a millionth of a second, so they protect no password from whoever reads them; sign-ins replace them. */
#include "pwhash.h"
#include "pwhash_private.h"
#include "wipe.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define OUT 20

/* The digest in bytes[0..19], then the salt, of *len bytes in all. */
static apr_status_t read_bytes(const um_pwhash_family_t *family, const char *hash, unsigned char *bytes,
                               apr_size_t *len)
{
    const char *text = hash + strlen(family->prefix);

    if (um_pwhash_decode_padded(text, strlen(text), bytes, len) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    return (family == &um_pwhash_sha ? *len == OUT : *len > OUT) ? APR_SUCCESS : APR_EINVAL;
}

static apr_status_t sha_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params)
{
    unsigned char bytes[UM_PWHASH_PHC_MOST];
    apr_size_t len;
    apr_status_t status = read_bytes(family, hash, bytes, &len);

    *params = (um_pwhash_params_t){ .family = um_pwhash_sha.name };
    um_wipe(bytes, sizeof(bytes));
    return status;
}

static apr_status_t sha_verify(const um_pwhash_family_t *family, const char *hash, const char *password, apr_size_t len,
                               int *matches)
{
    unsigned char bytes[UM_PWHASH_PHC_MOST], out[OUT];
    apr_size_t bytes_len;
    EVP_MD_CTX *digest;
    int good;

    if (read_bytes(family, hash, bytes, &bytes_len) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    ERR_set_mark();
    digest = EVP_MD_CTX_new();
    good = digest && EVP_DigestInit_ex(digest, EVP_sha1(), NULL) && EVP_DigestUpdate(digest, password, len)
           && EVP_DigestUpdate(digest, bytes + OUT, bytes_len - OUT) && EVP_DigestFinal_ex(digest, out, NULL);
    EVP_MD_CTX_free(digest);
    ERR_pop_to_mark();
    *matches = good && CRYPTO_memcmp(out, bytes, OUT) == 0;
    um_wipe(out, sizeof(out));
    um_wipe(bytes, sizeof(bytes));
    return good ? APR_SUCCESS : APR_EGENERAL;
}

static const char *sha_sample(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params)
{
    (void)pool;
    (void)family;
    (void)params;
    return "{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
}

const um_pwhash_family_t um_pwhash_sha = {
    .name = "{SHA}",
    .prefix = "{SHA}",
    .read = sha_read,
    .verify = sha_verify,
    .sample = sha_sample,
};

const um_pwhash_family_t um_pwhash_ssha = {
    .name = "{SSHA}",
    .prefix = "{SSHA}",
    .like = "{SHA}",
    .read = sha_read,
    .verify = sha_verify,
};
