/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REPLY_H
#define UM_REPLY_H
/* What goes out: JSON, or problem details (RFC 9457) where the client asked for them. The one place that writes
 * answers. All functions give DONE: the handler returns it, and httpd adds nothing of its own. */
#include "endpoint.h"

/** A successful answer; out NULL: no body. */
int um_reply_json(um_call_t *call, int status, um_json_t *out);

/** {"detail": text}. code is the problem's stable name. Sets Retry-After for 503. */
int um_reply_detail(um_call_t *call, int status, const char *code, const char *text);

/** 400 with everything in call->ctx.errors, fields in the order of the route's schema. */
int um_reply_errors(um_call_t *call);

/** 401 with a challenge (RFC 6750 3). error NULL: the request had no token. */
int um_reply_unauthorized(um_call_t *call, const char *error, const char *code, const char *text);

/** 401 for somebody who is not the client that he says he is by Basic (RFC 6749 5.2). */
int um_reply_invalid_client(um_call_t *call);

/** 403: the caller's cookie came with a request that no page of this site has sent (csrf.h). */
int um_reply_csrf_failed(um_call_t *call);

/** Answer without reading the body that was announced, and close the connection: the endpoint needs none. */
void um_reply_ignore_body(um_call_t *call);

/** How a call into core ended, told to the caller, and to the log when it was trouble. */
int um_reply_status(um_call_t *call, um_status_e status);

#endif
