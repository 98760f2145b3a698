/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLI_WEBHOOK_H
#define UM_CLI_WEBHOOK_H
/* What the commands of webhooks share. */

typedef struct um_cli_t um_cli_t;                       /* cli.h */

/** cli_webhook_test.c: sends an event of the type webhook.test to each receiver of the site, or to the one of the first
 * argument. An exit code. */
int um_cli_webhook_test(um_cli_t *cli);

#endif
