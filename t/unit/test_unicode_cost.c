/* SPDX-License-Identifier: Apache-2.0 */
/* Texts whose normal form would cost the square of their length, a second and more for one request. */
#include "tap.h"

#include <time.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <utf8proc.h>

#include "unicode.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct { const char *head, *piece; int times; const char *name; } attacks[] = {
    { "a", "\u0f73", 1, "a vowel sign of class 0 that falls apart into two marks" },
    { "a", "\u0f75", 1, "another" },
    { "a", "\u0f81", 1, "and the third" },
    { "a", "\u0f71", 1, "the marks that they become" },
    { "a", "\u0301\u0316", 1, "marks in the wrong order" },
    { "", "\u0301\u0316\u00ad", 15, "soft hyphens, which folding drops, between runs of marks" },
    { "", "\u0301\u0316\u200b", 15, "blanks without width between them" },
    { "", "\u0301\u0316\U000e0001", 15, "tags between them" },
    { "", "\u0334\u0316\uff9e", 15, "halfwidth voicing marks, letters that become marks, between them" },
    { "", "\u0334\u0316\uff9f", 15, "and the other one" },
};

/* Runs of times pieces each, the last character of a piece being between them, up to that many bytes. */
static const char *attack(apr_pool_t *pool, apr_size_t row, apr_size_t bytes)
{
    const char *piece = attacks[row].piece;
    apr_size_t marks = strlen(piece), len = 0;
    char *text;

    if (attacks[row].times > 1) {
        while (((unsigned char)piece[--marks] & 0xC0) == 0x80) {
            continue;
        }
    }
    text = apr_palloc(pool, bytes + 256);
    memcpy(text, attacks[row].head, strlen(attacks[row].head));
    for (len = strlen(attacks[row].head); len < bytes;) {
        for (int i = 0; i < attacks[row].times; i++) {
            memcpy(text + len, piece, marks);
            len += marks;
        }
        memcpy(text + len, piece + marks, strlen(piece) - marks);
        len += strlen(piece) - marks;
    }
    text[len] = '\0';
    return text;
}

/* Seconds of processor time. */
static double cost(apr_pool_t *pool, const char *text, int times)
{
    clock_t began = clock();
    const char *out;

    for (int i = 0; i < times; i++) {
        (void)um_unicode_nfkc(pool, text, &out);
        (void)um_unicode_key(pool, text, &out);
    }
    return (double)(clock() - began) / CLOCKS_PER_SEC;
}

static void test_attacks(apr_pool_t *parent)
{
    apr_pool_t *pool;
    const char *text, *out;

    apr_pool_create(&pool, parent);
    for (apr_size_t i = 0; i < COUNT(attacks); i++) {
        text = attack(pool, i, 60000);
        ok(um_unicode_nfkc(pool, text, &out) == APR_EINVAL && um_unicode_key(pool, text, &out) == APR_EINVAL,
           "the text is refused: %s", attacks[i].name);
        /* Sixteen times as much for four times the text if it went by the square. */
        ok(cost(pool, attack(pool, i, 60000), 4) < 0.02 + 10 * cost(pool, attack(pool, i, 15000), 4),
           "the cost of a refusal grows with the length alone");
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
}

/* The longest run of marks that sorting sees. */
static int longest_run(const char *text)
{
    utf8proc_int32_t parts[4096];
    utf8proc_ssize_t count = utf8proc_decompose((const utf8proc_uint8_t *)text, 0, parts, 4096,
                                                UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPAT
                                                | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    int longest = 0, run = 0;

    for (utf8proc_ssize_t i = 0; i < count && count <= 4096; i++) {
        run = utf8proc_get_property(parts[i])->combining_class ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return count > 4096 ? count : longest;
}

/* Whether point stays what it is, with class 0, so that it parts any runs; most characters do. */
static int stands_alone(utf8proc_int32_t point)
{
    utf8proc_int32_t parts[32];
    int boundary = 0;

    return (point >= 0xD800 && point < 0xE000)
        || (utf8proc_decompose_char(point, parts, 32, UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD
                                    | UTF8PROC_IGNORE, &boundary) == 1
            && parts[0] == point && utf8proc_get_property(point)->combining_class == 0);
}

/* No other character joins runs of marks unseen. */
static void test_no_joint(apr_pool_t *parent)
{
    apr_pool_t *pool;
    const char *marks = "", *text, *out;
    char bytes[5];
    int long_ones = 0, accepted = 0;

    apr_pool_create(&pool, parent);
    for (int i = 0; i < 25; i++) {
        marks = apr_pstrcat(parent, marks, "\u0316", NULL);
    }
    for (unsigned point = 0x80; point < 0x110000; point++) {
        if (stands_alone((utf8proc_int32_t)point)) {
            continue;
        }
        bytes[utf8proc_encode_char((utf8proc_int32_t)point, (utf8proc_uint8_t *)bytes)] = '\0';
        text = apr_pstrcat(pool, "a", marks, bytes, marks, bytes, marks, bytes, NULL);
        if (um_unicode_nfkc(pool, text, &out) == APR_SUCCESS) {
            accepted++;
            long_ones += longest_run(text) > 2 * 30;
        }
        if (point % 512 == 0) {
            apr_pool_clear(pool);
        }
    }
    apr_pool_destroy(pool);
    ok(accepted > 10000, "between runs of 25 marks: %d characters are taken", accepted);
    is_int(long_ones, 0, "no letter of the table joins two runs of marks");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_attacks(pool);
    test_no_joint(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
