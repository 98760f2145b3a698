/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonnum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

/* DBL_MAX has 309 digits before its point. */
#define LONGEST 309

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static apr_int64_t exponent_of(const char *at, const char *end)
{
    apr_int64_t exponent = 0;
    int minus = at < end && *at == '-';

    for (; at < end; ++at) {
        if (is_digit(*at) && exponent < APR_INT64_C(1000000000000000)) {      /* more than any text has digits */
            exponent = exponent * 10 + (*at - '0');
        }
    }
    return minus ? -exponent : exponent;
}

/* Counting digits settles all but those with exactly LONGEST of them before the point. Only these need arithmetic,
 * and they are written anew without a point for it, since strtod() wants the point of the process's locale. */
int um_jsonnum_fits_double(apr_pool_t *pool, const char *number, const char *end)
{
    const char *at;
    apr_int64_t zeros = 0, digits = 0, point = -1, before;
    char *plain, *to;

    for (at = number; at < end && *at != 'e' && *at != 'E'; ++at) {
        if (*at == '.') {
            point = digits;
        }
        else if (is_digit(*at)) {
            zeros += zeros == digits && *at == '0';
            ++digits;
        }
    }
    if (zeros == digits) {
        return 1;
    }
    before = (point < 0 ? digits : point) - zeros + (at < end ? exponent_of(at + 1, end) : 0);
    if (before != LONGEST) {
        return before < LONGEST;
    }
    to = plain = apr_palloc(pool, (apr_size_t)digits + 32);
    for (at = number; at < end && *at != 'e' && *at != 'E'; ++at) {
        if (is_digit(*at)) {
            *to++ = *at;
        }
    }
    apr_snprintf(to, 32, "e%" APR_INT64_T_FMT, LONGEST + zeros - digits);
    return isfinite(strtod(plain, NULL));
}

int um_jsonnum_fits_int64(const char *number, const char *end)
{
    int minus = *number == '-';
    int order;

    number += minus;
    if (end - number != 19) {
        return end - number < 19;
    }
    order = memcmp(number, "9223372036854775808", 19);
    return order < 0 || (minus && order == 0);
}
