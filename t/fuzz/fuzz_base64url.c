/* SPDX-License-Identifier: Apache-2.0 */
/* Input: any bytes, as a text to decode and as bytes to encode. Every value has one spelling: what is read is written
 * again as it was, and what was written is read again. */
#include "fuzz.h"

#include "base64url.h"

static void check(apr_pool_t *pool, const char *data, size_t len)
{
    unsigned char *bytes;
    apr_size_t bytes_len;
    const char *text;

    if (um_base64url_decode(pool, data, len, &bytes, &bytes_len) == APR_SUCCESS) {
        text = um_base64url_encode(pool, bytes, bytes_len);
        need(bytes[bytes_len] == 0 && strlen(text) == len && memcmp(text, data, len) == 0);
    }
    text = um_base64url_encode(pool, data, len);
    need(um_base64url_decode(pool, text, strlen(text), &bytes, &bytes_len) == APR_SUCCESS);
    need(bytes_len == len && memcmp(bytes, data, len) == 0);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    check(pool, fuzz_exact(pool, text, size), size);
}
