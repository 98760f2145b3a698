/* SPDX-License-Identifier: Apache-2.0 */
#include "web_origin.h"
#include "tap.h"

#include <apr_general.h>

static void test_normalize(apr_pool_t *pool)
{
    static const struct { const char *text, *want; } cases[] = {
        { "https://example.org", "https://example.org" },
        { "HTTPS://Example.ORG", "https://example.org" },
        { "https://example.org:443", "https://example.org" },
        { "https://example.org:80", "https://example.org:80" },
        { "http://example.org:80", "http://example.org" },
        { "http://[::1]:80", "http://[::1]" },
        { "http://[fe80::80]", "http://[fe80::80]" },
        { "null", NULL },
        { "", NULL },
        { "https://", NULL },
        { "http://:80", NULL },
        { "http://a.example:80:80", NULL },
        { "http://[::1", NULL },
        { "http://[::1]:80:80", NULL },
        { "ftp://example.org", NULL },
        { "https://example.org/", NULL },
        { "https://user@example.org", NULL },
        { "https://a.example, https://b.example", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(um_web_origin_normalize(pool, cases[i].text), cases[i].want, cases[i].text);
    }
}

static void test_of_url(apr_pool_t *pool)
{
    is_text(um_web_origin_of_url(pool, "https://Example.org:443/a?b#c"), "https://example.org", "a URL with a path");
    is_text(um_web_origin_of_url(pool, "http://example.org?https://b.example"), "http://example.org",
            "a URL with another one in its query");
    is_text(um_web_origin_of_url(pool, "about:blank"), NULL, "a URL without a host");
}

static void test_is_listed(apr_pool_t *pool)
{
    apr_array_header_t *origins = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(origins, const char *) = "https://a.example";
    APR_ARRAY_PUSH(origins, const char *) = "https://b.example";
    is_int(um_web_origin_is_listed(origins, "https://b.example"), 1, "the last origin of a list is found");
    is_int(um_web_origin_is_listed(origins, "https://b.example:8443"), 0, "another port is another origin");
    is_int(um_web_origin_is_listed(NULL, "https://a.example"), 0, "no list is an empty list");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_normalize(pool);
    test_of_url(pool);
    test_is_listed(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
