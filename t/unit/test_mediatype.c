/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "mediatype.h"

#include <apr_general.h>
#include <apr_strings.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void test_parse(apr_pool_t *pool)
{
    static const struct {
        const char *header;
        const char *name;
        const char *boundary;
    } cases[] = {
        { NULL, NULL, NULL },
        { "", NULL, NULL },
        { " ", NULL, NULL },
        { ";", NULL, NULL },
        { "json", NULL, NULL },
        { "/", NULL, NULL },
        { "application/", NULL, NULL },
        { "/json", NULL, NULL },
        { "application /json", NULL, NULL },
        { "application/ json", NULL, NULL },
        { "application/json x", NULL, NULL },
        { "application/json, text/html", NULL, NULL },
        { "application/json/x", NULL, NULL },
        { "a\xc3\xa9/json", NULL, NULL },
        { "application/json", "application/json", NULL },
        { "Application/JSON", "application/json", NULL },
        { " \tapplication/json \t", "application/json", NULL },
        { "application/json;", "application/json", NULL },
        { "application/json;charset=utf-8", "application/json", NULL },
        { "application/json ; charset=\"iso-8859-1\"", "application/json", NULL },
        { "application/json; charset", "application/json", NULL },
        { "application/json; =;;\"", "application/json", NULL },
        { "application/merge-patch+json", "application/merge-patch+json", NULL },
        { "*/*", "*/*", NULL },
        { "application/json; boundary=x", "application/json", NULL },
        { "multipart/form-data", "multipart/form-data", NULL },
        { "multipart/form-data; boundary", "multipart/form-data", NULL },
        { "multipart/form-data; boundary=", "multipart/form-data", "" },
        { "multipart/form-data; boundary=\"\"", "multipart/form-data", "" },
        { "multipart/form-data; boundary=abc", "multipart/form-data", "abc" },
        { "Multipart/Form-Data;BOUNDARY=aBc;x=y", "multipart/form-data", "aBc" },
        { "multipart/form-data; charset=utf-8; boundary=abc ; x=y", "multipart/form-data", "abc" },
        { "multipart/form-data; boundary = abc", "multipart/form-data", "abc" },
        { "multipart/form-data; boundary=\"a b;c=d\"; x=y", "multipart/form-data", "a b;c=d" },
        { "multipart/form-data; boundary=\"a\\\"\\\\b\"", "multipart/form-data", "a\"\\b" },
        { "multipart/form-data; boundary=----=_Part_1/2:3", "multipart/form-data", "----=_Part_1/2:3" },
        { "multipart/form-data; boundary=a; boundary=b", "multipart/form-data", "a" },
        { "multipart/form-data; xboundary=a; boundaryx=b", "multipart/form-data", NULL },
        { "multipart/form-data; x=\"; boundary=a\"; boundary=b", "multipart/form-data", "b" },
        { "multipart/form-data; x=\"\\\"; boundary=a\"; boundary=b", "multipart/form-data", "b" },
        { "multipart/form-data; boundary=\"abc", "multipart/form-data", NULL },
        { "multipart/form-data; boundary=\"abc\\", "multipart/form-data", NULL },
        { "multipart/form-data; boundary=\"abc\\\"", "multipart/form-data", NULL },
    };
    um_mediatype_t type;
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        type = um_mediatype_parse(pool, cases[i].header);
        is_text(type.name, cases[i].name, cases[i].header ? cases[i].header : "no header");
        is_text(type.boundary, cases[i].boundary, "the boundary is read");
    }
}

static void test_accept(apr_pool_t *pool)
{
    static const struct {
        const char *header;
        um_accept_e accept;
    } cases[] = {
        { NULL, UM_ACCEPT_JSON },
        { "", UM_ACCEPT_JSON },
        { " \t", UM_ACCEPT_JSON },
        { " , ,", UM_ACCEPT_JSON },
        { "application/json", UM_ACCEPT_JSON },
        { "APPLICATION/Json", UM_ACCEPT_JSON },
        { "application/json; indent=4", UM_ACCEPT_JSON },
        { "application/json;version=\"1,2;q=0\"", UM_ACCEPT_JSON },
        { "application/*", UM_ACCEPT_JSON },
        { "*/*", UM_ACCEPT_JSON },
        { "text/html", UM_ACCEPT_JSON },
        { "text/*", UM_ACCEPT_JSON },
        { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", UM_ACCEPT_JSON },
        { "application/xml, application/json;q=0.001", UM_ACCEPT_JSON },
        { "application/xml,,application/json", UM_ACCEPT_JSON },
        { "application/xml", UM_ACCEPT_NONE },
        { "text/plain", UM_ACCEPT_NONE },
        { "image/*", UM_ACCEPT_NONE },
        { "application/jsonx", UM_ACCEPT_NONE },
        { "application/hal+json", UM_ACCEPT_NONE },
        { "application/xml, text/plain;q=0.5", UM_ACCEPT_NONE },
        { "application/xml; x=\"application/json, application/json\"", UM_ACCEPT_NONE },
        { "application/xml; x=\", application/json", UM_ACCEPT_NONE },
        { "json", UM_ACCEPT_NONE },
        { "*", UM_ACCEPT_NONE },
        { "application/json x", UM_ACCEPT_NONE },
        { "application/json;q=0", UM_ACCEPT_NONE },
        { "application/json;Q=0.000", UM_ACCEPT_NONE },
        { "application/json;q=0, */*", UM_ACCEPT_NONE },
        { "*/*, application/json ; q=0.0", UM_ACCEPT_NONE },
        { "application/*;q=0, */*", UM_ACCEPT_NONE },
        { "*/*;q=0", UM_ACCEPT_NONE },
        { "*/*;q=0, application/json;q=0.1", UM_ACCEPT_JSON },
        { "*/*;q=0, text/html", UM_ACCEPT_JSON },
        { "application/json;q=0, application/json", UM_ACCEPT_JSON },
        { "application/json, application/json;q=0", UM_ACCEPT_JSON },
        { "application/json;q=1", UM_ACCEPT_JSON },
        { "application/json;q=1.", UM_ACCEPT_JSON },
        { "application/json;q=1.000", UM_ACCEPT_JSON },
        { "application/json;q=0.999;ext=x", UM_ACCEPT_JSON },
        { "application/json;q=1.001", UM_ACCEPT_NONE },
        { "application/json;q=2", UM_ACCEPT_NONE },
        { "application/json;q=-1", UM_ACCEPT_NONE },
        { "application/json;q=.5", UM_ACCEPT_NONE },
        { "application/json;q=0.1234", UM_ACCEPT_NONE },
        { "application/json;q=00", UM_ACCEPT_NONE },
        { "application/json;q=0,5", UM_ACCEPT_NONE },
        { "application/json;q=high", UM_ACCEPT_NONE },
        { "application/json;q=", UM_ACCEPT_NONE },
        { "application/json;q=2, text/html;q=0.3", UM_ACCEPT_JSON },
        { "application/problem+json", UM_ACCEPT_PROBLEM },
        { "Application/Problem+JSON; charset=utf-8", UM_ACCEPT_PROBLEM },
        { "application/json, application/problem+json", UM_ACCEPT_PROBLEM },
        { "application/problem+json, application/json", UM_ACCEPT_PROBLEM },
        { "application/json;q=0.9, application/problem+json;q=0.9", UM_ACCEPT_PROBLEM },
        { "application/json;q=0.899, application/problem+json;q=0.9", UM_ACCEPT_PROBLEM },
        { "application/json, application/problem+json;q=0.9", UM_ACCEPT_JSON },
        { "application/json;q=0, application/problem+json;q=0.001", UM_ACCEPT_PROBLEM },
        { "application/problem+json;q=0.5, */*", UM_ACCEPT_PROBLEM },
        { "application/problem+json, text/html;q=0.5", UM_ACCEPT_PROBLEM },
        { "application/problem+json;q=0, */*", UM_ACCEPT_JSON },
        { "application/problem+json;q=0", UM_ACCEPT_NONE },
        { "application/problem+json;q=x", UM_ACCEPT_NONE },
        { "application/problem+xml", UM_ACCEPT_NONE },
    };
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        is_int(um_mediatype_accept(pool, cases[i].header), cases[i].accept,
               apr_psprintf(pool, "Accept: %s", cases[i].header ? cases[i].header : "(none)"));
    }
}

static void test_param(apr_pool_t *pool)
{
    static const char header[] = "form-data; name=\"na\\\"me; x=1\"; filename*=UTF-8''a%20b ;filename = plain ;"
                                 "empty=;last";
    static const struct {
        const char *name;
        const char *value;
    } cases[] = {
        { "name", "na\"me; x=1" },
        { "filename*", "UTF-8''a%20b" },
        { "filename", "plain" },
        { "file", NULL },
        { "x", NULL },
        { "empty", "" },
        { "last", NULL },
        { "form-data", NULL },
    };
    size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        is_text(um_mediatype_param(pool, header, cases[i].name), cases[i].value, cases[i].name);
    }
}

int main(void)
{
    static void (*const tests[])(apr_pool_t *) = { test_parse, test_accept, test_param };
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
