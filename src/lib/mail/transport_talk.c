/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_talk.h"

#include <string.h>

#include <apr_strings.h>

static const char *const phases[] = { "connecting", "MAIL FROM", "RCPT TO", "DATA", "the message" };

static int says(const char *text, apr_size_t len, const char *command)
{
    return len >= strlen(command) && memcmp(text, command, strlen(command)) == 0;
}

void um_transport_talk_say(um_transport_talk_t *talk, const char *text, apr_size_t len)
{
    if (talk->is_over) {
        return;
    }
    if (says(text, len, "QUIT")) {
        talk->is_over = 1;
        return;
    }
    talk->code = 0;
    talk->len = 0;
    if (says(text, len, "EHLO")) {
        talk->has_login = 0;
    }
    else if (says(text, len, "AUTH")) {
        talk->has_login = 1;
    }
    else if (says(text, len, "MAIL FROM")) {
        talk->phase = UM_TRANSPORT_TALK_MAIL;
    }
    else if (says(text, len, "RCPT TO")) {
        talk->phase = UM_TRANSPORT_TALK_RCPT;
    }
    else if (says(text, len, "DATA")) {
        talk->phase = UM_TRANSPORT_TALK_DATA;
    }
}

static int has_code(const char *line, apr_size_t len)
{
    apr_size_t i = 0;

    while (i < len && i < 3 && line[i] >= '0' && line[i] <= '9') {
        ++i;
    }
    return i == 3;
}

static void hear_line(um_transport_talk_t *talk, const char *line, apr_size_t len)
{
    apr_size_t i;

    if (!has_code(line, len)) {
        return;
    }
    if (talk->is_whole) {
        talk->len = 0;
    }
    talk->code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
    talk->is_whole = len == 3 || line[3] != '-';
    /* The code stands before each line; once is enough. */
    for (i = talk->len ? 3 : 0; i < len && talk->len < sizeof(talk->reply) - 1; ++i) {
        talk->reply[talk->len++] = i == 3 ? ' ' : line[i];
    }
    if (talk->is_whole && talk->phase == UM_TRANSPORT_TALK_DATA && talk->code == 354) {
        talk->phase = UM_TRANSPORT_TALK_BODY;
        talk->code = 0;
    }
}

void um_transport_talk_hear(um_transport_talk_t *talk, const char *text, apr_size_t len)
{
    const char *end = text + len, *line_end;

    for (; text < end && !talk->is_over; text = line_end + 1) {
        line_end = memchr(text, '\n', (apr_size_t)(end - text));
        line_end = line_end ? line_end : end;
        hear_line(talk, text, (apr_size_t)(line_end - text));
    }
    talk->reply[talk->len] = '\0';
}

static um_transport_e judge_refusal(const um_transport_talk_t *talk, int wants_login)
{
    switch (talk->code) {
    case 421:                                    /* said once a recipient was named, it may be about that one alone */
        return talk->phase <= UM_TRANSPORT_TALK_MAIL ? UM_TRANSPORT_DOWN : UM_TRANSPORT_LATER;
    case 530: case 534: case 535: case 538:      /* a login is wanted, or TLS before it (RFC 4954 6, RFC 3207 4) */
        return UM_TRANSPORT_DOWN;
    case 552:                                    /* too large: RFC 1870 has it said at MAIL already */
        return UM_TRANSPORT_NEVER;
    default:
        break;
    }
    if (talk->code < 500) {
        return UM_TRANSPORT_LATER;
    }
    /* All messages have one sender. And a server that has not offered the login refuses everybody. */
    return talk->phase == UM_TRANSPORT_TALK_MAIL || (wants_login && !talk->has_login) ? UM_TRANSPORT_DOWN
           : UM_TRANSPORT_NEVER;
}

um_transport_e um_transport_talk_judge(const um_transport_talk_t *talk, apr_pool_t *pool, int wants_login,
                                       const char *error, const char **why)
{
    if (talk->code >= 400) {
        *why = apr_pstrdup(pool, talk->reply);
        return talk->phase == UM_TRANSPORT_TALK_HELLO ? UM_TRANSPORT_DOWN : judge_refusal(talk, wants_login);
    }
    *why = apr_pstrcat(pool, error, " (at ", phases[talk->phase], ")", NULL);
    return talk->phase <= UM_TRANSPORT_TALK_MAIL ? UM_TRANSPORT_DOWN : UM_TRANSPORT_LATER;
}
