/* SPDX-License-Identifier: Apache-2.0 */
/* What people read of a User-Agent header in the list of their sessions. */
#include "user_agent.h"

#include "tap.h"

#include <apr_general.h>

int main(void)
{
    static const struct { const char *text, *browser, *system; } rows[] = {
        { "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "Windows" },
        { "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
          "Chrome", "Linux" },
        { "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 "
          "Edg/126.0",
          "Edge", "Windows" },
        { "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
          "Version/17.5 Mobile/15E148 Safari/604.1", "Safari", "iPhone" },
        { "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile "
          "Safari/537.36", "Chrome", "Android" },
        { "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
          "Safari/605.1.15", "Safari", "macOS" },
        { "curl/8.5.0", "curl", NULL }, { "python-requests/2.31.0", "python-requests", NULL },
        { "Mozilla/5.0", NULL, NULL },
        { "", NULL, NULL }, { NULL, NULL, NULL }, { "(", NULL, NULL },
        { "a-name-that-is-much-too-long-to-be-shown-in-a-list-of-sessions/1", NULL, NULL },
    };
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *browser, *system;

        um_user_agent_read(pool, rows[i].text, &browser, &system);
        is_text(browser, rows[i].browser, rows[i].text ? rows[i].text : "no header has no browser");
        is_text(system, rows[i].system, rows[i].text ? rows[i].text : "no header has no system");
    }
    return tap_done();
}
