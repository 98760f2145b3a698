/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAIL_ADMIN_H
#define UM_MAIL_ADMIN_H
/* The outbox in the hands of an administrator. Each change stores its event in its own transaction. */
#include "ctx.h"
#include "store_mail_admin.h"

/** At most most mails after the one with that id, um_mail_row_t, the oldest first: those that are not done or were
 * given up, and requests. after NULL: from the first. UM_UNAVAILABLE. */
um_status_e um_mail_admin_list(um_ctx_t *ctx, const char *after, int most, apr_array_header_t **rows);

/** At most most mails of an account, the newest first, also those that were sent, as far as they were made for its
 * present address. UM_UNAVAILABLE. */
um_status_e um_mail_admin_of_user(um_ctx_t *ctx, const um_user_t *user, int most, apr_array_header_t **rows);

/** How the outbox is; since: from when mails that were given up are counted. UM_UNAVAILABLE. */
um_status_e um_mail_admin_counts(um_ctx_t *ctx, apr_int64_t since, um_mail_counts_t *counts);

/** Lets a mail that waits or was given up be sent now. id NULL: all of them. *count: how many; 0 is no error.
 * UM_UNAVAILABLE. */
um_status_e um_mail_admin_retry(um_ctx_t *ctx, const char *id, int *count);

/** Deletes a mail that waits or was given up, or a request. UM_ABSENT: there is none, or it is just being sent;
 * UM_UNAVAILABLE. */
um_status_e um_mail_admin_drop(um_ctx_t *ctx, const char *id);

#endif
