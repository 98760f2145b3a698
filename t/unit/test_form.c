/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "form.h"

#include <stdlib.h>

#include <apr_escape.h>
#include <apr_general.h>
#include <apr_strings.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))
#define TEXT(text) text, sizeof(text) - 1
#define MP "Multipart form parse error - "
#define FIELD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define LONG70 "0123456789012345678901234567890123456789012345678901234567890123456789"

/* The fields as JSON, or the reason. The body has memory of its own: the address sanitizer sees any byte read too
 * many. */
static const char *read_form(apr_pool_t *pool, int is_multipart, const char *boundary, const char *body, apr_size_t len)
{
    char *copy = malloc(len ? len : 1);
    um_json_doc_t *doc = NULL;
    const char *why = NULL;
    apr_status_t rv;

    memcpy(copy, body, len);
    rv = is_multipart ? um_form_multipart(pool, boundary, copy, len, &doc, &why)
                      : um_form_urlencoded(pool, copy, len, &doc, &why);
    free(copy);
    if (rv != APR_SUCCESS) {
        return rv == APR_EINVAL ? why : "(wrong status)";
    }
    return doc->kind == UM_JSON_OBJECT && !doc->lone ? um_json_print(pool, doc->root) : "(not an object)";
}

static void test_urlencoded(apr_pool_t *pool)
{
    static const struct {
        const char *body;
        apr_size_t len;
        const char *want;
    } cases[] = {
        { TEXT(""), "{}" },
        { TEXT("&"), "{}" },
        { TEXT("&&a=1&&&b=2&"), "{\"a\":\"1\",\"b\":\"2\"}" },
        { TEXT("a=1"), "{\"a\":\"1\"}" },
        { TEXT("a"), "{\"a\":\"\"}" },
        { TEXT("a="), "{\"a\":\"\"}" },
        { TEXT("=1"), "{\"\":\"1\"}" },
        { TEXT("="), "{\"\":\"\"}" },
        { TEXT("a=b=c"), "{\"a\":\"b=c\"}" },
        { TEXT("a=1&a=2&a=3"), "{\"a\":\"3\"}" },
        { TEXT("a=1&a"), "{\"a\":\"\"}" },
        { TEXT("%61=1&a=2"), "{\"a\":\"2\"}" },
        { TEXT("a;b=1;c=2"), "{\"a;b\":\"1;c=2\"}" },
        { TEXT("old+password=a+b++"), "{\"old password\":\"a b  \"}" },
        { TEXT("a=%2B%26%3d%25%20"), "{\"a\":\"+&=% \"}" },
        { TEXT("%26%3D=x"), "{\"&=\":\"x\"}" },
        { TEXT("a=%C3%A9%e2%82%ac%F0%9f%98%80"), "{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}" },
        { TEXT("\xc3\xa9=\xc3%A9"), "{\"\xc3\xa9\":\"\xc3\xa9\"}" },
        { TEXT("a=%"), "{\"a\":\"%\"}" },
        { TEXT("a=%4"), "{\"a\":\"%4\"}" },
        { TEXT("a=%zz&b=%4g"), "{\"a\":\"%zz\",\"b\":\"%4g\"}" },
        { TEXT("a=%%41%&b=1"), "{\"a\":\"%A%\",\"b\":\"1\"}" },
        { TEXT("a=%u0041%+1%-1"), "{\"a\":\"%u0041% 1%-1\"}" },
        { TEXT("a=x%00y"), "{\"a\":\"x\\u0000y\"}" },
        { TEXT("a=\0"), "{\"a\":\"\\u0000\"}" },
        { TEXT("a=\r\n\t"), "{\"a\":\"\\r\\n\\t\"}" },
        { TEXT("a%00b=1"), "null character in a field name" },
        { TEXT("a\0=1"), "null character in a field name" },
        { TEXT("a=%ff"), "invalid UTF-8" },
        { TEXT("a=\xff"), "invalid UTF-8" },
        { TEXT("%c3=1"), "invalid UTF-8" },
        { TEXT("a=%c3&b=%a9"), "invalid UTF-8" },
        { TEXT("a=%C0%80"), "invalid UTF-8" },
        { TEXT("a=%ED%A0%80"), "invalid UTF-8" },
        { TEXT("a=%f4%90%80%80"), "invalid UTF-8" },
        { TEXT("b=1&a=%FE%FF"), "invalid UTF-8" },
    };
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        is_text(read_form(pool, 0, NULL, cases[i].body, cases[i].len), cases[i].want,
                apr_pescape_echo(pool, cases[i].body, 1));
    }
}

static void test_multipart(apr_pool_t *pool)
{
    static const struct {
        const char *body;
        apr_size_t len;
        const char *want;
    } cases[] = {
        { TEXT("--b--"), "{}" },
        { TEXT("--b--\r\n"), "{}" },
        { TEXT("--b\r\n" FIELD("a") "1\r\n--b--\r\n"), "{\"a\":\"1\"}" },
        { TEXT("--b\r\n" FIELD("a") "1\r\n--b\r\n" FIELD("b") "2\r\n--b--"), "{\"a\":\"1\",\"b\":\"2\"}" },
        { TEXT("preamble --b\r\n\r\n--b\r\n" FIELD("a") "1\r\n--b--\r\n--b\r\n" FIELD("c") "3\r\n--b--"),
          "{\"a\":\"1\"}" },
        { TEXT("--b \t \r\n" FIELD("a") "1\r\n--b  \r\n" FIELD("b") "2\r\n--b-- \r\n"), "{\"a\":\"1\",\"b\":\"2\"}" },
        { TEXT("--b\r\n" FIELD("a") "\r\n--b--"), "{\"a\":\"\"}" },
        { TEXT("--b\r\n" FIELD("a") "--b--"), "{\"a\":\"\"}" },
        { TEXT("--b\r\nContent-Disposition: form-data; name=a\r\n--b--"), "{\"a\":\"\"}" },
        { TEXT("--b\r\n" FIELD("a") "1\r\n--b\r\n" FIELD("a") "2\r\n--b--"), "{\"a\":\"2\"}" },
        { TEXT("--b\r\n" FIELD("a") "\r\n1\n2\r3\r\n--bb\r\n-b--b\r\n\r\n--b--"),
          "{\"a\":\"\\r\\n1\\n2\\r3\\r\\n--bb\\r\\n-b--b\\r\\n\"}" },
        { TEXT("--b\r\n" FIELD("a") "x\r\r\n--b--"), "{\"a\":\"x\\r\"}" },
        { TEXT("--b\r\n" FIELD("a") "x\n--b--\r\n--b--"), "{\"a\":\"x\\n--b--\"}" },
        { TEXT("--b\r\n" FIELD("a") " 1\r\n--b--"), "{\"a\":\" 1\"}" },
        { TEXT("--b\r\n" FIELD("a\nb") "1\r\n--b--"), "{\"a b\":\"1\"}" },
        { TEXT("--b\r\n" FIELD("a") "x\0y\r\n--b--"), "{\"a\":\"x\\u0000y\"}" },
        { TEXT("--b\r\n" FIELD("\xc3\xa9") "\xe2\x82\xac+%41\r\n--b--"), "{\"\xc3\xa9\":\"\xe2\x82\xac+%41\"}" },
        { TEXT("--b\r\n" FIELD("a\\\"\\\\;c") "1\r\n--b--"), "{\"a\\\"\\\\;c\":\"1\"}" },
        { TEXT("--b\r\n" FIELD("") "1\r\n--b--"), "{\"\":\"1\"}" },
        { TEXT("--b\r\ncontent-DISPOSITION:Form-Data;NAME=a \r\n\r\n1\r\n--b--"), "{\"a\":\"1\"}" },
        { TEXT("--b\r\nContent-Type: text/plain\r\n" FIELD("a") "1\r\n--b--"), "{\"a\":\"1\"}" },
        { TEXT("--b\r\nContent-Disposition: form-data;\r\n\tname=\"a\"\r\nX: y\r\n\r\n1\r\n--b--"), "{\"a\":\"1\"}" },
        { TEXT("--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n\xff\r\n--b\r\n" FIELD("a")
               "1\r\n--b--"), "{\"f\":{},\"a\":\"1\"}" },
        { TEXT("--b\r\nContent-Disposition: form-data; filename=\"\"; name=f\r\n\r\n\r\n--b--"), "{}" },
        { TEXT("--b\r\nContent-Disposition: form-data; name=f; filename*=UTF-8''x\r\n\r\n1\r\n--b--"), "{\"f\":{}}" },
        { TEXT("--b\r\n" FIELD("a") "1\r\n--b\r\nContent-Disposition: form-data; name=a; filename=x\r\n"
               "Content-Transfer-Encoding: base64\r\n\r\n1\r\n--b--"), "{\"a\":{}}" },
        { TEXT("--b\r\nContent-Disposition: form-data; name=a; filename=x\r\n\r\n1\r\n--b\r\n" FIELD("a")
               "1\r\n--b--"), "{\"a\":\"1\"}" },
        { TEXT("--b\r\nContent-Disposition: form-data; name=\"filename=x\"\r\n\r\n1\r\n--b--"),
          "{\"filename=x\":\"1\"}" },
        { TEXT("--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--"), "{}" },
        { TEXT("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--"), "{}" },
        { TEXT("--b\r\nContent-Disposition: form-datax; name=a\r\n\r\n1\r\n--b--"), "{}" },
        { TEXT("--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--b--"), "{}" },
        { TEXT("--b\r\nX-Content-Disposition: form-data; name=a\r\n\r\n1\r\n--b--"), "{}" },
        { TEXT("--b\r\n\r\n" FIELD("a") "1\r\n--b--"), "{}" },
        { TEXT("--b\r\nContent-Transfer-Encoding: 8BIT\r\n" FIELD("a") "1\r\n--b--"), "{\"a\":\"1\"}" },
        { TEXT("--b\r\nContent-Transfer-Encoding: base64\r\n" FIELD("a") "MQ==\r\n--b--"),
          MP "unknown transfer encoding" },
        { TEXT(""), MP "missing closing delimiter" },
        { TEXT("--b"), MP "missing closing delimiter" },
        { TEXT("--b\r\n"), MP "missing closing delimiter" },
        { TEXT("--b-\r\n--c--"), MP "missing closing delimiter" },
        { TEXT("a=1&b=2"), MP "missing closing delimiter" },
        { TEXT("--b\r\n" FIELD("a") "1\r\n--b\r\n"), MP "missing closing delimiter" },
        { TEXT("--b\r\n" FIELD("a") "1\r\n"), MP "missing closing delimiter" },
        { TEXT("--b\r\n" FIELD("a") "1\r\n--b-"), MP "missing closing delimiter" },
        { TEXT("--b\n" "Content-Disposition: form-data; name=\"a\"\n\n1\n--b--\n"), MP "missing closing delimiter" },
        { TEXT("--bb\r\n" FIELD("a") "1\r\n--bb--\r\n"), MP "missing closing delimiter" },
        { TEXT("--B\r\n" FIELD("a") "1\r\n--B--\r\n"), MP "missing closing delimiter" },
        { TEXT("--b\r\n" FIELD("a") "\xff\r\n--b--"), MP "invalid UTF-8" },
        { TEXT("--b\r\n" FIELD("\xe9") "1\r\n--b--"), MP "invalid UTF-8" },
        { TEXT("--b\r\n" FIELD("a\0b") "1\r\n--b--"), MP "null character in a header" },
    };
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        is_text(read_form(pool, 1, "b", cases[i].body, cases[i].len), cases[i].want,
                apr_pescape_echo(pool, cases[i].body, 1));
    }
}

static void test_boundaries(apr_pool_t *pool)
{
    static const struct {
        const char *boundary;
        const char *want;
    } cases[] = {
        { NULL, MP "Invalid boundary in multipart: None" },
        { "", MP "Invalid boundary in multipart" },
        { "a ", MP "Invalid boundary in multipart" },
        { "a\xc3\xa9", MP "Invalid boundary in multipart" },
        { "a\r\nb", MP "Invalid boundary in multipart" },
        { "a\tb", MP "Invalid boundary in multipart" },
        { LONG70 "0", MP "Invalid boundary in multipart" },
        { LONG70, "{\"a\":\"1\"}" },
        { "0", "{\"a\":\"1\"}" },
        { "--", "{\"a\":\"1\"}" },
        { " '()+_,-./:=?", "{\"a\":\"1\"}" },
        { "----WebKitFormBoundary7MA4YWxkTrZu0gW", "{\"a\":\"1\"}" },
    };
    const char *body;
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        body = apr_psprintf(pool, "--%s\r\n" FIELD("a") "1\r\n--%s--\r\n", cases[i].boundary ? cases[i].boundary : "b",
                            cases[i].boundary ? cases[i].boundary : "b");
        is_text(read_form(pool, 1, cases[i].boundary, body, strlen(body)), cases[i].want,
                cases[i].boundary ? apr_pescape_echo(pool, cases[i].boundary, 1) : "no boundary");
    }
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

static void test_limits(apr_pool_t *pool)
{
    static const char part[] = "--b\r\n" FIELD("a") "1\r\n";
    const char *body = repeat(pool, "a=1&&", UM_FORM_FIELDS);

    is_text(read_form(pool, 0, NULL, body, strlen(body)), "{\"a\":\"1\"}", "as many fields as allowed are read");
    body = repeat(pool, "a=1&&", UM_FORM_FIELDS + 1);
    is_text(read_form(pool, 0, NULL, body, strlen(body)), "too many fields", "one field more is refused");
    body = apr_pstrcat(pool, repeat(pool, part, UM_FORM_FIELDS), "--b--", NULL);
    is_text(read_form(pool, 1, "b", body, strlen(body)), "{\"a\":\"1\"}", "as many parts as allowed are read");
    body = apr_pstrcat(pool, repeat(pool, part, UM_FORM_FIELDS + 1), "--b--", NULL);
    is_text(read_form(pool, 1, "b", body, strlen(body)), MP "too many fields", "one field more is refused");
}

/* A million bytes each that would take minutes in anything quadratic. */
static void test_hostile(apr_pool_t *pool)
{
    static const char *const texts[] = { "\r", "\r\n", "\r\n--", "\r\n--" LONG70, "\r\n--" LONG70 "1 ", "--", ";", "\"",
                                        "\\" };
    const char *body, *got;
    size_t i;

    for (i = 0; i < COUNT(texts); ++i) {
        const char *many = repeat(pool, texts[i], 1000000 / (int)strlen(texts[i]));

        read_form(pool, 0, NULL, many, strlen(many));
        got = read_form(pool, 1, LONG70 "", many, strlen(many));
        ok(strncmp(got, MP, strlen(MP)) == 0, "a body is refused that repeats %s", apr_pescape_echo(pool, texts[i], 1));
        body = apr_pstrcat(pool, "--b\r\nContent-Disposition: form-data; ", many, "; name=a\r\n\r\n1\r\n--b--", NULL);
        got = read_form(pool, 1, "b", body, strlen(body));
        ok(*got == '{', "a header of a part is read");
    }
    body = repeat(pool, "%", 1000000);
    ok(strlen(read_form(pool, 0, NULL, body, 1000000)) == 1000007, "a million percent signs");
}

/* What lies in the pool between two marks is what a call has left there. */
static int leaves(apr_pool_t *parent, int is_multipart, const char *body, const char *secret)
{
    apr_pool_t *pool;
    um_json_doc_t *doc = NULL;
    const char *why, *begin, *end;
    int found;

    apr_pool_create(&pool, parent);
    begin = apr_palloc(pool, 8);
    if (is_multipart) {
        (void)um_form_multipart(pool, "b", body, strlen(body), &doc, &why);
    } else {
        (void)um_form_urlencoded(pool, body, strlen(body), &doc, &why);
    }
    end = apr_palloc(pool, 8);
    found = end < begin || end - begin > 4096 || memmem(begin, (size_t)(end - begin), secret, strlen(secret)) != NULL;
    apr_pool_destroy(pool);
    return found;
}

static void test_secrets(apr_pool_t *pool)
{
    static const char *const bodies[] = {
        "username=a&password=Green-House%3F47", "password=Green-House?47&password=x", "Green-House?47=%ff",
        "a=Green-House?47%ff", "Green-House?47%00=1",
    };

    for (size_t i = 0; i < COUNT(bodies); i++) {
        ok(!leaves(pool, 0, bodies[i], "Green-House"), "no copy of a value is left: %s", bodies[i]);
    }
    ok(!leaves(pool, 1, "--b\r\n" FIELD("password") "Green-House?47\r\n--b--", "Green-House"),
       "no password of a part is left in the memory");
    ok(leaves(pool, 0, "Green-House=1", "Green-House"), "names are left: the search does find things");
}

int main(void)
{
    static void (*const tests[])(apr_pool_t *) = { test_urlencoded, test_multipart, test_boundaries, test_limits,
                                                   test_hostile, test_secrets };
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
