/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KNOWN_H
#define UM_KNOWN_H
/* Callers of protected Locations that this node has seen a moment ago. What the signature and the database said of a
 * token is kept in memory that all processes share, and is good for site->revocation_delay. A change of an account on
 * this node makes all that is kept of it void at once; of one on another node, or by the command line, the delay is
 * the bound. What is not kept is asked: a lost, full or fresh memory is slower, never wrong. */
#include "cx.h"
#include "identity.h"

/** Who calls with this token. UM_BAD_TOKEN, UM_INACTIVE; UM_AWAY: it could not be checked, and was not known well enough
 * to be let in without. cx->cause says why, without a byte of the token. */
um_status_e um_known_caller(um_cx_t *cx, const char *token, const um_identity_t **identity);

/** Makes what is kept of an account void: to be called after each write that may have ended its sessions or changed its
 * rights, whether the write is known to have been done or not. Cannot fail. user_id is canonical. */
void um_known_forget(const um_cx_t *cx, const char *user_id);

#endif
