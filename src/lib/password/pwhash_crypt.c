/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of crypt(3), by libxcrypt, and htpasswd's $apr1$, by APR. The characters of salts and hashes are those of
 * "./0-9A-Za-z". A hash is read here first: its length and its cost are bounded before the library sees it.
 *   $2b$12$<salt, 22><hash, 31>            bcrypt, also $2a$ and $2y$; Django puts bcrypt$ or bcrypt_sha256$ before it
 *   $5$rounds=5000$<salt>$<hash, 43>       SHA-256; $6$ is SHA-512 with 86 characters. Both may lack the rounds
 *   $y$j9T$<salt>$<hash, 43>               yescrypt; the second and the third letter are N and r
 *   $1$<salt>$<hash, 22>                   MD5; htpasswd writes $apr1$ */
#include "pwhash.h"
#include "pwhash_private.h"
#include "wipe.h"

#include <apr_md5.h>
#include <apr_strings.h>
#include <crypt.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define BCRYPT_LEAST 4
#define BCRYPT_MOST 15      /* about two seconds */
#define BCRYPT_TAIL 31
#define BCRYPT_SALT 22
#define ROUNDS_USUAL 5000
#define ROUNDS_LEAST 1000
#define ROUNDS_MOST 1000000 /* half a second */
#define SHA_SALT 16
#define SHA256_TAIL 43
#define SHA512_TAIL 86
#define MD5_SALT 8
#define MD5_TAIL 22
#define YESCRYPT_SALT 86    /* 64 bytes */
#define YESCRYPT_TAIL 43
#define YESCRYPT_R_MOST 32
#define SHA256_BYTES 32

static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Whether text consists of that many characters of the alphabet. */
static int is_tail(const char *text, apr_size_t len)
{
    return strlen(text) == len && strspn(text, alphabet) == len;
}

/* Reads a salt of 1 to most characters and the $ behind it. Returns what follows; NULL: there is none. */
static const char *skip_salt(const char *text, apr_size_t most)
{
    apr_size_t len = strspn(text, alphabet);

    return len > 0 && len <= most && text[len] == '$' ? text + len + 1 : NULL;
}

/* --- verifying --- */

/* The password as the libraries take it. They end it at a NUL and refuse a longer one, so no hash of theirs can be that
 * of such a password. The hash of what fits is computed all the same, so that the time is that of other passwords. */
typedef struct typed_t {
    char text[CRYPT_MAX_PASSPHRASE_SIZE];
    int fits;
} typed_t;

static void copy_typed(typed_t *typed, const char *password, apr_size_t len)
{
    apr_size_t most = sizeof(typed->text) - 1;

    typed->fits = len <= most && !memchr(password, 0, len);
    memcpy(typed->text, password, len < most ? len : most);
    typed->text[len < most ? len : most] = '\0';
}

/* Compares the last characters alone: what stands before them libraries may write in another way. */
static int same_tail(const char *made, const char *hash, apr_size_t tail)
{
    apr_size_t made_len = strlen(made), len = strlen(hash);

    return made_len >= tail && len >= tail && CRYPTO_memcmp(made + made_len - tail, hash + len - tail, tail) == 0;
}

static apr_status_t crypt_verify(const char *hash, apr_size_t tail, const char *password, apr_size_t len, int *matches)
{
    struct crypt_data *data = calloc(1, sizeof(*data));
    apr_status_t status = APR_SUCCESS;
    const char *made;
    typed_t typed;

    if (!data) {
        return APR_ENOMEM;
    }
    copy_typed(&typed, password, len);
    made = crypt_r(typed.text, hash, data);
    if (!made || made[0] == '*') {
        status = errno == EINVAL ? APR_EINVAL : errno == ENOMEM ? APR_ENOMEM : APR_EGENERAL;
    }
    *matches = status == APR_SUCCESS && same_tail(made, hash, tail) && typed.fits;
    um_wipe(&typed, sizeof(typed));
    um_wipe(data, sizeof(*data));
    free(data);
    return status;
}

/* --- bcrypt --- */

static apr_status_t bcrypt_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params)
{
    const char *text = hash + strlen(family->prefix);

    *params = (um_pwhash_params_t){ .family = um_pwhash_bcrypt.name };
    if (!*text || !strchr("aby", *text) || text[1] != '$' || strspn(text + 2, "0123456789") != 2 || text[4] != '$'
        || !is_tail(text + 5, BCRYPT_SALT + BCRYPT_TAIL)) {
        return APR_EINVAL;
    }
    params->cost = (unsigned)(text[2] - '0') * 10 + (unsigned)(text[3] - '0');
    return params->cost > BCRYPT_MOST ? APR_ENOSPC : params->cost < BCRYPT_LEAST ? APR_EINVAL : APR_SUCCESS;
}

static apr_status_t bcrypt_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                  apr_size_t len, int *matches)
{
    um_pwhash_params_t params;
    apr_status_t status = bcrypt_read(family, hash, &params);

    /* The prefix ends with $2. */
    return status == APR_SUCCESS ? crypt_verify(hash + strlen(family->prefix) - 2, BCRYPT_TAIL, password, len, matches)
                                 : APR_EINVAL;
}

/* Django hashes the SHA-256 in hexadecimal digits, because bcrypt ignores what follows the first 72 bytes. */
static apr_status_t bcrypt_sha256_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                         apr_size_t len, int *matches)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_BYTES];
    char text[2 * SHA256_BYTES];
    apr_status_t status = APR_EGENERAL;

    ERR_set_mark();
    if (EVP_Digest(password, len, digest, NULL, EVP_sha256(), NULL)) {
        for (int i = 0; i < SHA256_BYTES; i++) {
            text[2 * i] = digits[digest[i] >> 4];
            text[2 * i + 1] = digits[digest[i] & 0xf];
        }
        status = bcrypt_verify(family, hash, text, sizeof(text), matches);
    }
    ERR_pop_to_mark();
    um_wipe(digest, sizeof(digest));
    um_wipe(text, sizeof(text));
    return status;
}

static const char *bcrypt_sample(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params)
{
    return apr_psprintf(pool, "%sb$%02u$.....................................................", family->prefix,
                        params->cost);
}

/* --- $5$ and $6$ --- */

static apr_size_t shacrypt_tail(const um_pwhash_family_t *family)
{
    return family == &um_pwhash_sha256crypt ? SHA256_TAIL : SHA512_TAIL;
}

static apr_status_t shacrypt_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params)
{
    static const char word[] = "rounds=";
    const char *text = hash + strlen(family->prefix);
    apr_size_t len;

    *params = (um_pwhash_params_t){ .family = family->name, .cost = ROUNDS_USUAL };
    if (strncmp(text, word, sizeof(word) - 1) == 0) {
        text += sizeof(word) - 1;
        len = strspn(text, "0123456789");
        if (um_pwhash_phc_number(text, len, &params->cost) != APR_SUCCESS || text[len] != '$') {
            return APR_EINVAL;
        }
        text += len + 1;
    }
    text = skip_salt(text, SHA_SALT);
    if (!text || !is_tail(text, shacrypt_tail(family)) || params->cost < ROUNDS_LEAST) {
        return APR_EINVAL;
    }
    return params->cost > ROUNDS_MOST ? APR_ENOSPC : APR_SUCCESS;
}

static apr_status_t shacrypt_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                    apr_size_t len, int *matches)
{
    um_pwhash_params_t params;

    return shacrypt_read(family, hash, &params) == APR_SUCCESS
           ? crypt_verify(hash, shacrypt_tail(family), password, len, matches) : APR_EINVAL;
}

static const char *shacrypt_sample(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params)
{
    return apr_psprintf(pool, "%srounds=%u$................$%.*s", family->prefix, params->cost,
                        (int)shacrypt_tail(family),
                        "......................................................................................");
}

/* --- $y$ --- */

/* The form that crypt_gensalt makes: the flavor j, then a letter for the logarithm of N from 1 and one for r from 1,
 * and no further settings. A letter beyond the 48th would continue in the next one. */
static apr_status_t yescrypt_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params)
{
    const char *text = hash + strlen(family->prefix);
    const char *ln, *r;

    *params = (um_pwhash_params_t){ .family = family->name };
    if (text[0] != 'j' || !text[1] || !text[2] || text[3] != '$' || !(ln = strchr(alphabet, text[1]))
        || !(r = strchr(alphabet, text[2])) || ln - alphabet > 47 || r - alphabet > 47) {
        return APR_EINVAL;
    }
    params->cost = (unsigned)(ln - alphabet) + 1;
    params->block = (unsigned)(r - alphabet) + 1;
    text = skip_salt(text + 4, YESCRYPT_SALT);
    if (!text || !is_tail(text, YESCRYPT_TAIL)) {
        return APR_EINVAL;
    }
    return params->cost > 31 || params->block > YESCRYPT_R_MOST
           || (APR_UINT64_C(128) << params->cost) * params->block > UM_PWHASH_MAX_MEMORY ? APR_ENOSPC : APR_SUCCESS;
}

static apr_status_t yescrypt_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                    apr_size_t len, int *matches)
{
    um_pwhash_params_t params;

    return yescrypt_read(family, hash, &params) == APR_SUCCESS
           ? crypt_verify(hash, YESCRYPT_TAIL, password, len, matches) : APR_EINVAL;
}

static const char *yescrypt_sample(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params)
{
    return apr_psprintf(pool, "%sj%c%c$......................$...........................................",
                        family->prefix, alphabet[params->cost - 1], alphabet[params->block - 1]);
}

/* --- $1$ and $apr1$ --- */

static apr_status_t md5_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params)
{
    const char *tail = skip_salt(hash + strlen(family->prefix), MD5_SALT);

    *params = (um_pwhash_params_t){ .family = family->name };
    return tail && is_tail(tail, MD5_TAIL) ? APR_SUCCESS : APR_EINVAL;
}

static apr_status_t md5_verify(const um_pwhash_family_t *family, const char *hash, const char *password, apr_size_t len,
                               int *matches)
{
    um_pwhash_params_t params;

    return md5_read(family, hash, &params) == APR_SUCCESS ? crypt_verify(hash, MD5_TAIL, password, len, matches)
                                                          : APR_EINVAL;
}

/* Not apr_password_validate, which compares the texts up to the first difference. */
static apr_status_t apr1_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                apr_size_t len, int *matches)
{
    char made[64];
    um_pwhash_params_t params;
    apr_status_t status = APR_EINVAL;
    typed_t typed;

    if (md5_read(family, hash, &params) == APR_SUCCESS) {
        copy_typed(&typed, password, len);
        status = apr_md5_encode(typed.text, hash, made, sizeof(made));
        *matches = status == APR_SUCCESS && same_tail(made, hash, MD5_TAIL) && typed.fits;
        um_wipe(&typed, sizeof(typed));
        um_wipe(made, sizeof(made));
    }
    return status;
}

static const char *md5_sample(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params)
{
    (void)params;
    return apr_pstrcat(pool, family->prefix, "........$......................", NULL);
}

/* --- the rows --- */

#define BCRYPT .read = bcrypt_read, .sample = bcrypt_sample
#define SHACRYPT .is_linear = 1, .read = shacrypt_read, .verify = shacrypt_verify, .sample = shacrypt_sample

const um_pwhash_family_t um_pwhash_bcrypt = {
    .name = "bcrypt", .prefix = "$2", .verify = bcrypt_verify, BCRYPT
};

const um_pwhash_family_t um_pwhash_django_bcrypt = {
    .name = "bcrypt$", .prefix = "bcrypt$$2", .like = "bcrypt", .verify = bcrypt_verify, BCRYPT
};

const um_pwhash_family_t um_pwhash_django_bcrypt_sha256 = {
    .name = "bcrypt_sha256$", .prefix = "bcrypt_sha256$$2", .like = "bcrypt", .verify = bcrypt_sha256_verify, BCRYPT
};

const um_pwhash_family_t um_pwhash_sha256crypt = { .name = "$5$", .prefix = "$5$", SHACRYPT };
const um_pwhash_family_t um_pwhash_sha512crypt = { .name = "$6$", .prefix = "$6$", SHACRYPT };

const um_pwhash_family_t um_pwhash_yescrypt = {
    .name = "$y$", .prefix = "$y$", .read = yescrypt_read, .verify = yescrypt_verify, .sample = yescrypt_sample
};

const um_pwhash_family_t um_pwhash_md5crypt = {
    .name = "$1$", .prefix = "$1$", .read = md5_read, .verify = md5_verify, .sample = md5_sample
};

const um_pwhash_family_t um_pwhash_apr1 = {
    .name = "$apr1$", .prefix = "$apr1$", .read = md5_read, .verify = apr1_verify, .sample = md5_sample
};
