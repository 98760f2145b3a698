/* SPDX-License-Identifier: Apache-2.0 */
/* Mail templates, what is put into them, and the message that comes out. An input is three parts between lines "%%":
 * the text, the HTML (empty: none), and a value, which is a name and an address too. */

#include "fuzz.h"

#include "mailaddr.h"
#include "mailmsg.h"
#include "template.h"
#include "unicode.h"

/* Takes a part off the front of *at. */
static char *cut(apr_pool_t *pool, const char **at, const char *end)
{
    const char *stop = *at;
    char *part;

    while (stop < end && !(end - stop >= 4 && memcmp(stop, "\n%%\n", 4) == 0)) {
        ++stop;
    }
    part = apr_pstrmemdup(pool, *at, (apr_size_t)(stop - *at));
    *at = end - stop >= 4 ? stop + 4 : end;
    return part;
}

/* Nothing that a server could read as something else. */
static void check_message(const char *bytes, apr_size_t len, int is_multipart)
{
    int fields = 0, is_head = 1;
    const char *end;

    need(strlen(bytes) == len && len > 2 && memcmp(bytes + len - 2, "\r\n", 2) == 0);
    for (; *bytes; bytes = end + 2) {
        end = strchr(bytes, '\r');
        need(end && end[1] == '\n' && end - bytes <= 76);
        is_head = is_head && end > bytes;
        fields += is_head && *bytes != ' ';
        for (; bytes < end; ++bytes) {
            need((*bytes >= ' ' && *bytes <= '~') || (*bytes == '\t' && !is_head));
        }
    }
    need(fields == (is_multipart ? 9 : 10));
}

static void check_address(apr_pool_t *pool, const char *value)
{
    const char *ascii, *again;

    if (um_mailaddr_ascii(pool, value, &ascii) == APR_SUCCESS) {
        need(um_mailaddr_ascii(pool, ascii, &again) == APR_SUCCESS && strcmp(ascii, again) == 0);
        need(strlen(ascii) <= 254 && !ascii[strcspn(ascii, " \t\r\n<>,;:\"()[]\\\x7f")]);
    }
}

static void check(apr_pool_t *pool, const char *text, const char *html, const char *value)
{
    static const char *const names[] = { "username", "url", NULL };
    um_template_value_t values[] = { { "username", value }, { "url", value } };
    const char *subject, *filled, *filled_html, *why, *bytes;
    um_template_t *t;
    apr_size_t len;
    int in_html, line = -1;

    if (um_template_parse(pool, text, strlen(text), *html ? html : NULL, strlen(html), names, &t, &in_html, &line,
                          &why) != APR_SUCCESS) {
        need(line > 0 && why && *why && um_unicode_valid(why, strlen(why)));
        return;
    }
    if (um_template_fill(pool, t, values, 2, &subject, &filled, &filled_html) != APR_SUCCESS) {
        need(!um_unicode_valid(value, strlen(value)));
        return;
    }
    need(!strpbrk(subject, "\r\n") && !strchr(filled, '\r') && !filled_html == !*html);
    if (filled_html && !strpbrk(html, "<&\"'>")) {
        need(!strpbrk(filled_html, "<\"'>"));
    }
    {
        um_mailmsg_t m = { value, "from@example.org", value, "to@example.org", subject, filled, filled_html,
                           "1@example.org", 0 };

        need(um_mailmsg_build(pool, &m, &bytes, &len) == APR_SUCCESS);
        check_message(bytes, len, filled_html != NULL);
    }
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    const char *at = text, *body, *html, *value;

    body = cut(pool, &at, text + size);
    html = cut(pool, &at, text + size);
    value = cut(pool, &at, text + size);
    check(pool, body, html, value);
    check_address(pool, value);
}
