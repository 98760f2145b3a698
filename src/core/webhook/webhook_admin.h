/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WEBHOOK_ADMIN_H
#define UM_WEBHOOK_ADMIN_H
/* Webhooks in the hands of an administrator, and receivers that are disabled. Each change stores its event in its own
 * transaction. */
#include "ctx.h"

/** Lets a webhook be sent now, also one that was delivered; not one that is being sent, or whose receiver is disabled.
 * id NULL: all that wait or were given up. *count: how many; 0 is no error. UM_UNAVAILABLE. */
um_status_e um_webhook_admin_retry(um_ctx_t *ctx, const char *id, int *count);

/** Deletes a webhook. UM_ABSENT: there is none, or it is just being sent; UM_UNAVAILABLE. */
um_status_e um_webhook_admin_drop(um_ctx_t *ctx, const char *id);

/** Disables a receiver of a site: no more events are stored for it or sent to it until it is enabled. *done: this call
 * did it. UM_UNAVAILABLE. */
um_status_e um_webhook_admin_disable(um_ctx_t *ctx, const char *site, const char *url, int *done);

/** Enables receivers again: those with that URL, which may lack its query, of all sites. *count: how many; 0 is no
 * error. UM_UNAVAILABLE. */
um_status_e um_webhook_admin_enable(um_ctx_t *ctx, const char *url, int *count);

/** How many receivers of this site's configuration are disabled. UM_UNAVAILABLE. */
um_status_e um_webhook_admin_disabled(um_ctx_t *ctx, int *count);

#endif
