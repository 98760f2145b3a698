/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_QUARANTINE_H
#define UM_QUARANTINE_H
/* Names of deleted accounts, held back for settings->name_quarantine: an account that gets such a name at once would be
 * taken for the one before by whoever knows accounts by name. Only a hash is kept. */
#include "ctx.h"

typedef struct um_tx_t um_tx_t;

/** Deletes a user in a transaction, and holds the name back where the site says so. *done = 0: it is gone. */
apr_status_t um_quarantine_delete(um_ctx_t *ctx, um_tx_t *tx, const char *user_id, int *done);

/** Whether a name is held back. UM_UNAVAILABLE. */
um_status_e um_quarantine_has(um_ctx_t *ctx, const char *username_key, int *held);

#endif
