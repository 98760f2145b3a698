/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_FORWARD_AUTH_H
#define UM_API_FORWARD_AUTH_H
/* /api-forward-auth/: other proxies (nginx, Traefik, Caddy, HAProxy) ask whether a request may pass, and learn whose it
 * is. */
#include "endpoint.h"

/** Answers, whatever the method: 204 with the identity in headers; 401 with a challenge; 403 when the rights that the
 * query demands are missing, or a cookie came from another site; 400 for a query that is not understood; 503. The
 * header Accept does not count: proxies hand on that of their client. */
int um_api_forward_auth(um_call_t *call);

#endif
