/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WEBHOOK_LIST_H
#define UM_WEBHOOK_LIST_H
/* Who gets the events of a site by HTTP: the receivers of UserMgmtWebhook. An event that one of them wants leaves a row
 * for it, in its own transaction (event.c); the worker sends the rows (webhook_outbox.h). */
#include <apr.h>

typedef struct um_webhook_secret_t um_webhook_secret_t;     /* webhook_secret.h */

/** A receiver. */
typedef struct um_webhook_t {
    const char *url;
    const char *secret_file;
    apr_uint64_t events;                /**< the bit 1 << um_event_e of each kind that it gets */
    const char *file;                   /**< where it was set, for messages; NULL: not known (command line) */
    int line;
    const um_webhook_secret_t *secret;  /**< NULL: not read (command line) */
} um_webhook_t;

typedef struct um_webhook_list_t {
    const char *site;                   /**< separates its rows from other sites' in the database; nodes share it */
    int count;
    const um_webhook_t *webhook;
} um_webhook_list_t;

#endif
