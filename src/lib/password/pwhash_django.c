/* SPDX-License-Identifier: Apache-2.0 */
/* Django's PBKDF2 and scrypt with OpenSSL. The salt is text, the hash is in padded base64:
 *   pbkdf2_sha256$260000$<salt>$<hash>
 *   scrypt$16384$<salt>$8$1$<hash>          N, r and p */
#include "pwhash.h"
#include "pwhash_private.h"
#include "wipe.h"

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <limits.h>
#include <string.h>

/* Django 5.2 makes 1,000,000 iterations. */
#define PBKDF2_MOST 2000000
#define SALT_MOST 128
#define SCRYPT_OUT 64
#define SHA256_OUT 32
#define SHA1_OUT 20

/* A hash that was read. */
typedef struct django_t {
    const char *salt;
    apr_size_t salt_len, out_len;
    unsigned char out[UM_PWHASH_PHC_MOST];
} django_t;

/* Reads a number and the $ behind it. Returns what follows; NULL: there is none. */
static const char *read_number(const char *text, unsigned *number)
{
    apr_size_t len = text ? strspn(text, "0123456789") : 0;

    return text && um_pwhash_phc_number(text, len, number) == APR_SUCCESS && text[len] == '$' ? text + len + 1 : NULL;
}

/* Reads a salt, which is printable ASCII, and the $ behind it. */
static const char *read_salt(const char *text, django_t *django)
{
    apr_size_t len = 0;

    while (text && text[len] > ' ' && text[len] <= '~' && text[len] != '$') {
        len++;
    }
    django->salt = text;
    django->salt_len = len;
    return len > 0 && len <= SALT_MOST && text[len] == '$' ? text + len + 1 : NULL;
}

static apr_status_t read_out(const char *text, apr_size_t len, django_t *django)
{
    return text && um_pwhash_decode_padded(text, strlen(text), django->out, &django->out_len) == APR_SUCCESS
           && django->out_len == len ? APR_SUCCESS : APR_EINVAL;
}

/* --- PBKDF2 --- */

static apr_size_t pbkdf2_out(const um_pwhash_family_t *family)
{
    return family == &um_pwhash_pbkdf2_sha256 ? SHA256_OUT : SHA1_OUT;
}

static apr_status_t pbkdf2_read_all(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params,
                                    django_t *django)
{
    const char *rest;

    *params = (um_pwhash_params_t){ .family = family->name };
    rest = read_number(hash + strlen(family->prefix), &params->cost);
    if (params->cost == 0 || read_out(read_salt(rest, django), pbkdf2_out(family), django) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    return params->cost <= PBKDF2_MOST ? APR_SUCCESS : APR_ENOSPC;
}

static apr_status_t pbkdf2_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params)
{
    django_t django;
    apr_status_t status = pbkdf2_read_all(family, hash, params, &django);

    um_wipe(&django, sizeof(django));
    return status;
}

static apr_status_t pbkdf2_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                  apr_size_t len, int *matches)
{
    const EVP_MD *digest = family == &um_pwhash_pbkdf2_sha256 ? EVP_sha256() : EVP_sha1();
    unsigned char out[SHA256_OUT];
    um_pwhash_params_t params;
    django_t django;
    int good;

    if (pbkdf2_read_all(family, hash, &params, &django) != APR_SUCCESS || len > INT_MAX) {
        return APR_EINVAL;
    }
    ERR_set_mark();
    good = PKCS5_PBKDF2_HMAC(password, (int)len, (const unsigned char *)django.salt, (int)django.salt_len,
                             (int)params.cost, digest, (int)django.out_len, out) == 1;
    ERR_pop_to_mark();
    *matches = good && CRYPTO_memcmp(out, django.out, django.out_len) == 0;
    um_wipe(out, sizeof(out));
    um_wipe(&django, sizeof(django));
    return good ? APR_SUCCESS : APR_EGENERAL;
}

static const char *pbkdf2_sample(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params)
{
    return apr_psprintf(pool, "%s%u$AAAAAAAAAAAAAAAAAAAAAA$%s", family->prefix, params->cost,
                        family == &um_pwhash_pbkdf2_sha256 ? "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
                                                           : "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
}

/* --- scrypt --- */

static apr_status_t scrypt_read_all(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params,
                                    django_t *django)
{
    unsigned n = 0;
    const char *rest = read_number(hash + strlen(family->prefix), &n);

    *params = (um_pwhash_params_t){ .family = um_pwhash_scrypt.name };
    rest = read_number(read_number(read_salt(rest, django), &params->block), &params->lanes);
    while (params->cost < 31 && 1U << params->cost < n) {
        params->cost++;
    }
    if (n != 1U << params->cost || read_out(rest, SCRYPT_OUT, django) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    return um_pwhash_phc_bounds(&um_pwhash_scrypt, params);
}

static apr_status_t scrypt_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params)
{
    django_t django;
    apr_status_t status = scrypt_read_all(family, hash, params, &django);

    um_wipe(&django, sizeof(django));
    return status;
}

static apr_status_t scrypt_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                  apr_size_t len, int *matches)
{
    unsigned char out[SCRYPT_OUT];
    um_pwhash_params_t params;
    django_t django;
    apr_status_t status;

    if (scrypt_read_all(family, hash, &params, &django) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    status = um_pwhash_scrypt.derive(&params, password, len, (const unsigned char *)django.salt, django.salt_len, out,
                                     django.out_len);
    *matches = status == APR_SUCCESS && CRYPTO_memcmp(out, django.out, django.out_len) == 0;
    um_wipe(out, sizeof(out));
    um_wipe(&django, sizeof(django));
    return status;
}

/* --- the rows --- */

#define PBKDF2(digest) { \
    .name = "pbkdf2_" digest, \
    .prefix = "pbkdf2_" digest "$", \
    .is_linear = 1, \
    .read = pbkdf2_read, \
    .verify = pbkdf2_verify, \
    .sample = pbkdf2_sample, \
}

const um_pwhash_family_t um_pwhash_pbkdf2_sha256 = PBKDF2("sha256");
const um_pwhash_family_t um_pwhash_pbkdf2_sha1 = PBKDF2("sha1");

const um_pwhash_family_t um_pwhash_django_scrypt = {
    .name = "django scrypt",
    .prefix = "scrypt$",
    .like = "scrypt",
    .read = scrypt_read,
    .verify = scrypt_verify,
};
