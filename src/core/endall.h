/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ENDALL_H
#define UM_ENDALL_H
/* Ends all sessions, one-time tokens and waiting mails of a database. A restored backup has those of the day it was
 * made: sessions that were ended since, tokens that were used, mails that were sent. */
#include "ctx.h"

typedef struct um_endall_t {
    apr_int64_t users;          /**< accounts whose sessions were ended */
    apr_int64_t one_time_tokens;        /**< one-time tokens deleted */
    apr_int64_t mails;          /**< mails given up */
} um_endall_t;

/** Ends them, in batches: a call that was cut off is simply made again. UM_UNAVAILABLE, UM_FAILED; *done counts what
 * was done before. Servers that run learn of it within their revocation delay. */
um_status_e um_endall_run(um_ctx_t *ctx, um_endall_t *done);

#endif
