/* SPDX-License-Identifier: Apache-2.0 */
#include "printable.h"
#include "tap.h"

#include <apr_general.h>

int main(void)
{
    static const struct { const char *text, *want; } cases[] = {
        { "", "" },
        { "Anna Svensson", "Anna Svensson" },
        { "\xc3\x85sa \xe7\x8e\x8b \xd8\xb3\xd9\x84\xd8\xa7\xd9\x85 \xf0\x9f\x98\x80", NULL },
        { "a\\n%s", NULL },
        { "\xd9\x86\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae\xd9\x88\xd8\xa7\xd9\x87\xd9\x85", NULL },
        { "a\nb\rc\td", "a\\nb\\rc\\td" },
        { "\033[2J\x7f", "\\u{1b}[2J\\u{7f}" },
        { "a\xc2\x9b" "31m", "a\\u{9b}31m" },
        { "\xe2\x80\xae" "evil\xe2\x80\xac", "\\u{202e}evil\\u{202c}" },
        { "\xe2\x81\xa6x\xd8\x9c", "\\u{2066}x\\u{61c}" },
        { "a\xe2\x80\xa8" "b\xe2\x80\xa9", "a\\u{2028}b\\u{2029}" },
        { "\xef\xbb\xbfx\xc2\xad", "\\u{feff}x\\u{ad}" },
        { "\xf3\xa0\x81\x81\xf4\x8f\xbf\xbd", "\\u{e0041}\\u{10fffd}" },
        { "\xff\xc3(\xed\xa0\x80", "\\xff\\xc3(\\xed\\xa0\\x80" },
        { "\xc3", "\\xc3" },
    };
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *want = cases[i].want ? cases[i].want : cases[i].text;

        is_text(um_printable(pool, cases[i].text), want, want);
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
