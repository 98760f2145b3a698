/* SPDX-License-Identifier: Apache-2.0 */
#include "user_agent.h"

#include <apr_strings.h>
#include <string.h>

/* The longest name of a product that is shown. */
#define LONGEST 40

typedef struct mark_t {
    const char *text, *name;
} mark_t;

/* Most browsers name others too, to be taken for them: the first mark that is found decides. */
static const mark_t browsers[] = {
    { "Edg/", "Edge" }, { "EdgA/", "Edge" }, { "EdgiOS/", "Edge" }, { "OPR/", "Opera" },
    { "SamsungBrowser/", "Samsung Internet" }, { "Vivaldi/", "Vivaldi" }, { "FxiOS/", "Firefox" },
    { "Firefox/", "Firefox" }, { "CriOS/", "Chrome" }, { "HeadlessChrome/", "Chrome" }, { "Chrome/", "Chrome" },
    { "Safari/", "Safari" }, { NULL, NULL }
};

static const mark_t systems[] = {
    { "iPhone", "iPhone" }, { "iPad", "iPad" }, { "Android", "Android" }, { "Windows", "Windows" },
    { "CrOS", "ChromeOS" }, { "Mac OS X", "macOS" }, { "Linux", "Linux" }, { "BSD", "BSD" }, { NULL, NULL }
};

static const char *find(const mark_t *marks, const char *text)
{
    while (marks->text && !strstr(text, marks->text)) {
        marks++;
    }
    return marks->name;
}

/* The first product (RFC 9110 10.1.5), unless it is the one that all browsers name. */
static const char *product(apr_pool_t *pool, const char *text)
{
    apr_size_t len = strcspn(text, "/ (");

    return len && len <= LONGEST && strncmp(text, "Mozilla", len) != 0 ? apr_pstrmemdup(pool, text, len) : NULL;
}

void um_user_agent_read(apr_pool_t *pool, const char *text, const char **browser, const char **system)
{
    text = text ? text : "";
    *system = find(systems, text);
    *browser = find(browsers, text);
    *browser = *browser ? *browser : product(pool, text);
}
