/* SPDX-License-Identifier: Apache-2.0 */
/* Values read from documents, and values printed. test_json_parse.c holds the corpus of what is a document at all. */
#include "tap.h"
#include "json.h"

#include <malloc.h>
#include <math.h>

#include <apr_general.h>
#include <apr_strings.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static um_json_doc_t *parse(apr_pool_t *pool, const char *text)
{
    um_json_doc_t *doc = NULL;
    const char *why = NULL;

    if (um_json_parse(pool, text, strlen(text), 32, &doc, &why) != APR_SUCCESS) {
        printf("# %s: %s\n", text, why);
    }
    return doc;
}

static void test_roots(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        um_json_kind_e kind;
        const char *name;
    } cases[] = {
        { "null", UM_JSON_NULL, "NoneType" },
        { " null\n", UM_JSON_NULL, "NoneType" },
        { "true", UM_JSON_BOOLEAN, "bool" },
        { "false", UM_JSON_BOOLEAN, "bool" },
        { "12", UM_JSON_INTEGER, "int" },
        { "-0", UM_JSON_INTEGER, "int" },
        { "1.0", UM_JSON_FLOAT, "float" },
        { "1e3", UM_JSON_FLOAT, "float" },
        { "\"a\"", UM_JSON_STRING, "str" },
        { "[]", UM_JSON_LIST, "list" },
        { "{}", UM_JSON_OBJECT, "dict" },
    };
    um_json_doc_t *doc;
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        doc = parse(pool, cases[i].text);
        is_int(doc->kind, cases[i].kind, cases[i].text);
        is_text(um_json_kind_name(doc->kind), cases[i].name, "the kind has its name");
        ok((doc->root == NULL) == (doc->kind == UM_JSON_NULL), "the document has a root unless it is null");
        is_int(um_json_get(doc->root, "a").kind, UM_JSON_ABSENT, "the document has no member a");
        is_int(um_json_has_text(doc->root, "a", "a"), 0, "the document has no text a");
    }
    is_text(um_json_kind_name(UM_JSON_ABSENT), "NoneType", "name of no kind");
}

static void test_numbers(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        um_json_kind_e kind;
        double number;
    } cases[] = {
        { "0", UM_JSON_INTEGER, 0 },
        { "-0", UM_JSON_INTEGER, 0 },
        { "2147483648", UM_JSON_INTEGER, 2147483648.0 },
        { "9223372036854775807", UM_JSON_INTEGER, 9223372036854775807.0 },
        { "-9223372036854775808", UM_JSON_INTEGER, -9223372036854775808.0 },
        { "9223372036854775808", UM_JSON_FLOAT, 9223372036854775808.0 },
        { "-9223372036854775809", UM_JSON_FLOAT, -9223372036854775808.0 },
        { "18446744073709551615", UM_JSON_FLOAT, 18446744073709551615.0 },
        { "18446744073709551616", UM_JSON_FLOAT, 18446744073709551616.0 },
        { "100000000000000000000000000000000000000000", UM_JSON_FLOAT, 1e41 },
        { "-100000000000000000000000000000000000000000", UM_JSON_FLOAT, -1e41 },
        { "1.5", UM_JSON_FLOAT, 1.5 },
        { "-1.5E-3", UM_JSON_FLOAT, -0.0015 },
        { "1e300", UM_JSON_FLOAT, 1e300 },
        { "1.7976931348623157e308", UM_JSON_FLOAT, 1.7976931348623157e308 },
        { "17976931348623157e292", UM_JSON_FLOAT, 1.7976931348623157e308 },
        { "1e-999", UM_JSON_FLOAT, 0 },
        { "false", UM_JSON_BOOLEAN, 0 },
        { "true", UM_JSON_BOOLEAN, 1 },
    };
    um_json_value_t value;
    um_json_doc_t *doc;
    const char *text;
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        text = cases[i].text;
        doc = parse(pool, apr_psprintf(pool, "{\"x\":[%s,%s], \"n\" : %s , \"after\":\"%s\"}", text, text, text, text));
        value = um_json_get(doc->root, "n");
        is_int(value.kind, cases[i].kind, cases[i].text);
        ok(value.number >= cases[i].number && value.number <= cases[i].number && isfinite(value.number),
           "the number is %.17g", value.number);
        is_text(um_json_get(doc->root, "after").text, cases[i].text, "a number in a string stays as it is");
    }
}

static void test_members(apr_pool_t *pool)
{
    um_json_doc_t *doc = parse(pool, "{\"s\":\"12\",\"e\":\"\",\"z\":\"a\\u0000b\",\"u\":\"\\u00e9\\ud83d\\ude00\","
                                     "\"n\":null,\"o\":{\"s\":1},\"l\":[1],\"\\u0061\":\"esc\"}");
    um_json_value_t value = um_json_get(doc->root, "s");

    is_int(value.kind, UM_JSON_STRING, "digits in quotes are a string");
    is_text(value.text, "12", "the number has its text");
    ok(value.number <= 0 && value.number >= 0, "a text is no number");
    value = um_json_get(doc->root, "e");
    is_text(value.text, "", "the empty string is read");
    is_int((long long)value.len, 0, "the empty string has the length 0");
    value = um_json_get(doc->root, "z");
    is_int((long long)value.len, 3, "U+0000 is kept in the length");
    is_int(value.text[2], 'b', "the zero character is in the text");
    is_text(um_json_get(doc->root, "u").text, "\xc3\xa9\xf0\x9f\x98\x80", "escapes become UTF-8");
    value = um_json_get(doc->root, "n");
    is_int(value.kind, UM_JSON_NULL, "null is not absent");
    is_text(value.text, NULL, "a number has no text of a string");
    is_int(um_json_get(doc->root, "o").kind, UM_JSON_OBJECT, "the member is an object");
    is_text(um_json_get(doc->root, "o").text, NULL, "an object is not turned into text");
    is_int(um_json_get(doc->root, "l").kind, UM_JSON_LIST, "the member is a list");
    is_text(um_json_get(doc->root, "a").text, "esc", "names are found by what they stand for");
    is_int(um_json_get(doc->root, "S").kind, UM_JSON_ABSENT, "names mind the case");
    is_int(um_json_get(NULL, "S").kind, UM_JSON_ABSENT, "no object, no member");
    ok(doc->lone == NULL, "the document has no unpaired surrogates");
}

static void test_has_text(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        int found;
    } cases[] = {
        { "{\"aud\":\"us\"}", 1 },
        { "{\"aud\":[\"us\"]}", 1 },
        { "{\"aud\":[\"them\",\"us\",\"all\"]}", 1 },
        { "{\"aud\":\"\\u0075s\"}", 1 },
        { "{\"aud\":\"US\"}", 0 },
        { "{\"aud\":\"us \"}", 0 },
        { "{\"aud\":\"u\"}", 0 },
        { "{\"aud\":\"us\\u0000\"}", 0 },
        { "{\"aud\":[\"us\\u0000x\"]}", 0 },
        { "{\"aud\":\"\"}", 0 },
        { "{\"aud\":[]}", 0 },
        { "{\"aud\":[\"us\",1]}", 0 },
        { "{\"aud\":[null,\"us\"]}", 0 },
        { "{\"aud\":[[\"us\"]]}", 0 },
        { "{\"aud\":{\"us\":\"us\"}}", 0 },
        { "{\"aud\":null}", 0 },
        { "{\"aud\":true}", 0 },
        { "{}", 0 },
        { "[\"aud\"]", 0 },
    };
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        is_int(um_json_has_text(parse(pool, cases[i].text)->root, "aud", "us"), cases[i].found, cases[i].text);
    }
}

static void test_lone(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        const char *found;     /* name=code of each */
    } cases[] = {
        { "{\"a\":\"\\ud800\"}", "a=D800 " },
        { "{\"a\":\"x\\uDFFFy\\ud801\"}", "a=DFFF " },
        { "{\"a\":\"\\ud800\\ud801\\udc00\"}", "a=D800 " },
        { "{\"a\":\"\\ud83d\\ude00\\udc01\"}", "a=DC01 " },
        { "{\"a\":\"\\ud800\\u0041\",\"b\":1,\"\\u00e9\":\"\\udbff\\n\"}", "a=D800 \xc3\xa9=DBFF " },
        { "{\"a\":\"\\\\ud800\",\"b\":\"\\ud83d\\ude00\"}", "" },
        { "{\"a\":[\"\\ud800\"],\"b\":{\"c\":\"\\ud800\"}}", "" },
        { "{\"a\":\"\\udc00\\udc01\"}", "a=DC00 " },
        { "{\"a\":\"\\ud800\\udc00\",\"b\":\"\\uDBFF\\uDFFF\"}", "" },
        { "[\"\\ud800\",{\"a\":\"\\ud800\"}]", "" },
        { "\"\\ud800\"", "" },
    };
    um_json_doc_t *doc;
    const char *found;
    size_t i;
    int n;

    for (i = 0; i < COUNT(cases); ++i) {
        doc = parse(pool, cases[i].text);
        found = "";
        for (n = 0; doc->lone && n < doc->lone->nelts; ++n) {
            const um_json_lone_t *lone = &APR_ARRAY_IDX(doc->lone, n, um_json_lone_t);

            found = apr_psprintf(pool, "%s%s=%X ", found, lone->name, lone->code);
        }
        is_text(found, cases[i].found, cases[i].text);
    }
}

static void test_print(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        const char *printed;
    } cases[] = {
        { "", "{\"a\":\"\"}" },
        { "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "{\"a\":\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"}" },
        { "/path/'x'", "{\"a\":\"/path/'x'\"}" },
        { "\"\\\b\f\n\r\t\x01\x1f", "{\"a\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\"}" },
        { "<\x7f>", "{\"a\":\"<\x7f>\"}" },
        { "\xff", "{\"a\":\"\xef\xbf\xbd\"}" },
        { "a\xc3", "{\"a\":\"a\xef\xbf\xbd\"}" },
        { "\xc3\xa9\xc3(\xed\xa0\x80z",
          "{\"a\":\"\xc3\xa9\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"}" },
        { NULL, "{\"a\":null}" },
    };
    um_json_t *object;
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        object = um_json_object(pool);
        um_json_put_text(object, "a", cases[i].text);
        is_text(um_json_print(pool, object), cases[i].printed, cases[i].printed);
    }
    is_text(um_json_print(pool, NULL), "null", "NULL is printed as null");
    is_text(um_json_print(pool, um_json_list(pool)), "[]", "an empty list is printed");
    is_text(um_json_print(pool, parse(pool, " [ 1 , {\"b\":2.50,\"a\":null} ] ")->root), "[1,{\"b\":2.50,\"a\":null}]",
            "a document is printed compactly, in its own order");
}

static void test_build(apr_pool_t *pool)
{
    um_json_t *object = um_json_object(pool), *list = um_json_list(pool), *inner = um_json_object(pool);

    um_json_put_text(object, "z", "last name first");
    um_json_put(object, "list", list);
    um_json_push_text(list, "one");
    um_json_push_text(list, NULL);
    um_json_push_text(list, "\x80");
    um_json_push(list, inner);
    um_json_push(list, inner);
    um_json_put_int(inner, "min", APR_INT64_MIN);
    um_json_put_int(inner, "max", APR_INT64_MAX);
    um_json_put_bool(object, "yes", 7);
    um_json_put_bool(object, "no", 0);
    um_json_put_bytes(object, "bytes", "a\0b", 3);
    um_json_put_text(object, "bad\xff name", "");
    um_json_put_text(object, "z", "again");
    um_json_put(object, "twice", um_json_object(pool));
    um_json_put(object, "twice", um_json_list(pool));
    is_text(um_json_print(pool, object),
            "{\"z\":\"again\",\"list\":[\"one\",null,\"\xef\xbf\xbd\","
            "{\"min\":-9223372036854775808,\"max\":9223372036854775807},"
            "{\"min\":-9223372036854775808,\"max\":9223372036854775807}],"
            "\"yes\":true,\"no\":false,\"bytes\":\"a\\u0000b\",\"bad\xef\xbf\xbd name\":\"\",\"twice\":[]}",
            "an object with every kind of value is printed");
    is_int((long long)um_json_get(object, "bytes").len, 3, "a value that was put can be read");
}

/* Whichever of parent and child is given up first: the address sanitizer would tell. */
static void test_lifetimes(apr_pool_t *pool)
{
    apr_pool_t *first, *second;
    um_json_t *parent, *child;
    const char *printed;

    apr_pool_create(&first, pool);
    apr_pool_create(&second, pool);
    parent = um_json_list(first);
    child = um_json_object(second);
    um_json_push(parent, child);
    apr_pool_destroy(second);
    is_text(um_json_print(pool, parent), "[{}]", "a parent keeps its child");
    apr_pool_create(&second, pool);
    child = um_json_object(second);
    um_json_push(parent, child);
    printed = um_json_print(second, parent);
    apr_pool_destroy(first);
    is_text(um_json_print(pool, child), "{}", "a child outlives its parent");
    is_text(printed, "[{},{}]", "printed text is the pool's own");
    apr_pool_destroy(second);
}

/* --- what a stranger's text costs --- */

static int is_wanted(const void *baton, const char *name, apr_size_t len)
{
    const char *const *names = baton;
    int found = 0;

    for (; *names; ++names) {
        found |= strlen(*names) == len && memcmp(*names, name, len) == 0;
    }
    return found;
}

static const char *const some_names[] = { "a", "b\xc3\xa9", NULL };

static um_json_doc_t *parse_wanted(apr_pool_t *pool, const char *text)
{
    um_json_doc_t *doc = NULL;
    const char *why = NULL;

    if (um_json_parse_wanted(pool, text, strlen(text), 32, is_wanted, some_names, &doc, &why) != APR_SUCCESS) {
        printf("# %.60s: %s\n", text, why);
    }
    return doc;
}

static void test_wanted(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        const char *built;
    } cases[] = {
        { "{}", "{}" },
        { " { } ", "{}" },
        { "{\"c\":1}", "{}" },
        { "{\"a\":1}", "{\"a\":1}" },
        { "{\"c\":{\"a\":2},\"a\" : \"x\" , \"d\":[]}", "{\"a\":\"x\"}" },
        { "{\"a\":null,\"c\":true,\"b\\u00e9\":false}", "{\"a\":null,\"b\xc3\xa9\":false}" },
        { "{\"a\":[1,[2],\"3\"],\"b\\u00e9\":{\"a\":{\"a\":1}}}",
          "{\"a\":[1,false,\"3\"],\"b\xc3\xa9\":{}}" },
        { "{\"a\":[ ],\"b\xc3\xa9\":{ }}", "{\"a\":[],\"b\xc3\xa9\":{}}" },
        { "{\"c\":99999999999999999999,\"a\":18446744073709551616,\"d\":99999999999999999999}",
          "{\"a\":18446744073709551616}" },
        { "{\"a\":\"\\ud83d\\ude00\\\\\"}", "{\"a\":\"\xf0\x9f\x98\x80\\\\\"}" },
        { "[1,[2],{\"a\":3}]", "[]" },
        { "\n[99999999999999999999]", "[]" },
        { "[]", "[]" },
        { "99999999999999999999", "99999999999999999999" },
        { "\"a\"", "\"a\"" },
        { "null", "null" },
    };
    um_json_doc_t *doc;
    const char *why;
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        doc = parse_wanted(pool, cases[i].text);
        is_text(doc ? um_json_print(pool, doc->root) : NULL, cases[i].built, cases[i].text);
    }
    is_int(um_json_parse_wanted(pool, "{\"c\":[1,]}", 11, 32, is_wanted, some_names, &doc, &why), APR_EINVAL,
           "an unwanted member is checked all the same");
}

static const char *repeated(apr_pool_t *pool, const char *before, const char *text, const char *after, size_t len)
{
    size_t step = strlen(text);
    char *all = apr_palloc(pool, strlen(before) + len + step + strlen(after) + 1), *to = apr_cpystrn(all, before, 99);

    for (; len > step; len -= step) {
        to = apr_cpystrn(to, text, step + 1);
    }
    apr_cpystrn(to, after, 99);
    return all;
}

/* Under a sanitizer, whose malloc is another, this counts nothing and cannot fail. */
static void test_cost(apr_pool_t *pool)
{
    const struct {
        const char *name;
        const char *text;
    } cases[] = {
        { "lists in an unwanted member", repeated(pool, "{\"x\":[", "[],", "[]]}", 65000) },
        { "lists in a wanted member", repeated(pool, "{\"a\":[", "[],", "[]]}", 65000) },
        { "objects in a list", repeated(pool, "{\"a\":[", "{\"y\":{}},", "{}]}", 65000) },
        { "a list that is the root", repeated(pool, "[", "[],", "[]]", 65000) },
        { "a string", repeated(pool, "{\"a\":\"", "xxx", "\"}", 65000) },
    };
    struct mallinfo2 before, after;
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        before = mallinfo2();
        ok(parse_wanted(pool, cases[i].text) != NULL, "%s", cases[i].name);
        after = mallinfo2();
        ok(after.uordblks - before.uordblks < 300000,
           "a wiped document takes %ld bytes", (long)(after.uordblks - before.uordblks));
    }
}

int main(void)
{
    static void (*const tests[])(apr_pool_t *) = { test_roots, test_numbers, test_members, test_has_text, test_lone,
                                                   test_print, test_build, test_lifetimes, test_wanted,
                                                   test_cost };
    apr_pool_t *pool;
    size_t i;

    apr_initialize();
    for (i = 0; i < COUNT(tests); ++i) {
        apr_pool_create(&pool, NULL);
        tests[i](pool);
        apr_pool_destroy(pool);
    }
    apr_terminate();
    return tap_done();
}
