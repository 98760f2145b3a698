/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the first line is the recipient; in the others "C " begins a command that was sent, and anything else is a
 * line of the mail server's reply. The reason for the log is short and printable, and has neither the recipient nor a
 * run of characters that may be a one-time token. A reply before MAIL FROM gives up no message. */
#include "fuzz.h"

#include "transport_private.h"

static um_transport_dialog_t dialog;

static um_transport_e judge(um_transport_t *transport, um_transport_mail_t *mail)
{
    (void)transport;
    return um_transport_dialog_verdict(&dialog, mail->pool, 1, "the connection broke", &mail->why);
}

static void read_dialog(apr_pool_t *pool, const char *at)
{
    memset(&dialog, 0, sizeof(dialog));
    while (*at) {
        const char *line = fuzz_line(pool, &at);
        char *exact = malloc(strlen(line) + 1);

        need(exact);
        memcpy(exact, line, strlen(line));
        exact[strlen(line)] = '\n';
        if (strncmp(line, "C ", 2) == 0) {
            um_transport_dialog_command(&dialog, exact + 2, strlen(line) - 1);
        }
        else {
            um_transport_dialog_reply(&dialog, exact, strlen(line) + 1);
        }
        free(exact);
        need(dialog.len < sizeof(dialog.reply) && (!dialog.len || strlen(dialog.reply) <= dialog.len));
        need(dialog.code >= 0 && dialog.code <= 999 && dialog.phase <= UM_TRANSPORT_DIALOG_BODY);
    }
}

static void check_reason(const char *why, const char *to)
{
    size_t run = 0;

    need(strlen(why) <= 200 && fuzz_is_printable(why) && !strchr(why, '@'));
    for (const char *c = why; *c; c++) {
        run = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '_'
              ? run + 1 : 0;
        need(run < 32);
    }
    need(!strcasestr(why, to));
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    um_transport_t transport = { .pool = pool, .send = judge };
    const char *to = fuzz_line(pool, &text), *why = NULL;
    um_transport_e verdict;

    (void)size;
    read_dialog(pool, text);
    verdict = um_transport_send(&transport, pool, "", to, "", 0, NULL, &why);
    need(why && *why);
    need(verdict == UM_TRANSPORT_LATER || verdict == UM_TRANSPORT_NEVER || verdict == UM_TRANSPORT_DOWN);
    if (strcmp(why, "the recipient is not a valid mail address") != 0) {
        check_reason(why, to);
        need(verdict != UM_TRANSPORT_NEVER || (dialog.code >= 500 && dialog.phase > UM_TRANSPORT_DIALOG_HELLO));
    }
}
