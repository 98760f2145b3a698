/* SPDX-License-Identifier: Apache-2.0 */
/* Input: any bytes, as a text to decode and as bytes to encode. Every value has one spelling: what is read is written
 * again as it was, and what was written is read again. */
#include "base64url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void need(int good)
{
    if (!good) {
        abort();
    }
}

static void check(apr_pool_t *pool, const uint8_t *data, size_t len)
{
    unsigned char *bytes;
    apr_size_t bytes_len;
    const char *text;

    if (um_base64url_decode(pool, (const char *)data, len, &bytes, &bytes_len) == APR_SUCCESS) {
        text = um_base64url_encode(pool, bytes, bytes_len);
        need(bytes[bytes_len] == 0 && strlen(text) == len && memcmp(text, data, len) == 0);
    }
    text = um_base64url_encode(pool, data, len);
    need(um_base64url_decode(pool, text, strlen(text), &bytes, &bytes_len) == APR_SUCCESS);
    need(bytes_len == len && memcmp(bytes, data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int is_ready;
    apr_pool_t *pool;

    if (!is_ready) {
        is_ready = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    check(pool, data, len);
    apr_pool_destroy(pool);
    return 0;
}

#ifndef UM_LIBFUZZER
#include "replay.c"            /* by hand, without a build: cc -I../unit ... fuzz_base64url.c, then ./a.out FILE... */
#endif
