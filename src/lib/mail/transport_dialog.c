/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_private.h"

#include <string.h>

#include <apr_strings.h>

static const char *const phases[] = { "connecting", "MAIL FROM", "RCPT TO", "DATA", "the message" };

static int begins_with(const char *text, apr_size_t len, const char *command)
{
    return len >= strlen(command) && memcmp(text, command, strlen(command)) == 0;
}

void um_transport_dialog_command(um_transport_dialog_t *dialog, const char *text, apr_size_t len)
{
    if (dialog->is_over) {
        return;
    }
    if (begins_with(text, len, "QUIT")) {
        dialog->is_over = 1;
        return;
    }
    dialog->code = 0;
    dialog->len = 0;
    if (begins_with(text, len, "EHLO")) {
        dialog->has_login = 0;
    }
    else if (begins_with(text, len, "AUTH")) {
        dialog->has_login = 1;
    }
    else if (begins_with(text, len, "MAIL FROM")) {
        dialog->phase = UM_TRANSPORT_DIALOG_MAIL;
    }
    else if (begins_with(text, len, "RCPT TO")) {
        dialog->phase = UM_TRANSPORT_DIALOG_RCPT;
    }
    else if (begins_with(text, len, "DATA")) {
        dialog->phase = UM_TRANSPORT_DIALOG_DATA;
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

static void note_line(um_transport_dialog_t *dialog, const char *line, apr_size_t len)
{
    apr_size_t i;

    if (!has_code(line, len)) {
        return;
    }
    if (dialog->is_whole) {
        dialog->len = 0;
    }
    dialog->code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
    dialog->is_whole = len == 3 || line[3] != '-';
    /* Each line of a reply begins with the code; it is kept once. */
    for (i = dialog->len ? 3 : 0; i < len && dialog->len < sizeof(dialog->reply) - 1; ++i) {
        dialog->reply[dialog->len++] = i == 3 ? ' ' : line[i];
    }
    if (dialog->is_whole && dialog->phase == UM_TRANSPORT_DIALOG_DATA && dialog->code == 354) {
        dialog->phase = UM_TRANSPORT_DIALOG_BODY;
        dialog->code = 0;
    }
}

void um_transport_dialog_reply(um_transport_dialog_t *dialog, const char *text, apr_size_t len)
{
    const char *end = text + len, *line_end;

    for (; text < end && !dialog->is_over; text = line_end + 1) {
        line_end = memchr(text, '\n', (apr_size_t)(end - text));
        line_end = line_end ? line_end : end;
        note_line(dialog, text, (apr_size_t)(line_end - text));
    }
    dialog->reply[dialog->len] = '\0';
}

static um_transport_e judge_refusal(const um_transport_dialog_t *dialog, int wants_login)
{
    switch (dialog->code) {
    case 421:                                    /* after RCPT TO it may be about that recipient alone */
        return dialog->phase <= UM_TRANSPORT_DIALOG_MAIL ? UM_TRANSPORT_DOWN : UM_TRANSPORT_LATER;
    case 530: case 534: case 535: case 538:      /* a login is required, or TLS before it (RFC 4954 6, RFC 3207 4) */
        return UM_TRANSPORT_DOWN;
    case 552:                                    /* too large: RFC 1870 lets the server say so at MAIL already */
        return UM_TRANSPORT_NEVER;
    default:
        break;
    }
    if (dialog->code < 500) {
        return UM_TRANSPORT_LATER;
    }
    /* All messages have the same sender, so its refusal concerns all of them. So does a refusal by a server that has
     * not offered a login although we have one. */
    return dialog->phase == UM_TRANSPORT_DIALOG_MAIL || (wants_login && !dialog->has_login) ? UM_TRANSPORT_DOWN
           : UM_TRANSPORT_NEVER;
}

um_transport_e um_transport_dialog_verdict(const um_transport_dialog_t *dialog, apr_pool_t *pool, int wants_login,
                                           const char *error, const char **why)
{
    if (dialog->code >= 400) {
        *why = apr_pstrdup(pool, dialog->reply);
        return dialog->phase == UM_TRANSPORT_DIALOG_HELLO ? UM_TRANSPORT_DOWN : judge_refusal(dialog, wants_login);
    }
    *why = apr_pstrcat(pool, error, " (at ", phases[dialog->phase], ")", NULL);
    return dialog->phase <= UM_TRANSPORT_DIALOG_MAIL ? UM_TRANSPORT_DOWN : UM_TRANSPORT_LATER;
}

void um_transport_dialog_show(const um_transport_t *t, um_transport_dialog_t *dialog, int is_sent, const char *text,
                              apr_size_t len)
{
    apr_pool_t *pool;
    char *rest = NULL;

    if (!t->trace) {
        return;
    }
    apr_pool_create(&pool, t->pool);
    for (char *line = apr_strtok(apr_pstrmemdup(pool, text, len), "\r\n", &rest); line;
         line = apr_strtok(NULL, "\r\n", &rest)) {
        int is_auth = is_sent && strncmp(line, "AUTH ", 5) == 0;
        int is_challenge = !is_sent && strncmp(line, "334", 3) == 0;

        dialog->is_login = is_auth || (dialog->is_login && (is_sent || is_challenge));
        t->trace(t->trace_baton, is_sent, is_auth ? "AUTH ..." : is_challenge ? "334 ..."
                                          : dialog->is_login ? "..." : line);
    }
    apr_pool_destroy(pool);
}
