/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TAP_H
#define UM_TAP_H
/* A test program's whole vocabulary: ok(), is_text(), is_int(), then return tap_done() from main. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3), unused))
static int ok(int good, const char *name, ...)
{
    va_list args;

    va_start(args, name);
    printf("%sok %d - ", good ? "" : "not ", ++tap_count);
    vprintf(name, args);
    printf("\n");
    va_end(args);
    tap_failed += !good;
    fflush(stdout);
    return good;
}

__attribute__((unused))
static int is_text(const char *got, const char *want, const char *name)
{
    int good = got && want ? strcmp(got, want) == 0 : got == want;

    ok(good, "%s", name);
    if (!good) {
        printf("#   got: %s\n#  want: %s\n", got ? got : "(null)", want ? want : "(null)");
    }
    return good;
}

__attribute__((unused))
static int is_int(long long got, long long want, const char *name)
{
    ok(got == want, "%s", name);
    if (got != want) {
        printf("#   got: %lld\n#  want: %lld\n", got, want);
    }
    return got == want;
}

__attribute__((unused))
static int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed != 0;
}
#endif
