/* SPDX-License-Identifier: Apache-2.0 */
#include "isotime.h"

#include <apr_strings.h>
#include <errno.h>
#include <string.h>

#define DIGITS "0123456789"
#define LATEST APR_INT64_C(253402300799)    /* the end of the year 9999 */

/* Reads a number of exactly that many digits that is within a range, and moves behind it. */
static int read_part(const char **text, int digits, int least, int most, int *number)
{
    *number = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9') {
            return 0;
        }
        *number = *number * 10 + (**text - '0');
    }
    return *number >= least && *number <= most;
}

/* Whether the month of a date has its day. */
static int has_day(const apr_time_exp_t *parts)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year = parts->tm_year, is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return parts->tm_mday <= days[parts->tm_mon - 1] + (is_leap && parts->tm_mon == 2);
}

static int skip(const char **text, char wanted)
{
    return **text == wanted && *(*text)++;
}

static int read_clock(const char **text, apr_time_exp_t *parts)
{
    if (!read_part(text, 2, 0, 23, &parts->tm_hour) || !skip(text, ':')
        || !read_part(text, 2, 0, 59, &parts->tm_min)) {
        return 0;
    }
    if (skip(text, ':') && !read_part(text, 2, 0, 60, &parts->tm_sec)) {
        return 0;
    }
    if (**text == '.') {
        apr_size_t digits = strspn(*text + 1, DIGITS);

        *text += 1 + digits;
        return digits > 0;
    }
    return 1;
}

/* The offset from UTC in seconds. */
static int read_zone(const char **text, int *offset)
{
    int sign = **text == '-' ? -1 : 1, hours, minutes = 0;

    *offset = 0;
    if (!**text || skip(text, 'Z')) {
        return 1;
    }
    if ((!skip(text, '+') && !skip(text, '-')) || !read_part(text, 2, 0, 23, &hours)) {
        return 0;
    }
    (void)skip(text, ':');
    if (**text && !read_part(text, 2, 0, 59, &minutes)) {
        return 0;
    }
    *offset = sign * (hours * 3600 + minutes * 60);
    return 1;
}

int um_isotime_read(const char *text, apr_int64_t *seconds)
{
    apr_time_exp_t parts = { 0 };
    apr_time_t moment;
    int offset = 0;

    *seconds = 0;
    if (*text && !text[strspn(text, DIGITS)]) {
        errno = 0;
        *seconds = apr_strtoi64(text, NULL, 10);
        return errno == 0 && *seconds <= LATEST;
    }
    if (!read_part(&text, 4, 1970, 9999, &parts.tm_year) || !skip(&text, '-')
        || !read_part(&text, 2, 1, 12, &parts.tm_mon) || !skip(&text, '-')
        || !read_part(&text, 2, 1, 31, &parts.tm_mday) || !has_day(&parts)) {
        return 0;
    }
    if ((skip(&text, 'T') || skip(&text, ' ')) && (!read_clock(&text, &parts) || !read_zone(&text, &offset))) {
        return 0;
    }
    parts.tm_year -= 1900;
    parts.tm_mon--;
    if (*text || apr_time_exp_gmt_get(&moment, &parts) != APR_SUCCESS) {
        return 0;
    }
    *seconds = apr_time_sec(moment) - offset;
    *seconds = *seconds < 0 ? 0 : *seconds;
    return *seconds <= LATEST;
}

const char *um_isotime_print(apr_pool_t *pool, apr_int64_t seconds)
{
    apr_time_exp_t parts;

    if (seconds < 0 || seconds > LATEST || apr_time_exp_gmt(&parts, apr_time_from_sec(seconds)) != APR_SUCCESS) {
        return "1970-01-01T00:00:00Z";
    }
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                        parts.tm_hour, parts.tm_min, parts.tm_sec);
}
