/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the name of a sign-in as somebody typed it, a line feed, and a User-Agent header. The line of the audit log is
 * one line of ASCII and one JSON object, and the name in it is the beginning of what was typed. */
#include "fuzz.h"

#include "event.h"
#include "ctx.h"
#include "json.h"
#include "unicode.h"

static void check_name(const char *shown, const char *typed)
{
    size_t len = strlen(shown);

    need(um_unicode_valid(shown, len) && um_unicode_count(shown, len) <= 150);
    /* What is not UTF-8 is shown as U+FFFD. */
    need(!um_unicode_valid(typed, strlen(typed)) || strncmp(shown, typed, len) == 0);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    const char *name = fuzz_line(pool, &text), *why;
    um_ctx_t ctx = { .pool = pool, .now = apr_time_from_sec(1700000000), .address = "2001:db8::1",
                     .user_agent = text, .host = "example.org", .node = "node", .request_id = "AAAAAAAAAAAAAAAAAAAA" };
    um_event_t event = { .kind = (um_event_e)1, .user_id = "0190a8b0-0000-7000-8000-000000000000", .name = name };
    char *line = apr_palloc(pool, UM_EVENT_LINE_MAX);
    um_json_doc_t *doc;
    um_json_value_t value;
    apr_size_t len;

    (void)size;
    len = um_event_line(&ctx, &event, line);
    need(len < UM_EVENT_LINE_MAX && len > 2 && line[len - 2] == '}' && line[len - 1] == '\n');
    line[len - 1] = '\0';
    need(strlen(line) == len - 1 && fuzz_is_printable(line));
    need(um_json_parse(pool, line, len - 1, 2, &doc, &why) == APR_SUCCESS && doc->kind == UM_JSON_OBJECT);
    value = um_json_get(doc->root, "name");
    need(value.kind == UM_JSON_STRING || (value.kind == UM_JSON_NULL && !*name));
    if (value.kind == UM_JSON_STRING) {
        check_name(value.text, name);
    }
    need(strcmp(um_json_get(doc->root, "address").text, "2001:db8::1") == 0);
}
