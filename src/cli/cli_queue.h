/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLI_QUEUE_H
#define UM_CLI_QUEUE_H
/* What the commands of mails and of webhooks share: rows of the database that a worker sends, and that an administrator
 * lists, sends again and deletes. */
#include "cli.h"

/** A kind of rows. A row is a structure whose first member is its id, a const char *. The functions of the store and of
 * core are as those of mails (store_mail_admin.h, mail_admin.h). */
typedef struct um_cli_queue_t {
    const char *noun;
    const char *unless;         /**< the end of "there is no NOUN ID" where one is to be sent again or deleted */
    const char *receiver;       /**< to whom they are sent */
    apr_size_t row_size;
    apr_status_t (*list)(um_store_call_t *call, const char *after, int also_done, apr_int64_t now, int most,
                         apr_array_header_t **rows);
    apr_status_t (*one)(um_store_call_t *call, const char *id, apr_int64_t now, const void **row);
    um_status_e (*retry)(um_ctx_t *ctx, const char *id, int *count);
    um_status_e (*drop)(um_ctx_t *ctx, const char *id);
    um_json_t *(*object)(const um_cli_t *cli, const void *row);
    const char *(*line)(const um_cli_t *cli, const void *row);  /**< for people, without the end of its line */
} um_cli_queue_t;

/** The end of a line: how often it was tried, when next if it waits, and what failed.
 * @param due_at  0: it is not tried again */
const char *um_cli_queue_line(const um_cli_t *cli, const char *state, apr_int64_t attempts, apr_int64_t due_at,
                              const char *last_error);

/* Each does the command of its name, and returns its exit code. */
int um_cli_queue_list(um_cli_t *cli, const um_cli_queue_t *queue);
int um_cli_queue_show(um_cli_t *cli, const um_cli_queue_t *queue);
int um_cli_queue_retry(um_cli_t *cli, const um_cli_queue_t *queue);
int um_cli_queue_drop(um_cli_t *cli, const um_cli_queue_t *queue);

#endif
