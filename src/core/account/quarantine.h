/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_QUARANTINE_H
#define UM_QUARANTINE_H
/* Names of deleted accounts, and former names of renamed ones, stay taken for settings->name_quarantine seconds.
 * Otherwise a new account with such a name would be taken for the former one by people and applications that know
 * accounts by name. Only a hash of the name is stored. */
#include "ctx.h"

typedef struct um_tx_t um_tx_t;

/** Holds a name in the transaction that sets it free, if the site has a quarantine. */
apr_status_t um_quarantine_hold(um_ctx_t *ctx, um_tx_t *tx, const char *username_key);

/** Deletes an account in a transaction, and holds its name if the site has a quarantine. *done = 0: there is no such
 * account. */
apr_status_t um_quarantine_delete(um_ctx_t *ctx, um_tx_t *tx, const char *user_id, int *done);

/** Whether a name is held. UM_UNAVAILABLE, UM_FAILED. */
um_status_e um_quarantine_has(um_ctx_t *ctx, const char *username_key, int *held);

#endif
