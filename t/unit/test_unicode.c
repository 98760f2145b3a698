/* SPDX-License-Identifier: Apache-2.0 */
/* Text of many scripts: what is one name, what is a name at all, and what ends where. */
#include "tap.h"

#include <apr_escape.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "unicode.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct { const char *bytes; apr_size_t len; int want; const char *name; } encodings[] = {
    { "", 0, 1, "nothing" },
    { "abc", 3, 1, "ASCII" },
    { "a\0b", 3, 1, "NUL is a character" },
    { "\xc2\x80\xdf\xbf", 4, 1, "first and last of two bytes" },
    { "\xe0\xa0\x80\xef\xbf\xbf", 6, 1, "first and last of three bytes" },
    { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, 1, "first and last of four bytes" },
    { "\xed\x9f\xbf\xee\x80\x80", 6, 1, "the neighbours of the surrogates" },
    { "a\x80", 2, 0, "a stray continuation byte" },
    { "\xc0\xaf", 2, 0, "an overlong slash" },
    { "\xe0\x80\xaf", 3, 0, "an overlong slash of three bytes" },
    { "\xf0\x80\x80\xaf", 4, 0, "an overlong slash of four bytes" },
    { "\xed\xa0\x80", 3, 0, "a surrogate" },
    { "\xed\xb0\x80", 3, 0, "a low surrogate" },
    { "\xf4\x90\x80\x80", 4, 0, "above U+10FFFF" },
    { "\xf8\x88\x80\x80\x80", 5, 0, "five bytes" },
    { "\xff", 1, 0, "never a byte of UTF-8" },
    { "ab\xc3", 3, 0, "cut short after one of two" },
    { "\xe2\x82", 2, 0, "cut short after two of three" },
    { "\xf0\x9f\x98", 3, 0, "cut short after three of four" },
    { "\xe2\x82\xac", 2, 0, "whole, but the length cuts it" },
    { "\xc3\x28", 2, 0, "no continuation" },
};

static const struct { const char *text; int want; } counts[] = {
    { "", 0 }, { "abc", 3 }, { "né", 2 }, { "ne\u0301", 3 }, { "€", 1 }, { "😀", 1 }, { "ที่", 3 },
};

static const struct { const char *text, *want; } trims[] = {
    { "", "" }, { "alice", "alice" }, { " ", "" }, { " \t\r\n\v\f ", "" }, { "  alice", "alice" },
    { "alice  ", "alice" }, { "\talice smith\n", "alice smith" }, { "\x1c\x1d\x1e\x1f" "a\x1f", "a" },
    { "\x1b" "a", "\x1b" "a" }, { "\xc2\x85" "a\xc2\x85", "a" }, { "\u00a0a\u00a0", "a" },
    { "\u1680a\u2000\u200a", "a" }, { "\u2028a\u2029", "a" }, { "\u202fa\u205f", "a" },
    { "\u3000アリス\u3000", "アリス" }, { "\u200ba\u200b", "\u200ba\u200b" }, { "\ufeffa", "\ufeffa" },
    { "é ", "é" }, { " \xff ", "\xff" },
};

/* NULL: as before it in the row. */
static const struct { const char *text, *nfkc, *key, *lower, *name; } forms[] = {
    { "", NULL, NULL, "", "nothing" },
    { "Alice.B-1@c+d_e", NULL, "alice.b-1@c+d_e", "alice.b-1@c+d_e", "ASCII" },
    { "Rene\u0301", "René", "rené", "rene\u0301", "a decomposed accent" },
    { "RENÉ", NULL, "rené", "rené", "an accent" },
    { "q\u0307\u0323", "q\u0323\u0307", NULL, "q\u0307\u0323", "marks in another order" },
    { "Ａｌｉｃｅ１", "Alice1", "alice1", "ａｌｉｃｅ１", "fullwidth" },
    { "ｱﾘｽ", "アリス", NULL, "ｱﾘｽ", "halfwidth katakana" },
    { "\ufb01ona", "fiona", NULL, "\ufb01ona", "a ligature" },
    { "stra\u00dfe", NULL, "strasse", "straße", "sharp s" },
    { "STRA\u1e9eE", NULL, "strasse", "straße", "capital sharp s" },
    { "\u0131lk", NULL, NULL, "\u0131lk", "dotless i" },
    { "\u0130LK", NULL, "i\u0307lk", "i\u0307lk", "a dotted capital I" },
    { "ILK", NULL, "ilk", "ilk", "a plain capital I" },
    { "ΟΔΟΣ", NULL, "οδοσ", "οδοσ", "capital sigma at the end" },
    { "οδος", NULL, "οδοσ", "οδος", "final sigma" },
    { "\u212a", "K", "k", "k", "the Kelvin sign" },
    { "\u212b", "\u00c5", "\u00e5", "\u00e5", "the Angstrom sign" },
    { "\u2126", "\u03a9", "\u03c9", "\u03c9", "the Ohm sign" },
    { "\u017f", "s", NULL, "\u017f", "long s" },
    { "x\u00b2", "x2", NULL, "x\u00b2", "a superscript" },
    { "\u03b1\u0345\u0301", "\u1fb4", "\u03ac\u03b9", "\u03b1\u0345\u0301", "the iota subscript before an accent" },
    { "\u03b1\u0301\u0345", "\u1fb4", "\u03ac\u03b9", "\u03b1\u0301\u0345", "the iota subscript behind an accent" },
    { "\u0e19\u0e49\u0e33", "\u0e19\u0e49\u0e4d\u0e32", NULL, "\u0e19\u0e49\u0e33", "Thai sara am" },
    { "\u0915\u093c", NULL, NULL, "\u0915\u093c", "Devanagari ka with nukta" },
    { "\u0958", "\u0915\u093c", NULL, "\u0958", "Devanagari qa" },
    { "\u1112\u1161\u11ab", "한", NULL, "\u1112\u1161\u11ab", "Hangul in parts" },
    { "a\u200db\u00ad", NULL, "ab", "a\u200db\u00ad", "a joiner and a soft hyphen" },
    { "a\ufe0fb", NULL, "ab", "a\ufe0fb", "a variation selector" },
    { "ÀÉ ДЖ \U00010400", NULL, "àé дж \U00010428", "àé дж \U00010428", "capitals of several scripts" },
    { "\u023a", NULL, "\u2c65", "\u2c65", "lower case that is longer" },
    { "\ufdfa", "صلى الله عليه وسلم", NULL, "\ufdfa", "one character that becomes eighteen" },
    { "😀", NULL, NULL, "😀", "emoji" },
    { "\u13a0\uab70", NULL, "\u13a0\u13a0", "\uab70\uab70", "Cherokee, which folds to capitals" },
};

static const struct { const char *text; int want; const char *name; } names[] = {
    { "", 0, "nothing" }, { "alice", 1, "letters" }, { "Alice.B-1@c+d_e", 1, "all signs" }, { "-", 1, "one sign" },
    { "007", 1, "digits" }, { "al ice", 0, "a blank" }, { "alice ", 0, "a blank at the end" },
    { "al\tice", 0, "a tab" }, { "alice\n", 0, "a line end" }, { "al\x01" "ice", 0, "a control" },
    { "al\x7f", 0, "delete" }, { "a/b", 0, "a slash" }, { "a\\b", 0, "a backslash" }, { "a:b", 0, "a colon" },
    { "a'b", 0, "a quote" }, { "a\"b", 0, "a double quote" }, { "a<b", 0, "less than" }, { "a%b", 0, "percent" },
    { "a*b", 0, "a star" }, { "a,b", 0, "a comma" }, { "a(b)", 0, "parentheses" }, { "a$", 0, "dollar" },
    { "a~", 0, "tilde" }, { "müller", 1, "an accent" }, { "mu\u0308ller", 1, "a decomposed accent" },
    { "Ångström", 1, "capitals with accents" }, { "q\u0323\u0307", 1, "two marks" },
    { "\u0301alice", 0, "a mark first" }, { "a.\u0301", 0, "a mark after a sign" },
    { "1\u0301", 0, "a mark after a digit" }, { "_\u0301", 0, "a mark after the underscore" },
    { "สมชาย", 1, "Thai" }, { "ที่รัก", 1, "Thai with vowels and tones" },
    { "น\u0e49\u0e4dา", 1, "Thai nikhahit" }, { "\u0e49น", 0, "a Thai tone first" },
    { "नमस\u094dत\u0947", 1, "Devanagari" }, { "ਪੰਜਾਬੀ", 1, "Gurmukhi" },
    { "தமிழ்", 1, "Tamil" }, { "محمد", 1, "Arabic" }, { "مُحَمَّد", 1, "Arabic with vowels" },
    { "דָּוִד", 1, "Hebrew with points" }, { "Иван", 1, "Cyrillic" }, { "Αλέξης", 1, "Greek" },
    { "田中太郎", 1, "Han" }, { "タナカー", 1, "Katakana" }, { "たなか", 1, "Hiragana" },
    { "김철수", 1, "Hangul" }, { "٣٤٥", 1, "Arabic digits" }, { "x½", 1, "a fraction" },
    { "Ⅷ", 1, "a Roman numeral" }, { "😀", 0, "emoji" }, { "a👩\u200d💻", 0, "joined emoji" },
    { "a\u200d", 0, "a joiner" }, { "a\u200cb", 0, "a non-joiner" }, { "a\u200bb", 0, "a zero-width blank" },
    { "a\u00adb", 0, "a soft hyphen" }, { "\u202ealice", 0, "right-to-left override" },
    { "a\u2066b\u2069", 0, "isolates" }, { "a\u200e", 0, "a direction mark" },
    { "a\u034fb", 0, "an invisible mark (grapheme joiner)" }, { "a\ufe0f", 0, "a variation selector" },
    { "a\U000e0041", 0, "a tag" }, { "\u3164", 0, "the Hangul filler" }, { "\uffa0", 0, "the halfwidth filler" },
    { "\u115f\u1160", 0, "Hangul jamo fillers" }, { "\u1780\u17b4", 0, "an invisible Khmer vowel" },
    { "\u2800", 0, "blank braille" }, { "\ufeff" "a", 0, "a byte order mark" }, { "a\u00a0b", 0, "a no-break blank" },
    { "a\u2014b", 0, "a long dash" }, { "O\u2019Brien", 0, "an apostrophe" }, { "a\u2044b", 0, "the fraction slash" },
    { "a\ue000", 0, "private use" }, { "a\u0378", 0, "not assigned" }, { "a\ufffd", 0, "the replacement character" },
    { "a\xff", 0, "no UTF-8" }, { "a\xc3", 0, "cut UTF-8" }, { "™", 0, "trade mark" },
    { "a＠b", 0, "a fullwidth sign, not yet NFKC" },
};

/* Rows of two that are one name, or are not. */
static const struct { const char *one, *other; int want; } pairs[] = {
    { "alice", "ALICE", 1 }, { "alice", "alice1", 0 }, { "RENÉ", "rene\u0301", 1 }, { "rené", "rene", 0 },
    { "straße", "STRASSE", 1 }, { "ΟΔΟΣ", "οδος", 1 }, { "Ａlice", "alice", 1 }, { "\u212aim", "kim", 1 },
    { "\ufb01ona", "FIONA", 1 }, { "ilk", "ILK", 1 }, { "\u0131lk", "ilk", 0 }, { "\u0130lk", "ilk", 0 },
    { "al\u00adice", "alice", 1 }, { "p\u0430ypal", "paypal", 0 }, { "한", "\u1112\u1161\u11ab", 1 },
    { "ｱﾘｽ", "アリス", 1 }, { "เเ", "แ", 0 }, { "\u0958", "\u0915\u093c", 1 }, { "x²", "x2", 1 },
};

static const struct { const char *text; int want; } labels[] = {
    { "", 0 }, { "example", 1 }, { "a-b", 1 }, { "-", 0 }, { "-a", 0 }, { "a-", 0 }, { "a_b", 0 }, { "a.b", 0 },
    { "bücher", 1 }, { "bu\u0308cher", 1 }, { "\u0308u", 0 }, { "ไทย", 1 }, { "para\u00b7lel", 1 },
    { "メール・箱", 1 }, { "\ufdfa", 0 }, { "\u2100", 0 }, { "a\u200d", 0 }, { "a\u2488", 0 }, { "a\xff", 0 },
    { "\u3164", 0 }, { "٣", 1 }, { "-ü", 0 }, { "ü-", 0 },
};

static const struct { const char *text; int want; } numbers[] = {
    { "", 0 }, { "0", 1 }, { "12345678", 1 }, { "1234567a", 0 }, { "12 34", 0 }, { "-12", 0 }, { "1.5", 0 },
    { "１２３", 1 }, { "٣٤٥", 1 }, { "१२३", 1 }, { "๑๒๓", 1 }, { "\U0001d7d8", 1 }, { "x²", 0 },
    { "²³₄", 1 }, { "①⑨", 1 }, { "⑩", 0 }, { "½", 0 }, { "Ⅷ", 0 }, { "三", 0 }, { "\u1369", 1 },
    { "1\u0301", 0 }, { "1\xff", 0 },
};

static const struct { const char *text, *want; } words[] = {
    { "", "||" }, { "alice", "|alice|alice|" },
    { "alice.smith@example.org", "|alice|smith|example|org|alice.smith@example.org|" },
    { "..a..b..", "|a|b|..a..b..|" }, { "a_b1", "|a_b1|a_b1|" }, { "é-Ж 名", "|é|Ж|名|é-Ж 名|" },
    { "-", "|-|" }, { "e\u0301x", "|e|x|e\u0301x|" }, { "a\u200db", "|a|b|a\u200db|" }, { "½", "|½|½|" },
    { "a\xff" "b", "|a|b|a\xff" "b|" },
};

static const char *show(apr_pool_t *pool, const char *text)
{
    return apr_pescape_echo(pool, text, 0);
}

static void test_bytes(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT(encodings); i++) {
        ok(um_unicode_valid(apr_pmemdup(pool, encodings[i].bytes, encodings[i].len), encodings[i].len)
           == encodings[i].want, "the check of UTF-8 is right: %s", encodings[i].name);
    }
    for (i = 0; i < COUNT(counts); i++) {
        is_int((long long)um_unicode_count(counts[i].text, strlen(counts[i].text)), counts[i].want,
               "the code points are counted");
    }
    for (i = 0; i < COUNT(trims); i++) {
        is_text(um_unicode_trim(pool, trims[i].text), trims[i].want,
                apr_psprintf(pool, "trim: %s", show(pool, trims[i].text)));
    }
}

static void test_points(apr_pool_t *pool)
{
    static const apr_uint32_t want[] = { 0x61, 0xE9, 0x20AC, 0x1F600 };
    apr_size_t count = 99;
    apr_uint32_t *points = um_unicode_points(pool, "aé€😀", &count);

    ok(points && count == 4 && memcmp(points, want, sizeof(want)) == 0, "code points of one to four bytes");
    ok(um_unicode_points(pool, "", &count) && count == 0, "an empty text has no code points");
    ok(um_unicode_points(pool, "a\xff", &count) == NULL, "no code points without UTF-8");
}

static void test_forms(apr_pool_t *pool)
{
    static const char *const broken[] = { "\xff", "a\xc3", "\xed\xa0\x80", "\x80", "é\x80" };
    const char *out, *nfkc, *key;
    apr_size_t i;

    for (i = 0; i < COUNT(forms); i++) {
        nfkc = forms[i].nfkc ? forms[i].nfkc : forms[i].text;
        key = forms[i].key ? forms[i].key : nfkc;
        ok(um_unicode_nfkc(pool, forms[i].text, &out) == APR_SUCCESS && strcmp(out, nfkc) == 0,
           "the NFKC form is right: %s",
           forms[i].name);
        ok(um_unicode_key(pool, forms[i].text, &out) == APR_SUCCESS && strcmp(out, key) == 0,
           "the key is right: %s", forms[i].name);
        ok(um_unicode_lower(pool, forms[i].text, &out) == APR_SUCCESS && strcmp(out, forms[i].lower) == 0,
           "the lower case is right: %s",
           forms[i].name);
    }
    for (i = 0; i < COUNT(broken); i++) {
        out = "untouched";
        ok(um_unicode_nfkc(pool, broken[i], &out) == APR_EINVAL && um_unicode_key(pool, broken[i], &out) == APR_EINVAL
           && um_unicode_lower(pool, broken[i], &out) == APR_EINVAL && strcmp(out, "untouched") == 0,
           "broken UTF-8 is refused: %s", show(pool, broken[i]));
    }
    for (i = 0; i < COUNT(pairs); i++) {
        um_unicode_key(pool, pairs[i].one, &key);
        um_unicode_key(pool, pairs[i].other, &out);
        ok((strcmp(key, out) == 0) == pairs[i].want, "%s and %s are %s name", show(pool, pairs[i].one),
           show(pool, pairs[i].other), pairs[i].want ? "one" : "no one");
    }
}

static void encode(unsigned point, char *text)
{
    unsigned char *to = (unsigned char *)text;

    if (point < 0x80) {
        *to++ = (unsigned char)point;
    } else if (point < 0x800) {
        *to++ = (unsigned char)(0xC0 | point >> 6);
    } else if (point < 0x10000) {
        *to++ = (unsigned char)(0xE0 | point >> 12);
    } else {
        *to++ = (unsigned char)(0xF0 | point >> 18);
        *to++ = (unsigned char)(0x80 | (point >> 12 & 63));
    }
    if (point >= 0x800) {
        *to++ = (unsigned char)(0x80 | (point >> 6 & 63));
    }
    if (point >= 0x80) {
        *to++ = (unsigned char)(0x80 | (point & 63));
    }
    *to = '\0';
}

/* A key that is not its own key would let one name be registered twice. */
static void test_keys_of_keys(apr_pool_t *parent)
{
    static const char *const tails[] = { "", "\u0345\u0301", "\u0301\u0345", "\u0308", "\u0327\u0301", "\u11a8",
                                         "\u00ad" };
    apr_pool_t *pool;
    const char *key, *again, *name, *nfkc;
    unsigned point, checked = 0, wrong = 0;
    char text[8];
    apr_size_t i;

    apr_pool_create(&pool, parent);
    for (point = 1; point < 0x110000; point += point < 0x3400 || (point >= 0xF900 && point < 0x1F200) ? 1 : 61) {
        encode(point, text);
        for (i = 0; (point < 0xD800 || point > 0xDFFF) && i < COUNT(tails); i++) {
            name = apr_pstrcat(pool, text, tails[i], NULL);
            checked++;
            wrong += um_unicode_key(pool, name, &key) || um_unicode_key(pool, key, &again) || strcmp(key, again) != 0
                     || um_unicode_nfkc(pool, key, &nfkc) || strcmp(key, nfkc) != 0;
        }
        apr_pool_clear(pool);
    }
    is_int(wrong, 0, apr_psprintf(parent, "the key of a key is the key, and NFKC, for %u texts", checked));
}

/* A soft hyphen is dropped, so it leaves what the general way makes of the rest. */
static void test_ascii_keys(apr_pool_t *pool)
{
    const char *key, *general;
    int wrong = 0;

    for (int c = 1; c < 0x80; c++) {
        const char *text = apr_psprintf(pool, "x%cY", c);

        wrong += um_unicode_key(pool, text, &key)
                 || um_unicode_key(pool, apr_pstrcat(pool, text, "\u00ad", NULL), &general)
                 || strcmp(key, general) != 0;
    }
    is_int(wrong, 0, "the key of ASCII is what the general way makes of it");
}

static void test_many_marks(apr_pool_t *pool)
{
    const char *text = "a", *out = NULL;

    for (int i = 0; i < 30; i++) {
        text = apr_pstrcat(pool, text, "\u0301", NULL);
    }
    is_int(um_unicode_nfkc(pool, text, &out), APR_SUCCESS, "thirty marks on a letter");
    text = apr_pstrcat(pool, text, "\u0316", NULL);
    is_int(um_unicode_nfkc(pool, text, &out), APR_EINVAL, "one more is no text");
    is_int(um_unicode_key(pool, text, &out), APR_EINVAL, "broken UTF-8 has no key");
}

static void test_classes(apr_pool_t *pool)
{
    apr_array_header_t *parts;
    apr_size_t i;

    for (i = 0; i < COUNT(names); i++) {
        ok(um_unicode_is_name(names[i].text) == names[i].want, "%s name: %s", names[i].want ? "a" : "no",
           names[i].name);
    }
    for (i = 0; i < COUNT(labels); i++) {
        ok(um_unicode_is_label(labels[i].text, strlen(labels[i].text)) == labels[i].want, "%s label: %s",
           labels[i].want ? "a" : "no", show(pool, labels[i].text));
    }
    ok(um_unicode_is_label("ab-c", 2) && !um_unicode_is_label("ab-c", 3), "a label ends where its length says");
    for (i = 0; i < COUNT(numbers); i++) {
        ok(um_unicode_is_numeric(numbers[i].text) == numbers[i].want, "%snumeric: %s", numbers[i].want ? "" : "not ",
           show(pool, numbers[i].text));
    }
    for (i = 0; i < COUNT(words); i++) {
        parts = um_unicode_words(pool, words[i].text);
        is_text(apr_pstrcat(pool, "|", apr_array_pstrcat(pool, parts, '|'), "|", NULL), words[i].want,
                apr_psprintf(pool, "words: %s", show(pool, words[i].text)));
    }
}

/* The cases of RFC 8265, table 5, and their like. */
static void test_passwords(apr_pool_t *pool)
{
    static const struct { const char *text, *want, *name; } cases[] = {
        { "correct horse battery staple", "correct horse battery staple", "ASCII" },
        { "Correct Horse Battery Staple", "Correct Horse Battery Staple", "is not folded" },
        { "\u03c0\u00df\u00e5", "\u03c0\u00df\u00e5", "letters" },
        { "Jack of \u2666s", "Jack of \u2666s", "a symbol" },
        { "foo\u1680bar", "foo bar", "another blank" },
        { "\u3000x\u00a0", " x ", "blanks at the ends stay" },
        { "e\u0301", "\u00e9", "a decomposed letter" },
        { "\u1e9b\u0323", "\u1e9b\u0323", "what looks alike only, stays" },
        { "\ufb01\uff21", "\ufb01\uff21", "and a ligature and a wide letter" },
        { "\u1100\u1161\u11a8", "\uac01", "parts of a syllable" },
        { "a\tb\u200b", "a\tb\u200b", "a tab and what is not shown" },
        { "", "", "nothing" },
    };
    const char *out = NULL, *text = "e";
    apr_size_t len = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(um_unicode_opaque(pool, cases[i].text, strlen(cases[i].text), &out, &len) == APR_SUCCESS
           && len == strlen(cases[i].want) && memcmp(out, cases[i].want, len) == 0,
           "the form of a password is right: %s", cases[i].name);
    }
    ok(um_unicode_opaque(pool, "e\0\u0301", 4, &out, &len) == APR_SUCCESS && len == 4
       && memcmp(out, "e\0\u0301", 4) == 0, "a NUL ends nothing");
    is_int(um_unicode_opaque(pool, "\xFF", 1, &out, &len), APR_EINVAL, "what is not UTF-8 is no password");
    for (int i = 0; i < 31; i++) {
        text = apr_pstrcat(pool, text, "\u0301", NULL);
    }
    is_int(um_unicode_opaque(pool, text, strlen(text), &out, &len), APR_EINVAL,
           "a text that would cost too much is no password");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_bytes(pool);
    test_points(pool);
    test_forms(pool);
    test_keys_of_keys(pool);
    test_ascii_keys(pool);
    test_many_marks(pool);
    test_passwords(pool);
    test_classes(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
