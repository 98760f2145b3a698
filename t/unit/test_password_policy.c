/* SPDX-License-Identifier: Apache-2.0 */
/* Which passwords are refused, for what reasons, in which words and order. */
#include "tap.h"

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "password_policy.h"
#include "wordlist.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define USERNAME "The password is too similar to the username."
#define FIRST "The password is too similar to the first name."
#define LAST "The password is too similar to the last name."
#define EMAIL "The password is too similar to the email address."
#define SHORT "This password is too short. It must contain at least 8 characters."
#define COMMON "This password is too common."
#define NUMERIC "This password is entirely numeric."

#define PERSON(name, first, last, address) \
    { .username = name, .first_name = first, .last_name = last, .email = address }
#define ALICE PERSON("alice.smith", "Alice", "Smith", "alice.smith@example.org")
#define NOBODY PERSON(NULL, NULL, NULL, NULL)

static const char words[] = "123456789\npassword\nqwertyuiop\nstraße123\nпароль123\n";

static const struct { um_password_policy_person_t person; const char *password, *want, *name; } cases[] = {
    { NOBODY, "correct horse battery", "", "a good one" },
    { PERSON("", "", "", ""), "correct horse battery", "", "a good one, members empty" },
    { ALICE, "correct horse battery", "", "a good one of a person" },
    { NOBODY, "short12", SHORT, "too short" },
    { NOBODY, "eight123", "", "just long enough" },
    { NOBODY, "pässwör", SHORT, "seven characters, nine bytes" },
    { NOBODY, "пароль12", "", "eight characters, fourteen bytes" },
    { NOBODY, "😀😀😀😀😀😀😀", SHORT, "seven emoji" },
    { NOBODY, "😀😀😀😀😀😀😀😀", "", "eight emoji" },
    { NOBODY, "", SHORT, "empty" },
    { NOBODY, "password", COMMON, "common" },
    { NOBODY, "PassWord", COMMON, "common in other case" },
    { NOBODY, " password\t", COMMON, "common between blanks" },
    { NOBODY, "STRAßE123", COMMON, "common with sharp s" },
    { NOBODY, "ПАРОЛЬ123", COMMON, "common in another script" },
    { NOBODY, "password ok", "", "only its beginning is common" },
    { NOBODY, "98765432101", NUMERIC, "digits" },
    { NOBODY, "٠١٢٣٤٥٦٧٨٩", NUMERIC, "Arabic digits" },
    { NOBODY, "１２３４５６７８", NUMERIC, "fullwidth digits" },
    { NOBODY, "9876543210 ", "", "digits and a blank" },
    { NOBODY, "-9876543210", "", "a negative number" },
    { NOBODY, "123456789", COMMON "|" NUMERIC, "common and digits" },
    { NOBODY, "1234", SHORT "|" NUMERIC, "short digits" },
    { PERSON("1234567", "", "", ""), "1234567", USERNAME "|" SHORT "|" NUMERIC, "all but common" },
    { PERSON("123456789", "", "", ""), "123456789", USERNAME "|" COMMON "|" NUMERIC, "all but short" },
    { ALICE, "alice.smith", USERNAME, "the username" },
    { ALICE, "ALICE.SMITH", USERNAME, "the username in capitals" },
    { ALICE, "htims.ecila", USERNAME, "the username backwards" },
    { ALICE, "smith123", USERNAME, "a word of the username and digits" },
    { PERSON("x", "Wilhelmina", "y", "z"), "wilhelmina1", FIRST, "the first name" },
    { PERSON("x", "y", "Featherstone", "z"), "Featherstone!", LAST, "the last name" },
    { PERSON("x", "y", "z", "wilhelmina@featherstone.example"), "featherstone", EMAIL, "a word of the address" },
    { PERSON("x", "y", "z", "wilhelmina@featherstone.example"), "wilhelmina@featherstone.example", EMAIL,
      "the address" },
    { PERSON("x", "wilhelmina", "wilhelmina", "wilhelmina@x"), "wilhelmina", FIRST, "only the first member is named" },
    { PERSON("abcdefghij", "", "", ""), "abcdefg1234567890", "", "14 / 27 is less than 0.7" },
    { PERSON("abcdefg", "", "", ""), "abcdefg123456", USERNAME, "14 / 20 is 0.7" },
    { PERSON("abcdefg", "", "", ""), "abcdefg1234567", "", "14 / 21 is less than 0.7" },
    { PERSON("aabbccddee", "", "", ""), "abcdexxxxx", "", "letters are counted, not only seen" },
    { PERSON("aabbccddee", "", "", ""), "edcbaedzzz", USERNAME, "seven of ten letters" },
    { PERSON("aabbccddee", "", "", ""), "edcbaezzzz", "", "six of ten letters" },
    { PERSON("ab", "", "", ""), "abababababababababab", "", "ten times as long" },
    { PERSON("a-b-c-d-e-f-g-h", "", "", ""), "abcdefgh", "", "words of one letter, and blanks between them" },
    { PERSON("abcdefgh_ijk", "", "", ""), "abcdefgh_ijk", USERNAME, "the underscore belongs to a word" },
    { PERSON("müller.Straße", "", "", ""), "STRAßE99", USERNAME, "not ASCII" },
    { PERSON("สมชายใจดี", "", "", ""), "สมชายใจดี1", USERNAME, "Thai" },
    { PERSON("नमस्तेजी", "", "", ""), "नमस्तेजी", USERNAME, "Devanagari" },
    { PERSON("İSTANBULLU", "", "", ""), "i\u0307stanbullu", USERNAME, "a dotted capital I" },
    { PERSON("ΟΔΥΣΣΕΥΣΑ", "", "", ""), "οδυσσευσα", USERNAME, "Greek" },
    { PERSON("\U00010400\U00010401\U00010402", "", "", ""), "\U00010428\U00010429\U0001042a", USERNAME "|" SHORT,
      "above U+FFFF" },
    { PERSON("za中ж国b😀文я", "", "", ""), "я文😀b国ж中az", USERNAME, "scripts mixed, backwards" },
    { PERSON("\u8000abcdefg", "", "", ""), "hgfedcba", USERNAME, "one letter far above the others" },
    { PERSON("....", "", "", ""), "........", "", "no word at all, and half as long" },
};

static const struct { int min; const char *password, *want; } limits[] = {
    { 1, "", "This password is too short. It must contain at least 1 character." },
    { 1, "x", "" },
    { 0, "", "" },
    { -1, "x", "" },
    { 15, "fourteen chars", "This password is too short. It must contain at least 15 characters." },
    { 15, "fifteen chars!!", "" },
};

static const struct { const char *text, *code; } codes[] = {
    { USERNAME, "password_too_similar" }, { FIRST, "password_too_similar" }, { LAST, "password_too_similar" },
    { EMAIL, "password_too_similar" }, { SHORT, "password_too_short" }, { COMMON, "password_too_common" },
    { NUMERIC, "password_entirely_numeric" },
};

static const um_wordlist_t *open_words(apr_pool_t *pool)
{
    um_wordlist_t *list = NULL;
    const char *folder = "", *why = "";
    apr_size_t len = sizeof(words) - 1;
    apr_file_t *file;
    char *name;

    apr_temp_dir_get(&folder, pool);
    name = apr_pstrcat(pool, folder, "/test_password_policy.XXXXXX", NULL);
    ok(apr_file_mktemp(&file, name, APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_WRITE, pool) == APR_SUCCESS
       && apr_file_write_full(file, words, len, NULL) == APR_SUCCESS && apr_file_close(file) == APR_SUCCESS
       && um_wordlist_open(pool, name, &list, &why) == APR_SUCCESS, "a list of common passwords");
    printf("# %s\n", why ? why : "");
    apr_file_remove(name, pool);
    return list;
}

static const char *texts(apr_pool_t *pool, const apr_array_header_t *faults)
{
    const char *joined = "";
    const um_password_policy_fault_t *fault;
    const char *text;
    apr_size_t row;
    int i;

    for (i = 0; faults && i < faults->nelts; i++) {
        fault = &APR_ARRAY_IDX(faults, i, um_password_policy_fault_t);
        text = um_message_text(pool, fault->message, fault->value);
        joined = apr_pstrcat(pool, joined, i ? "|" : "", text, NULL);
        for (row = 0; row < COUNT(codes); row++) {
            if (strcmp(codes[row].text, text) == 0) {
                is_text(um_message_code(fault->message), codes[row].code, text);
            }
        }
    }
    return faults ? joined : NULL;
}

static void test_cases(apr_pool_t *pool, const um_wordlist_t *common)
{
    const um_password_policy_t policy = { 8, common };
    const char *password;
    apr_size_t i, len;

    for (i = 0; i < COUNT(cases); i++) {
        len = strlen(cases[i].password);
        /* Without an end of its own: what is behind must not count. */
        password = apr_pstrcat(pool, cases[i].password, "1x", NULL);
        is_text(texts(pool, um_password_policy_check(pool, &policy, &cases[i].person, password, len)), cases[i].want,
                cases[i].name);
    }
}

static void test_limits(apr_pool_t *pool)
{
    um_password_policy_t policy = { 0, NULL };
    apr_size_t i;

    for (i = 0; i < COUNT(limits); i++) {
        policy.min_length = limits[i].min;
        is_text(texts(pool, um_password_policy_check(pool, &policy, NULL, limits[i].password,
                                                     strlen(limits[i].password))),
                limits[i].want, apr_psprintf(pool, "at least %d", limits[i].min));
    }
    policy.min_length = 8;
    is_text(texts(pool, um_password_policy_check(pool, &policy, NULL, "password", 8)), "",
            "no list, nothing is common");
}

static void test_broken(apr_pool_t *pool)
{
    const um_password_policy_t policy = { 8, NULL };
    const um_password_policy_person_t person = PERSON("alice", "\xff", "secret.key", NULL);

    ok(um_password_policy_check(pool, &policy, NULL, "correct \xff horse", 15) == NULL, "a password that is not UTF-8");
    is_text(texts(pool, um_password_policy_check(pool, &policy, &person, "correct horse", 13)), "",
            "a name that is not UTF-8");
    is_text(texts(pool, um_password_policy_check(pool, &policy, &person, "secret-key", 10)), LAST,
            "the name behind such a one");
}

/* Passwords of the greatest length that a site may allow, against the longest names. */
static void test_long(apr_pool_t *pool)
{
    const um_password_policy_t policy = { 8, NULL };
    um_password_policy_person_t person = NOBODY;
    char *password = apr_palloc(pool, 4096), *name = apr_pcalloc(pool, 3001);
    int i;

    for (i = 0; i < 4096; i++) {
        password[i] = (char)('a' + i % 26);
    }
    for (i = 0; i < 3000; i++) {
        name[i] = password[4095 - i];
    }
    person.last_name = name;
    is_text(texts(pool, um_password_policy_check(pool, &policy, &person, password, 4096)), LAST,
            "3000 of 4096 letters: similar");
    name[150] = '\0';
    is_text(texts(pool, um_password_policy_check(pool, &policy, &person, password, 4096)), "",
            "150 of 4096 letters: not similar");
    is_text(texts(pool, um_password_policy_check(pool, &policy, &person, password, 278)), LAST,
            "150 of 278 letters: similar");
    is_text(texts(pool, um_password_policy_check(pool, &policy, &person, password, 279)), "",
            "150 of 279 letters: not similar");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_cases(pool, open_words(pool));
    test_limits(pool);
    test_broken(pool);
    test_long(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
