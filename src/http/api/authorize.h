/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_AUTHORIZE_H
#define UM_AUTHORIZE_H
/* Who may call an endpoint of the API: the Authorization header, or the cookie of UserMgmtCookie, against the
 * route's who. */
#include "route.h"

/** OK: he may, and call->caller or call->client says who he is, if anybody. DONE: he may not, and was told. */
int um_authorize(um_call_t *call, um_access_e access);

/** Whether a caller who was let in may not make the call: where registration is closed, or for staff alone. */
int um_authorize_is_denied(const um_call_t *call);

#endif
