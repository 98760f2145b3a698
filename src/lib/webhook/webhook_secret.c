/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook_secret.h"

#include "random.h"
#include "secret_file.h"
#include "secret_lines.h"
#include "wipe.h"

#include <apr_strings.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define PREFIX "whsec_"
#define LEAST_BYTES 24
#define MOST_BYTES 64
#define MOST_CHARACTERS ((MOST_BYTES + 2) / 3 * 4)
#define DIGEST_BYTES 32

struct um_webhook_secret_t {
    int count;
    struct { unsigned char bytes[MOST_BYTES]; apr_size_t len; } one[UM_WEBHOOK_SECRET_MOST];
};

/* Reads standard base64 with its padding (RFC 4648, section 4). The number of bytes; -1: it is none, or has another
 * spelling than the one that encoding gives. */
static int decode(const char *text, unsigned char bytes[MOST_BYTES + 2])
{
    unsigned char again[MOST_CHARACTERS + 1];
    apr_size_t len = strlen(text);
    int count, is_same;

    if (len % 4 != 0 || len == 0 || len > MOST_CHARACTERS) {
        return -1;
    }
    count = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len);
    if (count < 0) {
        return -1;
    }
    count -= (text[len - 1] == '=') + (text[len - 2] == '=');
    (void)EVP_EncodeBlock(again, bytes, count);
    is_same = strcmp((const char *)again, text) == 0;
    um_wipe(again, sizeof(again));
    return is_same ? count : -1;
}

/* Reads a line: see um_secret_lines_t. */
static const char *read_line(apr_pool_t *pool, void *baton, const char *text, const char *more)
{
    um_webhook_secret_t *secret = baton;
    unsigned char bytes[MOST_BYTES + 2];
    int len;

    (void)pool;
    if (more || strncmp(text, PREFIX, strlen(PREFIX)) != 0) {
        return "";
    }
    if (secret->count == UM_WEBHOOK_SECRET_MOST) {
        return "there are more than 4 secrets";
    }
    len = decode(text + strlen(PREFIX), bytes);
    if (len < LEAST_BYTES || len > MOST_BYTES) {
        um_wipe(bytes, sizeof(bytes));
        return "the secret must be 24 to 64 bytes in base64, as \"usermgmt webhook secret\" makes it";
    }
    memcpy(secret->one[secret->count].bytes, bytes, (apr_size_t)len);
    secret->one[secret->count++].len = (apr_size_t)len;
    um_wipe(bytes, sizeof(bytes));
    return NULL;
}

static const um_secret_lines_t the_lines = {
    .form = "whsec_BASE64", .command = "usermgmt webhook secret", .read = read_line
};

apr_status_t um_webhook_secret_read(apr_pool_t *pool, const char *file, um_webhook_secret_t **secret, const char **why)
{
    um_webhook_secret_t *read = apr_pcalloc(pool, sizeof(*read));
    apr_status_t status;
    apr_size_t len;
    char *text;

    um_wipe_with(pool, read, sizeof(*read));
    status = um_secret_file_read(pool, file, &text, &len, why);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = um_secret_lines_read(pool, &the_lines, read, text, len, why);
    um_wipe(text, len);
    if (status == APR_SUCCESS && !read->count) {
        *why = "there is no secret in it; make one with: usermgmt webhook secret FILE";
        status = APR_EGENERAL;
    }
    *secret = read;
    return status;
}

/* --- making one --- */

#define NEW_BYTES 32

/* See um_secret_file_edit_t. The new secret comes behind those that are there. */
static apr_status_t add_line(apr_pool_t *pool, void *baton, const char *text, apr_size_t len, const char **next,
                             const char **why)
{
    um_webhook_secret_t there = { 0 };
    apr_status_t status = um_secret_lines_read(pool, &the_lines, &there, text, len, why);
    const char *end = len && text[len - 1] != '\n' ? "\n" : "";

    if (status == APR_SUCCESS && there.count == UM_WEBHOOK_SECRET_MOST) {
        *why = "there are 4 secrets already; remove the oldest one";
        status = APR_EGENERAL;
    }
    um_wipe(&there, sizeof(there));
    *next = apr_pstrcat(pool, apr_pstrmemdup(pool, text, len), end, *(const char *const *)baton, "\n", NULL);
    return status;
}

apr_status_t um_webhook_secret_add(apr_pool_t *pool, const char *file, const char **text, const char **why)
{
    unsigned char bytes[NEW_BYTES], base64[2 * NEW_BYTES];
    um_secret_file_edit_t edit = { .next = add_line, .baton = text };

    if (um_random_bytes(bytes, sizeof(bytes)) != APR_SUCCESS) {
        *why = "the system has no random bytes";
        return APR_EGENERAL;
    }
    (void)EVP_EncodeBlock(base64, bytes, sizeof(bytes));
    *text = apr_pstrcat(pool, PREFIX, base64, NULL);
    um_wipe(bytes, sizeof(bytes));
    um_wipe(base64, sizeof(base64));
    return um_secret_file_edit(pool, file, &edit, why);
}

/* --- signing --- */

int um_webhook_secret_count(const um_webhook_secret_t *secret)
{
    return secret->count;
}

const char *um_webhook_secret_sign(const um_webhook_secret_t *secret, apr_pool_t *pool, const char *id, apr_int64_t at,
                                   const char *body, apr_size_t len)
{
    const char *begin = apr_psprintf(pool, "%s.%" APR_INT64_T_FMT ".", id, at), *all = "";
    apr_size_t before = strlen(begin);
    unsigned char *signed_text = apr_palloc(pool, before + len + 1);

    memcpy(signed_text, begin, before);
    memcpy(signed_text + before, body, len);
    for (int i = 0; i < secret->count; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE], text[2 * DIGEST_BYTES];
        unsigned size = 0;

        if (!HMAC(EVP_sha256(), secret->one[i].bytes, (int)secret->one[i].len, signed_text, before + len, digest, &size)
            || size != DIGEST_BYTES) {
            return NULL;
        }
        (void)EVP_EncodeBlock(text, digest, DIGEST_BYTES);
        all = apr_pstrcat(pool, all, *all ? " v1," : "v1,", text, NULL);
    }
    return all;
}
