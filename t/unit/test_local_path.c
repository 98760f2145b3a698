/* SPDX-License-Identifier: Apache-2.0 */
#include "local_path.h"
#include "tap.h"

#include <string.h>

static void test_accepted(void)
{
    static const char *const cases[] = {
        "/", "/a", "/a/", "/a/b.html", "/a?b=c", "/a?b=c&d=%2Fe#f", "/?", "/#", "/#//x", "/?//evil.example/",
        "/?http://evil.example/", "/a//b", "/a/https://evil.example/", "/@evil.example", "/a:b@evil.example",
        "/evil.example", "/:80", "/;x", "/~me/", "/%C3%A9t%C3%A9?q=%E2%82%AC", "/a%5Cb", "/a/%2F/b", "/%2", "/%",
        "/.well-known/change-password", "/...", "/a..b", "/..a", "/.a/", "/a./", "/%2e%2e%2e", "/a?x=/../y",
        "/a#/../y", "/javascript:alert(1)", "/\"'<>", "/a?q=a+b",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_int(um_local_path_is(cases[i]), 1, cases[i]);
    }
}

static void test_refused(void)
{
    static const char *const cases[] = {
        "", "a", "a/", ".", "..", "./a", "../a", "?a", "#a", "*", "@evil.example", ":80/", "evil.example",
        "//", "///", "////", "//evil.example", "//evil.example/a", "///evil.example", "////evil.example/%2e%2e",
        "//@evil.example", "//a@evil.example", "//evil.example:443/", "//[::1]/", "//127.1/", "//0x7f000001/",
        "/\\", "/\\evil.example", "/\\/evil.example", "\\/evil.example", "\\\\evil.example", "\\evil.example",
        "//\\evil.example", "/a\\b", "/a\\..\\..\\evil.example", "/a?b=\\c", "/a#\\",
        "/\tevil.example", "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "/\r/evil.example",
        "/\r\nLocation: https://evil.example/", "/a\r\nSet-Cookie: a=b", "/a\n", "/\v/evil.example",
        "/\f/evil.example",
        "/\1/evil.example", "/\x1f/evil.example", "/\x7f/evil.example", "\x01//evil.example", " /a",
        " //evil.example",
        "/ /evil.example", "/a b", "/a ", "\xef\xbb\xbf/a", "\xe2\x80\xae/a", "/\xe3\x80\x82",
        "/\xef\xbc\x8f/evil.example",
        "/\xc3\xa9", "/\x80", "/a?b=\xc3\xa9",
        "https://evil.example", "https://evil.example/", "http://evil.example", "HTTPS://evil.example",
        "https:evil.example",
        "https:/evil.example", "https:///evil.example", "http:\\\\evil.example", "ftp://evil.example",
        "//evil.example//",
        "javascript:alert(1)", "JaVaScript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x",
        "file:///etc",
        "mailto:a@evil.example", "blob:x", "ws://evil.example",
        "/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%5C%5Cevil.example", "%2f%2fevil.example",
        "%2Fa",
        "/.", "/..", "/./", "/../", "/.//evil.example", "/..//evil.example", "/a/..//evil.example",
        "/a/../../evil.example",
        "/./evil", "/a/.", "/a/..", "/a/..?b", "/a/..#b", "/%2e%2e//evil.example", "/.%2e//evil.example",
        "/%00/evil.example", "/%00%5cevil.example", "/%09/evil.example", "/%0d%0a/evil.example", "/a%1Fb",
        "/%2E.//evil.example", "/%2e//evil.example", "/a/%2E%2E/%2e./",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_int(um_local_path_is(cases[i]), 0, cases[i]);
    }
    is_int(um_local_path_is(NULL), 0, "no text");
}

static void test_length(void)
{
    char text[UM_LOCAL_PATH_MAX + 2];

    memset(text, 'a', sizeof(text));
    text[0] = '/';
    text[UM_LOCAL_PATH_MAX + 1] = '\0';
    is_int(um_local_path_is(text), 0, "a byte too many");
    text[UM_LOCAL_PATH_MAX] = '\0';
    is_int(um_local_path_is(text), 1, "the longest address");
}

int main(void)
{
    test_accepted();
    test_refused();
    test_length();
    return tap_done();
}
