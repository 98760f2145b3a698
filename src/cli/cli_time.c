/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "isotime.h"

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

int um_cli_time_since(const um_cli_t *cli, const char *option, const char *text, apr_time_t now, apr_time_t *moment)
{
    apr_int64_t seconds = 0;

    *moment = 0;
    if (!text) {
        return 1;
    }
    if (strchr(text, '-') && um_isotime_read(text, &seconds)) {
        *moment = apr_time_from_sec(seconds);
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
