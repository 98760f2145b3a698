/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PRECONDITION_H
#define UM_PRECONDITION_H
/* Conditional requests (RFC 9110 13) for an account. Its ETag is a digest of what is shown of it, so that it changes
 * with every change that a client can see. */
#include "endpoint.h"

/** Sets the ETag of call->out, which is an account as the API shows it; it is printed for that, and must not change any
 * more. Gives the tag, with its quotes. */
const char *um_precondition_tag(um_call_t *call);

/** Judges the conditions of a request that reads the account. UM_OK with *not_modified, or UM_PRECONDITION. */
um_status_e um_precondition_for_read(um_call_t *call, const char *tag, int *not_modified);

/** Judges those of a request that changes call->user, which shown shows, and hands them to core (ctx.demand): another
 * request may change the account meanwhile. UM_OK, UM_PRECONDITION. */
um_status_e um_precondition_for_change(um_call_t *call, um_json_t *shown);

#endif
