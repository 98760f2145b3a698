/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_EMAIL_CLAIM_H
#define UM_EMAIL_CLAIM_H
/* Where people sign in by address, an account needs the claim to its address (um_users.email_claim). Accounts from
 * before UserMgmtUniqueEmail have none. A pass over all accounts gives it to those whose address no other account
 * has, and counts the others. */
#include "ctx.h"

/** A pass. Zeroed: it has not begun. */
typedef struct um_email_claim_pass_t {
    char last[40];              /**< id of the last account that was looked at; "": none */
    apr_int64_t shared;         /**< accounts that share their address, so it signs nobody in */
    char shared_id[40];         /**< one of them */
    apr_int64_t hiding;         /**< accounts whose name is the address of another one */
    char hiding_id[40];         /**< one of them */
    int is_done;
    apr_int64_t retry_at;       /**< by um_monotonic_ms(): not before */
} um_email_claim_pass_t;

/** Looks at the next accounts, unless the pass is done. For the worker. Whether more accounts are left; 0 also when the
 * database could not be asked, and then a later call begins again. */
int um_email_claim_scan(um_ctx_t *ctx, um_email_claim_pass_t *pass);

#endif
