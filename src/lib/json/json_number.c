/* SPDX-License-Identifier: Apache-2.0 */
#include "json_private.h"

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

static int is_exponent(char c)
{
    return c == 'e' || c == 'E';
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

/* The parts of a number. Its value is that of its digits, read as a whole number, times ten to the power of
 * point + exponent - digits. */
typedef struct decimal_t {
    apr_int64_t digits;        /* how many there are */
    apr_int64_t zeros;         /* how many of them lead and are 0 */
    apr_int64_t point;         /* how many stand before the point */
    apr_int64_t exponent;
} decimal_t;

static decimal_t decimal_of(const char *number, const char *end)
{
    decimal_t decimal = { .point = -1 };
    const char *at;

    for (at = number; at < end && !is_exponent(*at); ++at) {
        if (*at == '.') {
            decimal.point = decimal.digits;
        }
        else if (is_digit(*at)) {
            decimal.zeros += decimal.zeros == decimal.digits && *at == '0';
            ++decimal.digits;
        }
    }
    decimal.point = decimal.point < 0 ? decimal.digits : decimal.point;
    decimal.exponent = at < end ? exponent_of(at + 1, end) : 0;
    return decimal;
}

/* strtod() expects the decimal point of the process's locale, so it gets the number without a point. */
double um_json_number_double(apr_pool_t *pool, const char *number, const char *end)
{
    decimal_t decimal = decimal_of(number, end);
    char *plain = apr_palloc(pool, (apr_size_t)decimal.digits + 33), *to = plain;

    for (; number < end && !is_exponent(*number); ++number) {
        if (*number != '.') {
            *to++ = *number;
        }
    }
    apr_snprintf(to, 32, "e%" APR_INT64_T_FMT, decimal.point + decimal.exponent - decimal.digits);
    return strtod(plain, NULL);
}

/* Counting digits is enough for all numbers but those that have exactly LONGEST of them before the point. */
int um_json_number_fits_double(apr_pool_t *pool, const char *number, const char *end)
{
    decimal_t decimal = decimal_of(number, end);
    apr_int64_t before = decimal.point - decimal.zeros + decimal.exponent;

    if (decimal.zeros == decimal.digits || before < LONGEST) {
        return 1;
    }
    return before == LONGEST && isfinite(um_json_number_double(pool, number, end));
}

int um_json_number_fits_int64(const char *number, const char *end)
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

apr_int64_t um_json_number_int64(const char *number, const char *end)
{
    int minus = *number == '-';
    apr_uint64_t value = 0;

    for (number += minus; number < end; ++number) {
        value = value * 10 + (apr_uint64_t)(*number - '0');
    }
    /* Counted up from the lowest number, which has no positive twin. */
    return minus && value ? -(apr_int64_t)(value - 1) - 1 : (apr_int64_t)value;
}
