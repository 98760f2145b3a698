/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_strings.h>
#include <errno.h>
#include <string.h>

#define LONGEST_YEARS 100

int um_cli_time_span(const um_cli_t *cli, const char *option, const char *text, apr_int64_t *seconds)
{
    static const struct { const char *suffix; apr_int64_t factor; } units[] = {
        { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 },
    };
    const apr_int64_t most = APR_INT64_C(86400) * 366 * LONGEST_YEARS;
    apr_int64_t number;
    char *end = NULL;

    if (!text) {
        return 1;
    }
    errno = 0;
    number = apr_strtoi64(text, &end, 10);
    for (apr_size_t i = 0; i < sizeof(units) / sizeof(units[0]) && errno == 0 && end != text; i++) {
        if (strcmp(end, units[i].suffix) == 0 && number >= 0 && number <= most / units[i].factor) {
            *seconds = number * units[i].factor;
            return 1;
        }
    }
    um_cli_fail(cli, UM_CLI_MISUSE, "--%s %s: must be a time, such as 90s, 15m, 24h or 7d", option, text);
    return 0;
}

/* Reads a number of exactly that many digits that is within a range, and moves behind it. */
static int read_digits(const char **text, int digits, int least, int most, int *number)
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

static int skip(const char **text, char wanted)
{
    return *(*text)++ == wanted;
}

/* YYYY-MM-DD, or YYYY-MM-DDThh:mm:ssZ with or without a fraction, in UTC. */
static int read_moment(const char *text, apr_time_t *moment)
{
    apr_time_exp_t parts = { 0 };

    if (!read_digits(&text, 4, 1970, 9999, &parts.tm_year) || !skip(&text, '-')
        || !read_digits(&text, 2, 1, 12, &parts.tm_mon) || !skip(&text, '-')
        || !read_digits(&text, 2, 1, 31, &parts.tm_mday)) {
        return 0;
    }
    if (*text == 'T') {
        if (!skip(&text, 'T') || !read_digits(&text, 2, 0, 23, &parts.tm_hour) || !skip(&text, ':')
            || !read_digits(&text, 2, 0, 59, &parts.tm_min) || !skip(&text, ':')
            || !read_digits(&text, 2, 0, 60, &parts.tm_sec)) {
            return 0;
        }
        text += *text == '.' ? 1 + strspn(text + 1, "0123456789") : 0;
        if (!skip(&text, 'Z')) {
            return 0;
        }
    }
    parts.tm_year -= 1900;
    parts.tm_mon--;
    return !*text && apr_time_exp_gmt_get(moment, &parts) == APR_SUCCESS;
}

int um_cli_time_since(const um_cli_t *cli, const char *option, const char *text, apr_time_t now, apr_time_t *moment)
{
    apr_int64_t seconds = 0;

    *moment = 0;
    if (!text || read_moment(text, moment)) {
        return 1;
    }
    if (strchr(text, '-') || *text < '0' || *text > '9') {
        um_cli_fail(cli, UM_CLI_MISUSE, "--%s %s: must be a time in UTC, such as 2026-01-31 or 2026-01-31T23:59:59Z, "
                    "or how long ago, such as 90s, 15m, 24h or 7d", option, text);
        return 0;
    }
    if (!um_cli_time_span(cli, option, text, &seconds)) {
        return 0;
    }
    *moment = now - apr_time_from_sec(seconds);
    return 1;
}
