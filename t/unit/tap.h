/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TAP_H
#define UM_TAP_H
/* What a test program needs to report its results: ok(), is_text() and is_int(), and tap_done() as the value of main.
 *
 *   ok(condition, "name %d", ...);        the condition is true
 *   is_text(seen, wanted, "name");        both texts are equal, or both are NULL
 *   is_int(seen, wanted, "name");
 *
 * A name is a whole statement that says what is shown. Each check returns whether it passed. One that fails says on
 * stderr, which prove always shows: file, line, what was seen and what was wanted. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

typedef struct tap_place_t {
    const char *file;
    int line;
    const char *expression;     /* the text of what is checked */
} tap_place_t;

#define TAP_HERE(expression) (&(tap_place_t){ __FILE__, __LINE__, #expression })

#define ok(condition, ...) tap_ok(TAP_HERE(condition), (condition) ? 1 : 0, __VA_ARGS__)
#define is_text(seen, wanted, name) tap_is_text(TAP_HERE(seen), seen, wanted, name)
#define is_int(seen, wanted, name) tap_is_int(TAP_HERE(seen), seen, wanted, name)

__attribute__((format(printf, 2, 0), unused))
static void tap_point(int good, const char *name, va_list args)
{
    printf("%sok %d - ", good ? "" : "not ", ++tap_count);
    vprintf(name, args);
    printf("\n");
    fflush(stdout);
    tap_failed += !good;
}

__attribute__((format(printf, 2, 3), unused))
static void tap_name(int good, const char *name, ...)
{
    va_list args;

    va_start(args, name);
    tap_point(good, name, args);
    va_end(args);
}

__attribute__((unused))
static void tap_complain(const tap_place_t *place)
{
    fprintf(stderr, "#   Failed test %d\n#   at %s line %d.\n", tap_count, place->file, place->line);
}

__attribute__((format(printf, 3, 4), unused))
static int tap_ok(const tap_place_t *place, int good, const char *name, ...)
{
    va_list args;

    va_start(args, name);
    tap_point(good, name, args);
    va_end(args);
    if (!good) {
        tap_complain(place);
        fprintf(stderr, "#    seen: false\n#  wanted: %s\n", place->expression);
    }
    return good;
}

__attribute__((unused))
static int tap_is_text(const tap_place_t *place, const char *seen, const char *wanted, const char *name)
{
    int good = seen && wanted ? strcmp(seen, wanted) == 0 : seen == wanted;

    tap_name(good, "%s", name);
    if (!good) {
        tap_complain(place);
        fprintf(stderr, "#      of: %s\n#    seen: %s\n#  wanted: %s\n", place->expression, seen ? seen : "(null)",
                wanted ? wanted : "(null)");
    }
    return good;
}

__attribute__((unused))
static int tap_is_int(const tap_place_t *place, long long seen, long long wanted, const char *name)
{
    tap_name(seen == wanted, "%s", name);
    if (seen != wanted) {
        tap_complain(place);
        fprintf(stderr, "#      of: %s\n#    seen: %lld\n#  wanted: %lld\n", place->expression, seen, wanted);
    }
    return seen == wanted;
}

__attribute__((unused))
static int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed != 0;
}
#endif
