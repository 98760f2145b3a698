/* SPDX-License-Identifier: Apache-2.0 */
/* What is JSON and what is not: the corpus. It all goes through um_json_parse, since scanner and reader must agree. */
#include "tap.h"
#include "json.h"
#include "utf8.h"

#include <malloc.h>
#include <stdlib.h>

#include <apr_escape.h>
#include <apr_general.h>
#include <apr_strings.h>

#define MAX_DEPTH 32
#define TEXT(text) text, sizeof(text) - 1

static const struct {
    const char *text;
    apr_size_t len;
} good[] = {
    { TEXT("{}") },
    { TEXT("[]") },
    { TEXT("null") },
    { TEXT("true") },
    { TEXT("false") },
    { TEXT("0") },
    { TEXT("-0") },
    { TEXT("7") },
    { TEXT("\"\"") },
    { TEXT(" \t\r\n{ \t\r\n} \t\r\n") },
    { TEXT("[ ]") },
    { TEXT("[[]]") },
    { TEXT("[{}, [], \"\", 0, null, true, false]") },
    { TEXT("{\"a\":1}") },
    { TEXT("{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }") },
    { TEXT("{\"a\":{\"a\":{\"a\":1}}}") },
    { TEXT("[{\"a\":1},{\"a\":2}]") },
    { TEXT("{\"a\":{\"b\":1,\"c\":2},\"b\":1,\"c\":2}") },
    { TEXT("{\"\":1}") },
    { TEXT("{\"A\":1,\"a\":2}") },
    { TEXT("{\"a\":1,\"a \":2,\"aa\":3}") },
    { TEXT("{\"\\u00e9\":1,\"e\\u0301\":2}") },
    { TEXT("{\"\\ud83d\\ude00\":1,\"\\ud83d\\ude01\":2}") },
    { TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"") },
    { TEXT("\"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\"") },
    { TEXT("\"\\u0000\"") },
    { TEXT("\"a\\u0000b\"") },
    { TEXT("\"\\ud800\"") },
    { TEXT("{\"a\":\"\\udfff\"}") },
    { TEXT("\"\x7f\"") },
    { TEXT("\"\xc2\x80\"") },
    { TEXT("\"\xdf\xbf\"") },
    { TEXT("\"\xe0\xa0\x80\"") },
    { TEXT("\"\xed\x9f\xbf\xee\x80\x80\"") },
    { TEXT("\"\xef\xbf\xbf\"") },
    { TEXT("\"\xef\xbb\xbf\"") },
    { TEXT("\"\xf0\x90\x80\x80\"") },
    { TEXT("\"\xf4\x8f\xbf\xbf\"") },
    { TEXT("\"\xe2\x80\xa8/'\"") },
    { TEXT("0.0") },
    { TEXT("-0.0e-0") },
    { TEXT("1.5") },
    { TEXT("1e5") },
    { TEXT("1E+05") },
    { TEXT("1e-5") },
    { TEXT("[123456789.123456789e-12]") },
    { TEXT("9223372036854775807") },
    { TEXT("-9223372036854775808") },
    { TEXT("9223372036854775808") },
    { TEXT("{\"exp\":123456789012345678901234567890}") },
    { TEXT("1.7976931348623157e308") },
    { TEXT("-17976931348623157e292") },
    { TEXT("0.00017976931348623157E+312") },
    { TEXT("1e-400") },
    { TEXT("0e999999999999999999999") },
    { TEXT("0.000e400") },
    { TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]") },
    { TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{\"a\":null}]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]") },
};

static const struct {
    const char *text;
    apr_size_t len;
    const char *why;
} bad[] = {
    { TEXT(""), "unexpected end of text" },
    { TEXT(" \r\n\t"), "unexpected end of text" },
    { TEXT("{"), "unexpected end of text" },
    { TEXT("["), "unexpected end of text" },
    { TEXT("[1"), "unexpected end of text" },
    { TEXT("[1,"), "unexpected end of text" },
    { TEXT("{\"a\""), "unexpected end of text" },
    { TEXT("{\"a\":"), "unexpected end of text" },
    { TEXT("{\"a\":1"), "unexpected end of text" },
    { TEXT("{\"a\":1,"), "unexpected end of text" },
    { TEXT("\""), "unexpected end of text" },
    { TEXT("\"a"), "unexpected end of text" },
    { TEXT("\"\\"), "unexpected end of text" },
    { TEXT("\"\\\""), "unexpected end of text" },
    { TEXT("-"), "unexpected end of text" },
    { TEXT("1."), "unexpected end of text" },
    { TEXT("1e"), "unexpected end of text" },
    { TEXT("1e+"), "unexpected end of text" },
    { TEXT("tru"), "unexpected end of text" },
    { TEXT("nul"), "unexpected end of text" },
    { TEXT("\xef\xbb\xbf{}"), "byte order mark" },
    { TEXT("\xef\xbb\xbf"), "byte order mark" },
    { TEXT("\xfe\xff\0{\0}"), "invalid UTF-8" },
    { TEXT("\xff\xfe{\0}\0"), "invalid UTF-8" },
    { TEXT("{\0}\0"), "unexpected character at byte 1" },
    { TEXT("\0"), "unexpected character at byte 0" },
    { TEXT("{}\0"), "trailing data" },
    { TEXT("1\0"), "trailing data" },
    { TEXT("{}{}"), "trailing data" },
    { TEXT("{} x"), "trailing data" },
    { TEXT("[]]"), "trailing data" },
    { TEXT("{}}"), "trailing data" },
    { TEXT("{},"), "trailing data" },
    { TEXT("null null"), "trailing data" },
    { TEXT("truefalse"), "trailing data" },
    { TEXT("01"), "trailing data" },
    { TEXT("-01"), "trailing data" },
    { TEXT("0x10"), "trailing data" },
    { TEXT("1 2"), "trailing data" },
    { TEXT("1.5.2"), "trailing data" },
    { TEXT("{} // c"), "trailing data" },
    { TEXT("{}\f"), "trailing data" },
    { TEXT("/* c */{}"), "unexpected character at byte 0" },
    { TEXT("{'a':1}"), "unexpected character at byte 1" },
    { TEXT("'a'"), "unexpected character at byte 0" },
    { TEXT("{a:1}"), "unexpected character at byte 1" },
    { TEXT("{1:1}"), "unexpected character at byte 1" },
    { TEXT("{null:1}"), "unexpected character at byte 1" },
    { TEXT("{,}"), "unexpected character at byte 1" },
    { TEXT("{\"a\":1,}"), "unexpected character at byte 7" },
    { TEXT("{\"a\":}"), "unexpected character at byte 5" },
    { TEXT("{\"a\"}"), "unexpected character at byte 4" },
    { TEXT("{\"a\" 1}"), "unexpected character at byte 5" },
    { TEXT("{\"a\":1 \"b\":2}"), "unexpected character at byte 7" },
    { TEXT("{\"a\":1;}"), "unexpected character at byte 6" },
    { TEXT("{\"a\"::1}"), "unexpected character at byte 5" },
    { TEXT("{\"a\":1]"), "unexpected character at byte 6" },
    { TEXT("[1}"), "unexpected character at byte 2" },
    { TEXT("[1,]"), "unexpected character at byte 3" },
    { TEXT("[,1]"), "unexpected character at byte 1" },
    { TEXT("[1,,2]"), "unexpected character at byte 3" },
    { TEXT("[1 2]"), "unexpected character at byte 3" },
    { TEXT("[\"a\":1]"), "unexpected character at byte 4" },
    { TEXT("]"), "unexpected character at byte 0" },
    { TEXT("}"), "unexpected character at byte 0" },
    { TEXT(","), "unexpected character at byte 0" },
    { TEXT("NaN"), "unexpected character at byte 0" },
    { TEXT("[NaN]"), "unexpected character at byte 1" },
    { TEXT("nan"), "unexpected character at byte 1" },
    { TEXT("Infinity"), "unexpected character at byte 0" },
    { TEXT("{\"a\":-Infinity}"), "unexpected character at byte 6" },
    { TEXT("True"), "unexpected character at byte 0" },
    { TEXT("NULL"), "unexpected character at byte 0" },
    { TEXT("undefined"), "unexpected character at byte 0" },
    { TEXT("trve"), "unexpected character at byte 2" },
    { TEXT("+1"), "unexpected character at byte 0" },
    { TEXT(".5"), "unexpected character at byte 0" },
    { TEXT("-.5"), "unexpected character at byte 1" },
    { TEXT("--1"), "unexpected character at byte 1" },
    { TEXT("[1.]"), "unexpected character at byte 3" },
    { TEXT("1.e5"), "unexpected character at byte 2" },
    { TEXT("1e5.5"), "trailing data" },
    { TEXT("1e+-5"), "unexpected character at byte 3" },
    { TEXT("[01]"), "unexpected character at byte 2" },
    { TEXT("[1_000]"), "unexpected character at byte 2" },
    { TEXT("[\xd9\xa1]"), "unexpected character at byte 1" },
    { TEXT("[\xc2\xa0" "1]"), "unexpected character at byte 1" },
    { TEXT("[\v1]"), "unexpected character at byte 1" },
    { TEXT("\"\t\""), "control character at byte 1" },
    { TEXT("\"a\nb\""), "control character at byte 2" },
    { TEXT("\"\0\""), "control character at byte 1" },
    { TEXT("{\"a\x1f\":1}"), "control character at byte 3" },
    { TEXT("\"\\x41\""), "invalid escape at byte 1" },
    { TEXT("\"\\'\""), "invalid escape at byte 1" },
    { TEXT("\"\\0\""), "invalid escape at byte 1" },
    { TEXT("\"\\\0\""), "invalid escape at byte 1" },
    { TEXT("\"\\U0041\""), "invalid escape at byte 1" },
    { TEXT("\"\\u12\""), "invalid escape at byte 1" },
    { TEXT("\"\\u12g4\""), "invalid escape at byte 1" },
    { TEXT("\"\\u+041\""), "invalid escape at byte 1" },
    { TEXT("\"\\ud800\\u12\""), "invalid escape at byte 7" },
    { TEXT("\"\\u{41}\""), "invalid escape at byte 1" },
    { TEXT("\"\x80\""), "invalid UTF-8" },
    { TEXT("\"\xbf\""), "invalid UTF-8" },
    { TEXT("\"\xff\""), "invalid UTF-8" },
    { TEXT("\"\xc0\x80\""), "invalid UTF-8" },
    { TEXT("\"\xc1\xbf\""), "invalid UTF-8" },
    { TEXT("\"\xc3\""), "invalid UTF-8" },
    { TEXT("\"\xc3\x28\""), "invalid UTF-8" },
    { TEXT("\"\xe0\x80\xaf\""), "invalid UTF-8" },
    { TEXT("\"\xe0\x9f\xbf\""), "invalid UTF-8" },
    { TEXT("\"\xe2\x82\""), "invalid UTF-8" },
    { TEXT("\"\xe2\x28\xa1\""), "invalid UTF-8" },
    { TEXT("\"\xed\xa0\x80\""), "invalid UTF-8" },
    { TEXT("\"\xed\xbf\xbf\""), "invalid UTF-8" },
    { TEXT("\"\xf0\x80\x80\xaf\""), "invalid UTF-8" },
    { TEXT("\"\xf0\x9f\x98\""), "invalid UTF-8" },
    { TEXT("\"\xf4\x90\x80\x80\""), "invalid UTF-8" },
    { TEXT("\"\xf5\x80\x80\x80\""), "invalid UTF-8" },
    { TEXT("\"\xf8\x88\x80\x80\x80\""), "invalid UTF-8" },
    { TEXT("{\"\xe9\":1}"), "invalid UTF-8" },
    { TEXT("\"\xc3"), "invalid UTF-8" },
    { TEXT("{\"a\":1,\"a\":1}"), "duplicate member name at byte 7" },
    { TEXT("{\"a\":1,\"b\":2,\"a\":1,\"b\":2}"), "duplicate member name at byte 13" },
    { TEXT("{\"\":1,\"\":1}"), "duplicate member name at byte 6" },
    { TEXT("{\"a\":1,\"\\u0061\":1}"), "duplicate member name at byte 7" },
    { TEXT("{\"/\":1,\"\\/\":1}"), "duplicate member name at byte 7" },
    { TEXT("{\"\\n\":1,\"\\u000A\":1}"), "duplicate member name at byte 8" },
    { TEXT("{\"\xc3\xa9\":1,\"\\u00e9\":1}"), "duplicate member name at byte 8" },
    { TEXT("{\"\xe2\x82\xac\":1,\"\\u20ac\":1}"), "duplicate member name at byte 9" },
    { TEXT("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":1}"), "duplicate member name at byte 10" },
    { TEXT("{\"x\":{\"a\":1,\"a\":1}}"), "duplicate member name at byte 12" },
    { TEXT("[[{\"b\":{},\"a\":1,\"b\":1}]]"), "duplicate member name at byte 16" },
    { TEXT("{\"a\":{\"b\":1},\"a\":2}"), "duplicate member name at byte 13" },
    { TEXT("{\"\\u0000\":1}"), "null character in a member name" },
    { TEXT("{\"x\":[{\"a\\u0000b\":1}]}"), "null character in a member name" },
    { TEXT("{\"\\ud800\":1}"), "unpaired surrogate in a member name" },
    { TEXT("{\"a\":{\"\\udc00\\ud800\":1}}"), "unpaired surrogate in a member name" },
    { TEXT("1e309"), "number out of range" },
    { TEXT("-1e309"), "number out of range" },
    { TEXT("[1e999999999999999999999]"), "number out of range" },
    { TEXT("1.7976931348623159e308"), "number out of range" },
    { TEXT("179769313486231590e291"), "number out of range" },
    { TEXT("0.00017976931348623159E+312"), "number out of range" },
    { TEXT("0.00001e315"), "number out of range" },
    { TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), "nesting deeper than 32 levels" },
    { TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), "nesting deeper than 32 levels" },
};

/* In memory of its own, so that a byte read too many is seen by the address sanitizer. */
static apr_status_t parse(apr_pool_t *pool, const char *text, apr_size_t len, um_json_doc_t **doc, const char **why)
{
    char *copy = malloc(len ? len : 1);
    apr_status_t rv;

    if (len) {
        memcpy(copy, text, len);
    }
    *why = "(none)";
    rv = um_json_parse(pool, copy, len, MAX_DEPTH, doc, why);
    free(copy);
    return rv;
}

static void test_corpus(apr_pool_t *pool)
{
    um_json_doc_t *doc;
    const char *why, *name;
    apr_size_t i;

    for (i = 0; i < sizeof(good) / sizeof(*good); ++i) {
        name = apr_pescape_echo(pool, good[i].text, 1);
        is_int(parse(pool, good[i].text, good[i].len, &doc, &why), APR_SUCCESS, apr_psprintf(pool, "good: %s", name));
    }
    for (i = 0; i < sizeof(bad) / sizeof(*bad); ++i) {
        name = apr_pescape_echo(pool, bad[i].text, 1);
        is_int(parse(pool, bad[i].text, bad[i].len, &doc, &why), APR_EINVAL, apr_psprintf(pool, "bad: %s", name));
        is_text(why, bad[i].why, "the refusal has its reason");
    }
}

/* No proper beginning of a list or object is a document. */
static void test_cut_off(apr_pool_t *pool)
{
    static const char text[] = "{\"n\\u00e9\":[-12.5e+3,\"\\ud83d\\ude00\xc3\xa9\",true,null],\"b\":{\"c\":false}}";
    um_json_doc_t *doc;
    const char *why;
    apr_size_t len;
    int taken = 0;

    for (len = 0; len < sizeof(text) - 1; ++len) {
        taken += parse(pool, text, len, &doc, &why) != APR_EINVAL;
    }
    is_int(taken, 0, "no beginning of a document is taken");
    is_int(parse(pool, text, len, &doc, &why), APR_SUCCESS, "the whole text is read");
}

/* Every byte value at every place: what comes back is a document or a reason, and never a crash. */
static void test_every_byte(apr_pool_t *pool)
{
    char text[] = "{\"a\\n\":[1.5e3,\"\xc3\xa9\"]}", was;
    um_json_doc_t *doc;
    const char *why;
    apr_size_t i;
    int byte, odd = 0;

    for (i = 0; i < sizeof(text) - 1; ++i) {
        was = text[i];
        for (byte = 0; byte < 256; ++byte) {
            text[i] = (char)byte;
            parse(pool, text, sizeof(text) - 1, &doc, &why);
            odd += strcmp(why, "text not understood") == 0;
        }
        text[i] = was;
    }
    is_int(odd, 0, "the reader takes what the scanner takes");
}

static char *repeat(apr_pool_t *pool, const char *text, int count)
{
    apr_size_t len = strlen(text);
    char *all = apr_palloc(pool, len * (apr_size_t)count + 1);
    int i;

    for (i = 0; i < count; ++i) {
        memcpy(all + len * (apr_size_t)i, text, len);
    }
    all[len * (apr_size_t)count] = '\0';
    return all;
}

static int is_a(const void *unused, const char *name, apr_size_t len)
{
    (void)unused;
    return len == 1 && *name == 'a';
}

static void test_bombs(apr_pool_t *pool)
{
    static const char *const bombs[] = { "[", "{\"a\":", "[{\"a\":", "[[],", "{\"a\":{},\"b\":" };
    um_json_doc_t *doc;
    const char *why, *text;
    apr_size_t i;

    for (i = 0; i < sizeof(bombs) / sizeof(*bombs); ++i) {
        text = repeat(pool, bombs[i], 200000);
        is_int(parse(pool, text, strlen(text), &doc, &why), APR_EINVAL,
               apr_psprintf(pool, "200000 times %s", bombs[i]));
        is_text(why, "nesting deeper than 32 levels", "the refusal has its reason");
    }
    text = apr_pstrcat(pool, repeat(pool, "[", 200000), repeat(pool, "]", 200000), NULL);
    is_int(um_json_parse_wanted(pool, text, 400000, 200000, is_a, NULL, &doc, &why), APR_SUCCESS,
           "depth takes no stack");
    is_int(um_json_parse(pool, "[]", 2, 0, &doc, &why), APR_EINVAL, "depth 0: no list");
    is_int(um_json_parse(pool, "1", 1, 0, &doc, &why), APR_SUCCESS, "depth 0: a scalar");
}

/* What malloc has handed out by now. */
static long long in_use(void)
{
    return (long long)mallinfo2().uordblks;
}

/* Of a wanted list some elements are built, however many it has; of one that is not wanted, none. */
static void test_wanted_lists(apr_pool_t *pool)
{
    static const char *const elements[] = { "[]", "{}", "1", "\"x\"", "true", "1.5", "[[[1]]]", "{\"a\":[1]}" };
    um_json_doc_t *doc;
    const char *why, *text;
    apr_array_header_t *list;

    for (size_t i = 0; i < sizeof(elements) / sizeof(*elements); i++) {
        const char *one = apr_pstrcat(pool, elements[i], ",", NULL);
        long long before;
        apr_pool_t *own;

        text = apr_pstrcat(pool, "{\"b\":[", repeat(pool, one, 20000), elements[i], "],\"a\":[",
                           repeat(pool, one, 20000), elements[i], "]}", NULL);
        apr_pool_create(&own, pool);
        before = in_use();
        is_int(um_json_parse_wanted(own, text, strlen(text), 32, is_a, NULL, &doc, &why), APR_SUCCESS,
               apr_psprintf(pool, "a list of 20001 times %s is read", elements[i]));
        ok(in_use() - before < 200 * 1024, "it takes %lld bytes", in_use() - before);
        list = um_json_get_list(own, doc->root, "a");
        is_int(list ? list->nelts : 0, UM_JSON_WANTED_ELEMENTS, "the first elements of the list are built");
        ok(!um_json_get_list(own, doc->root, "b"), "the list that is not wanted is not built");
        apr_pool_destroy(own);
    }
    text = "{\"a\":[\"x\\u0041\",null,{\"a\":\"y\"},[\"z\"],7]}";
    is_int(um_json_parse_wanted(pool, text, strlen(text), 32, is_a, NULL, &doc, &why), APR_SUCCESS, "a list is read");
    is_text(um_json_print(pool, doc->root), "{\"a\":[\"xA\",null,false,false,7]}", "without its lists and objects");
    list = um_json_get_list(pool, doc->root, "a");
    is_text(APR_ARRAY_IDX(list, 0, um_json_value_t).text, "xA", "an element has its text");
    is_int(APR_ARRAY_IDX(list, 1, um_json_value_t).kind, UM_JSON_NULL, "null is an element");
    text = "[[\"a\"],{\"a\":[1]}]";
    is_int(um_json_parse_wanted(pool, text, strlen(text), 32, is_a, NULL, &doc, &why), APR_SUCCESS, "a list as root");
    is_text(um_json_print(pool, doc->root), "[]", "is built empty");
}

/* Names that share 40 bytes: 100000 of them would take minutes in anything quadratic. */
static void test_many_members(apr_pool_t *pool)
{
    const int count = 100000;
    char *text = apr_palloc(pool, (apr_size_t)count * 64), *to = text;
    um_json_doc_t *doc;
    const char *why;
    int i;

    *to++ = '{';
    for (i = 0; i < count; ++i) {
        to += apr_snprintf(to, 64, "\"a name that many others have, too: %08d\":%d,", i * 7919 % count, i);
    }
    to[-1] = '}';
    is_int(parse(pool, text, (apr_size_t)(to - text), &doc, &why), APR_SUCCESS, "an object of 100000 members is read");
    is_int((long long)um_json_get(doc->root, "a name that many others have, too: 00007919").number, 1,
           "a member is found among many others");
    to += apr_snprintf(to - 1, 64, ",\"a name that many others have, too: 00000000\":0}") - 1;
    is_int(parse(pool, text, (apr_size_t)(to - text), &doc, &why), APR_EINVAL,
           "a name that stands twice among many is refused");
    ok(strncmp(why, "duplicate member name at byte ", 30) == 0, "the refusal has its reason");
}

/* The definition itself (RFC 3629 section 3), against the step's short cuts. */
static void test_utf8(apr_pool_t *pool)
{
    unsigned char text[4];
    apr_uint32_t code;
    apr_size_t len, cut;
    int wrong = 0;

    (void)pool;
    for (code = 0; code < 0x200000; ++code) {
        len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        text[0] = (unsigned char)(len == 1 ? code : (0xF00u >> len & 0xFF) | code >> 6 * (len - 1));
        for (cut = 1; cut < len; ++cut) {
            text[cut] = (unsigned char)(0x80 | (code >> 6 * (len - 1 - cut) & 0x3F));
        }
        wrong += um_utf8_step(text, len) != (code > 0x10FFFF || code >> 11 == 0x1B ? 0 : len);
        wrong += len > 1 && um_utf8_step(text, len - 1) != 0;
        if (len > 1) {
            text[len - 1] ^= 0x40;
            wrong += um_utf8_step(text, len) != 0;
        }
    }
    is_int(wrong, 0, "every code point, whole, cut short and with a wrong last byte");
    is_int((long long)um_utf8_step((const unsigned char *)"a\xff", 2), 1, "only the first character is looked at");
    is_int((long long)um_utf8_step((const unsigned char *)"", 0), 0, "nothing is no character");
}

int main(void)
{
    static void (*const tests[])(apr_pool_t *) = { test_corpus, test_cut_off, test_every_byte, test_bombs,
                                                   test_wanted_lists, test_many_members, test_utf8 };
    apr_pool_t *pool;
    apr_size_t i;

    apr_initialize();
    for (i = 0; i < sizeof(tests) / sizeof(*tests); ++i) {
        apr_pool_create(&pool, NULL);
        tests[i](pool);
        apr_pool_destroy(pool);
    }
    apr_terminate();
    return tap_done();
}
