/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include "base64url.h"
#include "wipe.h"

#include <apr_strings.h>
#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#define UUID_CHARS 36

apr_status_t um_random_bytes(void *buf, apr_size_t len)
{
    int good;

    if (len > INT_MAX) {
        return APR_EGENERAL;
    }
    /* No error may stay in the error queue of this thread: the next TLS connection would take it for its own. */
    ERR_set_mark();
    good = len == 0 || RAND_priv_bytes(buf, (int)len) == 1;
    ERR_pop_to_mark();
    return good ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t um_random_text(apr_pool_t *pool, apr_size_t len, const char **text)
{
    unsigned char *bytes = apr_palloc(pool, len);
    apr_status_t status = um_random_bytes(bytes, len);

    if (status == APR_SUCCESS) {
        *text = um_base64url_encode(pool, bytes, len);
        um_wipe(bytes, len);
    }
    return status;
}

static int is_hyphen_place(int i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

const char *um_random_uuid_text(apr_pool_t *pool, const unsigned char bytes[UM_RANDOM_UUID_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char *text = apr_palloc(pool, UUID_CHARS + 1);
    char *at = text;

    for (int i = 0; i < UM_RANDOM_UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 0x0f];
    }
    *at = '\0';
    return text;
}

apr_status_t um_random_uuid(apr_pool_t *pool, apr_time_t now, const char **uuid)
{
    unsigned char bytes[UM_RANDOM_UUID_BYTES];
    apr_int64_t ms = apr_time_as_msec(now);
    apr_status_t status;
    int i;

    if (now < 0 || ms >= APR_INT64_C(1) << 48) {
        return APR_EINVAL;
    }
    status = um_random_bytes(bytes, sizeof(bytes));
    if (status != APR_SUCCESS) {
        return status;
    }
    for (i = 0; i < 6; i++) {
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    }
    bytes[6] = (unsigned char)(0x70 | (bytes[6] & 0x0f));
    bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
    *uuid = um_random_uuid_text(pool, bytes);
    return APR_SUCCESS;
}

const char *um_random_uuid_from(apr_pool_t *pool, apr_time_t time)
{
    apr_uint64_t ms = (apr_uint64_t)(time > 0 ? apr_time_as_msec(time) : 0);

    return apr_psprintf(pool, "%08x-%04x-7000-8000-000000000000", (unsigned)(ms >> 16 & 0xffffffff),
                        (unsigned)(ms & 0xffff));
}

static int nibble_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int um_random_uuid_bytes(const char *text, unsigned char bytes[UM_RANDOM_UUID_BYTES])
{
    apr_size_t len = text ? strnlen(text, UUID_CHARS + 1) : 0;
    int nibble = 0;

    if (len != UUID_CHARS && len != 2 * UM_RANDOM_UUID_BYTES) {
        return 0;
    }
    for (apr_size_t i = 0; i < len; i++) {
        int value = nibble_of(text[i]);

        if (len == UUID_CHARS && is_hyphen_place((int)i)) {
            if (text[i] != '-') {
                return 0;
            }
            continue;
        }
        if (value < 0) {
            return 0;
        }
        bytes[nibble / 2] = (unsigned char)(nibble % 2 ? bytes[nibble / 2] | value : value << 4);
        nibble++;
    }
    return 1;
}

const char *um_random_uuid_parse(apr_pool_t *pool, const char *text)
{
    unsigned char bytes[UM_RANDOM_UUID_BYTES];

    return um_random_uuid_bytes(text, bytes) ? um_random_uuid_text(pool, bytes) : NULL;
}
