/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REVOKE_ALL_H
#define UM_REVOKE_ALL_H
/* Revokes all sessions, one-time tokens and waiting mails of a database. It is meant for a restored backup, which
 * contains those of the day it was made: sessions that were ended since, tokens that were used, mails that were
 * sent. */
#include "ctx.h"

typedef struct um_revoke_all_t {
    apr_int64_t users;              /**< accounts whose sessions were ended */
    apr_int64_t one_time_tokens;    /**< one-time tokens that were deleted */
    apr_int64_t mails;              /**< mails that were given up */
} um_revoke_all_t;

/** Revokes them, in batches. A call that was interrupted can be repeated. Running servers notice it within their
 * revocation delay. UM_UNAVAILABLE, UM_FAILED; *done counts what was done before. */
um_status_e um_revoke_all_run(um_ctx_t *ctx, um_revoke_all_t *done);

#endif
