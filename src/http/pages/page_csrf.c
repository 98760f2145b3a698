/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "auth.h"
#include "base64url.h"
#include "module.h"
#include "random.h"
#include "wipe.h"

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define BYTES 16
/* "base64url" of so many bytes. */
#define LENGTH ((BYTES * 4 + 2) / 3)

static const char purpose[] = "usermgmt form";

/* The value of the cookie of the request; NULL: it has none of the right form. */
static const char *read_cookie(const request_rec *r, const char *name)
{
    const um_token_source_t source = { UM_TOKEN_SOURCE_COOKIE, name };
    const char *value;

    return name && um_token_extract(r, &source, &value) == UM_BEARER_FOUND && strlen(value) == LENGTH ? value : NULL;
}

static int sign(const char *cookie, unsigned char out[BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int is_done = HMAC(EVP_sha256(), cookie, (int)strlen(cookie), (const unsigned char *)purpose, sizeof(purpose) - 1,
                       digest, &len) != NULL;

    memcpy(out, digest, BYTES);
    um_wipe(digest, sizeof(digest));
    return is_done;
}

/* Exclusive or with the first half, in place of the second. */
static void mask(unsigned char bytes[2 * BYTES])
{
    for (int i = 0; i < BYTES; i++) {
        bytes[BYTES + i] ^= bytes[i];
    }
}

const char *um_page_csrf_make(request_rec *r)
{
    const char *name = um_token_form_cookie_name(r), *cookie = read_cookie(r, name);
    unsigned char bytes[2 * BYTES];

    if (!name) {
        return "";
    }
    if (um_random_bytes(bytes, sizeof(bytes)) != APR_SUCCESS) {
        return NULL;
    }
    if (!cookie) {
        cookie = um_base64url_encode(r->pool, bytes + BYTES, BYTES);
        apr_table_addn(r->err_headers_out, "Set-Cookie",
                       apr_pstrcat(r->pool, name, "=", cookie, "; Path=/; HttpOnly; SameSite=Lax",
                                   um_tls_is_on(r) ? "; Secure" : "", NULL));
    }
    /* A new mask in each answer: the length of a compressed answer must not tell the text (BREACH). */
    if (!sign(cookie, bytes + BYTES)) {
        return NULL;
    }
    mask(bytes);
    return um_base64url_encode(r->pool, bytes, sizeof(bytes));
}

int um_page_csrf_has_cookie(const request_rec *r)
{
    return read_cookie(r, um_token_form_cookie_name(r)) != NULL;
}

int um_page_csrf_is_right(const request_rec *r, const char *text)
{
    const char *cookie = read_cookie(r, um_token_form_cookie_name(r));
    unsigned char wanted[BYTES], *bytes;
    apr_size_t len;

    if (!text || !cookie || um_base64url_decode(r->pool, text, strlen(text), &bytes, &len) != APR_SUCCESS
        || len != 2 * BYTES || !sign(cookie, wanted)) {
        return 0;
    }
    mask(bytes);
    return CRYPTO_memcmp(bytes + BYTES, wanted, BYTES) == 0;
}
