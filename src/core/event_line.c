/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include "store_event.h"
#include "utf8.h"

#include <apr_strings.h>
#include <string.h>

/* The most characters of a member, and the most bytes that they take when they are escaped. Ids, the time, the address
 * and names of clients are short by themselves. So all members together are shorter than the longest line. */
typedef struct limit_t {
    int characters;
    apr_size_t bytes;
} limit_t;

static const limit_t of_name = { 150, 1000 }, of_user_agent = { 255, 700 }, of_detail = { 200, 500 },
                     of_others = { 200, 250 };

/* A line that is being written. */
typedef struct line_t {
    char *text;
    apr_size_t len;
} line_t;

static void put(line_t *line, const char *text, apr_size_t len)
{
    if (line->len + len < UM_EVENT_LINE_MAX) {
        memcpy(line->text + line->len, text, len);
        line->len += len;
    }
}

static void put_code(line_t *line, apr_uint32_t code)
{
    char text[8];

    put(line, text, (apr_size_t)apr_snprintf(text, sizeof(text), "\\u%04x", code));
}

/* The code point of len bytes of UTF-8. */
static apr_uint32_t decode(const unsigned char *text, apr_size_t len)
{
    static const unsigned char first[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    apr_uint32_t code = text[0] & first[len];

    for (apr_size_t i = 1; i < len; i++) {
        code = code << 6 | (text[i] & 0x3F);
    }
    return code;
}

/* Adds one character, and returns its length; what is no character is one byte, shown as U+FFFD. */
static apr_size_t put_character(line_t *line, const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    apr_size_t len = um_utf8_step(bytes, strnlen(text, 4));
    apr_uint32_t code = len ? decode(bytes, len) : 0xFFFD;

    if (code == '"' || code == '\\') {
        put(line, "\\", 1);
    }
    if (code >= ' ' && code <= '~') {
        put(line, text, 1);
    }
    else if (code < 0x10000) {
        put_code(line, code);
    }
    else {
        put_code(line, 0xD800 + ((code - 0x10000) >> 10));
        put_code(line, 0xDC00 + ((code - 0x10000) & 0x3FF));
    }
    return len ? len : 1;
}

/* Adds "name":"text", or "name":null for an empty text. */
static void put_member(line_t *line, const char *name, const char *text, limit_t limit)
{
    apr_size_t most = line->len + limit.bytes;

    put(line, line->len > 1 ? ",\"" : "\"", line->len > 1 ? 2 : 1);
    put(line, name, strlen(name));
    if (!text || !*text) {
        put(line, "\":null", 6);
        return;
    }
    put(line, "\":\"", 3);
    for (int i = 0; i < limit.characters && *text && line->len < most; i++) {
        text += put_character(line, text);
    }
    put(line, "\"", 1);
}

void um_event_line_time(apr_int64_t at_ms, char text[UM_EVENT_TIME_SIZE])
{
    apr_time_exp_t time;

    apr_time_exp_gmt(&time, apr_time_from_msec(at_ms));
    apr_snprintf(text, UM_EVENT_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", time.tm_year + 1900, time.tm_mon + 1,
                 time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec, (int)(at_ms % 1000));
}

/* The members that are not in a stored event. */
typedef struct more_t {
    const char *outcome, *reason, *name;
} more_t;

/* more NULL: the line is of a stored event, and has the present name of the account in place of these members. */
static apr_size_t write_line(const um_store_event_t *event, const more_t *more, const char *username, char *text)
{
    line_t line = { text, 0 };
    char time[UM_EVENT_TIME_SIZE];

    um_event_line_time(event->at_ms, time);
    put(&line, "{", 1);
    put_member(&line, "time", time, of_others);
    put_member(&line, "event", event->kind, of_others);
    if (more) {
        put_member(&line, "outcome", more->outcome, of_others);
        put_member(&line, "reason", more->reason, of_others);
    }
    put_member(&line, "user_id", event->user_id, of_others);
    if (more) {
        put_member(&line, "name", more->name, of_name);
    }
    else {
        put_member(&line, "username", username, of_name);
    }
    put_member(&line, "session_id", event->session_id, of_others);
    put_member(&line, "by", event->actor, of_others);
    put_member(&line, "detail", event->detail, of_detail);
    put_member(&line, "address", event->address, of_others);
    put_member(&line, "user_agent", event->user_agent, of_user_agent);
    put_member(&line, "request_id", event->request_id, of_others);
    put_member(&line, "host", event->host, of_others);
    put_member(&line, "node", event->node, of_others);
    put(&line, "}\n", 2);
    return line.len;
}

apr_size_t um_event_line_stored(const um_store_event_t *event, const char *username, char line[UM_EVENT_LINE_MAX])
{
    return write_line(event, NULL, username, line);
}

apr_size_t um_event_line(const um_ctx_t *ctx, const um_event_t *event, char line[UM_EVENT_LINE_MAX])
{
    static const char *const outcomes[] = {
        [UM_OUTCOME_OPEN] = "", [UM_OUTCOME_OK] = "ok", [UM_OUTCOME_FAILED] = "failed",
        [UM_OUTCOME_UNKNOWN] = "unknown",
    };
    const more_t more = { outcomes[event->outcome], um_event_reason_text(event->reason), event->name };
    const um_store_event_t row = {
        .kind = um_event_kind_text(event->kind),
        .at_ms = (apr_int64_t)apr_time_as_msec(ctx->now),
        .user_id = event->user_id,
        .session_id = event->session_id ? event->session_id : ctx->actor_session,
        .actor = ctx->actor,
        .detail = event->detail,
        .address = ctx->address,
        .user_agent = ctx->user_agent,
        .request_id = ctx->request_id,
        .host = ctx->host,
        .node = ctx->node,
    };

    return write_line(&row, &more, NULL, line);
}
