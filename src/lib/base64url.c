/* SPDX-License-Identifier: Apache-2.0 */
#include "base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const char *um_base64url_encode(apr_pool_t *pool, const void *bytes, apr_size_t len)
{
    const unsigned char *in = bytes;
    char *text = apr_palloc(pool, len / 3 * 4 + 4);
    char *out = text;

    for (; len >= 3; len -= 3, in += 3) {
        *out++ = alphabet[in[0] >> 2];
        *out++ = alphabet[(in[0] & 0x03) << 4 | in[1] >> 4];
        *out++ = alphabet[(in[1] & 0x0f) << 2 | in[2] >> 6];
        *out++ = alphabet[in[2] & 0x3f];
    }
    if (len > 0) {
        *out++ = alphabet[in[0] >> 2];
        *out++ = alphabet[(in[0] & 0x03) << 4 | (len == 2 ? in[1] >> 4 : 0)];
        if (len == 2) {
            *out++ = alphabet[(in[1] & 0x0f) << 2];
        }
    }
    *out = '\0';
    return text;
}

/* The value of a character; -1: it is not in the alphabet. It is computed, because a table of 256 entries is easier to
 * get wrong. */
static int sextet(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

apr_status_t um_base64url_decode(apr_pool_t *pool, const char *text, apr_size_t len, unsigned char **bytes,
                                 apr_size_t *bytes_len)
{
    unsigned char *out, *next;
    apr_uint32_t bits = 0;
    int held = 0;
    apr_size_t i;

    if (len % 4 == 1) {
        return APR_EINVAL;
    }
    out = next = apr_palloc(pool, len / 4 * 3 + 3);
    for (i = 0; i < len; i++) {
        int six = sextet((unsigned char)text[i]);

        if (six < 0) {
            return APR_EINVAL;
        }
        bits = (bits << 6 | (apr_uint32_t)six) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *next++ = (unsigned char)(bits >> held);
        }
    }
    if (bits & ((1u << held) - 1)) {
        return APR_EINVAL;
    }
    *next = '\0';
    *bytes = out;
    *bytes_len = (apr_size_t)(next - out);
    return APR_SUCCESS;
}
