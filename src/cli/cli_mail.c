/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_queue.h"
#include "json.h"
#include "mail_admin.h"
#include "mailmsg.h"
#include "random.h"
#include "transport.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

static um_json_t *mail_object(const um_cli_t *cli, const void *row)
{
    const um_mail_row_t *mail = row;
    um_json_t *object = um_json_object(cli->pool);

    um_json_put_text(object, "id", mail->id);
    um_json_put_text(object, "state", mail->state);
    um_json_put_text(object, "kind", mail->kind);
    um_json_put_text(object, "address", mail->address);
    um_json_put_text(object, "username", mail->username);
    um_json_put_text(object, "host", mail->site);
    um_json_put_int(object, "attempts", mail->attempts);
    um_cli_put_time(object, "created_at", apr_time_from_sec(mail->created_at));
    um_cli_put_time(object, "next_attempt", apr_time_from_sec(mail->due_at));
    um_cli_put_time(object, "done_at", apr_time_from_sec(mail->done_at));
    um_json_put_text(object, "last_error", mail->last_error);
    return object;
}

static const char *mail_line(const um_cli_t *cli, const void *row)
{
    const um_mail_row_t *mail = row;

    return apr_psprintf(cli->pool, "%s %-9s %s to %s, %s", mail->id, mail->state, mail->kind, mail->address,
                        um_cli_queue_line(cli, mail->state, mail->attempts, mail->due_at, mail->last_error));
}

static apr_status_t mail_one(um_store_call_t *call, const char *id, apr_int64_t now, const void **row)
{
    um_mail_row_t *mail = NULL;
    apr_status_t rv = um_store_mail_admin_one(call, id, now, &mail);

    *row = mail;
    return rv;
}

static const um_cli_queue_t mails = {
    .noun = "mail", .unless = " that waits or was given up", .receiver = "mail server",
    .row_size = sizeof(um_mail_row_t), .list = um_store_mail_admin_list, .one = mail_one,
    .retry = um_mail_admin_retry, .drop = um_mail_admin_drop, .object = mail_object, .line = mail_line,
};

static int mail_list(um_cli_t *cli)
{
    return um_cli_queue_list(cli, &mails);
}

static int mail_show(um_cli_t *cli)
{
    return um_cli_queue_show(cli, &mails);
}

static int mail_retry(um_cli_t *cli)
{
    return um_cli_queue_retry(cli, &mails);
}

static int mail_drop(um_cli_t *cli)
{
    return um_cli_queue_drop(cli, &mails);
}

/* --- test --- */

static void print_line(void *cli, int is_sent, const char *line)
{
    um_cli_say(cli, "%s %s", is_sent ? ">" : "<", line);
}

int um_cli_mail_transport(um_cli_t *cli, const um_json_t *host, um_transport_t **transport, const char **why)
{
    const char *url = um_cli_site_text(host, "UserMgmtMail");
    um_transport_options_t options = {
        um_cli_site_text(host, "UserMgmtMailLogin"), um_cli_site_text(host, "UserMgmtMailCAFile"),
        (int)um_json_get(host, "UserMgmtMailTimeout").number
    };

    *transport = NULL;
    if (!url || strcasecmp(url, "none") == 0) {
        return 1;
    }
    if (um_transport_global_init(cli->pool) != APR_SUCCESS) {
        *why = "libcurl cannot be used";
        return 0;
    }
    return um_transport_open(cli->pool, url, &options, transport, why) == APR_SUCCESS;
}

static int mail_test(um_cli_t *cli)
{
    um_mailmsg_t message = { .to_address = cli->args[0], .date = apr_time_now(),
                             .text = "This mail was sent by \"usermgmt mail test\". It shows that the site can send "
                                     "mail.\n" };
    const um_json_t *host;
    um_transport_t *transport;
    const char *bytes, *why = NULL;
    const char *id;
    apr_size_t len;
    int code = um_cli_site_host(cli, "settings of mail", "UserMgmtMail UserMgmtMailLogin UserMgmtMailFrom", &host);

    if (code != UM_CLI_DONE) {
        return code;
    }
    if (!um_cli_mail_transport(cli, host, &transport, &why)) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "UserMgmtMail %s: %s", um_cli_site_text(host, "UserMgmtMail"), why);
    }
    if (!transport) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s sends no mail: set UserMgmtMail", um_cli_site_text(host, "name"));
    }
    message.from_name = um_cli_site_text(host, "mail_from_name");
    message.from_address = um_cli_site_text(host, "mail_from");
    message.subject = apr_psprintf(cli->pool, "Test of %s", um_cli_site_text(host, "mail_site"));
    if (um_random_uuid(cli->pool, apr_time_now(), &id) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_FAILED, "the system has no random bytes");
    }
    message.message_id = apr_pstrcat(cli->pool, id, strchr(message.from_address, '@'), NULL);
    if (um_mailmsg_build(cli->pool, &message, &bytes, &len) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "%s: must be an e-mail address", cli->args[0]);
    }
    um_transport_trace(transport, print_line, cli);
    code = um_transport_send(transport, cli->pool, message.from_address, message.to_address, bytes, len, NULL, &why)
           == UM_TRANSPORT_SENT ? UM_CLI_DONE : UM_CLI_FAILED;
    um_transport_disconnect(transport);
    if (code != UM_CLI_DONE) {
        return um_cli_fail(cli, code, "the mail was not sent: %s", why);
    }
    um_cli_say(cli, "sent from %s: %s", message.from_address, why);
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_mail[] = {
    { .verb = "list", .synopsis = "", .opens_database = 1, .options = "all json", .function = mail_list,
      .help = "list the mails that wait or were given up: id, state, kind, address, attempts, why" },
    { .verb = "show", .synopsis = "ID", .arguments = 1, .opens_database = 1, .options = "json",
      .function = mail_show, .help = "print a mail, but for its text" },
    { .verb = "retry", .synopsis = "ID|--all", .optional = 1, .opens_database = 1, .options = "all",
      .function = mail_retry, .help = "send a mail that waits or was given up now, or all of them" },
    { .verb = "drop", .synopsis = "ID", .arguments = 1, .opens_database = 1,
      .function = mail_drop, .help = "delete a mail that waits or was given up" },
    { .verb = "test", .synopsis = "ADDRESS", .arguments = 1,
      .function = mail_test, .help = "send a mail to ADDRESS now and print what the mail server says" },
    { .function = NULL },
};
