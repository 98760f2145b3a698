/* SPDX-License-Identifier: Apache-2.0 */
/* Input: any bytes, as a name, a password and a text. The key of a key is the key; normalizing twice changes nothing;
 * two spellings of a name that are one name have one key; nothing that is a name holds an invisible character. */
#include "fuzz.h"

#include "printable.h"
#include "profile_input.h"
#include "unicode.h"
#include "utf8.h"

static void check_bytes(apr_pool_t *pool, const char *text, size_t size)
{
    size_t at = 0, count = 0, step;
    int is_good = um_unicode_valid(text, size);
    const char *shown = um_printable(pool, text);

    while (at < size && (step = um_utf8_step((const unsigned char *)text + at, size - at)) > 0) {
        need(step <= 4 && at + step <= size);
        at += step;
        count++;
    }
    need((at == size) == is_good);
    need(!is_good || um_unicode_count(text, size) == count);
    need(um_unicode_valid(shown, strlen(shown)) && !shown[strcspn(shown, "\r\n\t\x1b\x7f")]);
}

static void check_password(apr_pool_t *pool, const char *text, size_t size)
{
    const char *one, *two;
    apr_size_t one_len, two_len;

    if (um_unicode_opaque(pool, text, size, &one, &one_len) == APR_SUCCESS) {
        need(um_unicode_opaque(pool, one, one_len, &two, &two_len) == APR_SUCCESS);
        need(one_len == two_len && memcmp(one, two, one_len) == 0 && one_len <= 3 * size);
    }
}

static void check_name(apr_pool_t *pool, const char *text)
{
    const char *nfkc, *again, *key, *key_of_key, *key_of_nfkc, *lower;
    apr_array_header_t *words = um_unicode_words(pool, text);

    need(words->nelts >= 1);
    need(strlen(um_unicode_trim(pool, text)) <= strlen(text));
    if (um_unicode_nfkc(pool, text, &nfkc) != APR_SUCCESS) {
        need(um_unicode_key(pool, text, &key) != APR_SUCCESS);
        return;
    }
    need(um_unicode_nfkc(pool, nfkc, &again) == APR_SUCCESS && strcmp(again, nfkc) == 0);
    need(strlen(nfkc) <= 18 * strlen(text));
    if (um_unicode_key(pool, text, &key) == APR_SUCCESS) {
        need(um_unicode_key(pool, key, &key_of_key) == APR_SUCCESS && strcmp(key, key_of_key) == 0);
        need(um_unicode_key(pool, nfkc, &key_of_nfkc) == APR_SUCCESS && strcmp(key, key_of_nfkc) == 0);
    }
    (void)um_unicode_lower(pool, text, &lower);
    if (um_profile_is_username(pool, text)) {
        need(um_unicode_is_name(nfkc) && um_unicode_has_letter(nfkc));
        need(!nfkc[strcspn(nfkc, " \t\r\n\"'<>&/\\:;,%?#*|()[]{}`$!=~^")]);
        /* What a terminal or a log shows is the name itself, up to the joiners that scripts need. */
        need(strcmp(um_printable(pool, nfkc), nfkc) == 0);
        need(*key);
    }
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    check_bytes(pool, text, size);
    if (um_unicode_valid(text, size)) {
        check_password(pool, text, size);
        check_name(pool, text);
        (void)um_unicode_is_label(text, size);
        (void)um_unicode_is_numeric(text);
    }
}
