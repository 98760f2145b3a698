/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_DEMAND_H
#define UM_DEMAND_H
/* What a client demands of an account before it is changed or deleted (ctx->demand). */
#include "ctx.h"

typedef struct um_tx_t um_tx_t;

/** Checks ctx->demand in a transaction. When it is met, or there is none, the row is locked until the transaction ends.
 * UM_STORE_ROLLED_BACK with *is_unmet: it is not met. */
apr_status_t um_demand_check(um_ctx_t *ctx, um_tx_t *tx, int *is_unmet);

/** The status of a call whose demand is not met: UM_PRECONDITION; UM_ABSENT: the account is gone; UM_UNAVAILABLE. */
um_status_e um_demand_unmet(um_ctx_t *ctx, const char *id);

#endif
