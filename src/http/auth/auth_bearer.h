/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_AUTH_BEARER_H
#define UM_AUTH_BEARER_H
/* AuthType Bearer for whatever httpd serves. */
#include "module.h"

/** Hook check_authn: OK with r->user set; 401 with a challenge, 400 for two tokens at one place, 403 for a cookie that
 * another site may have sent; 503 when the database is away; never OK by accident. Hosts without a site are left to
 * others. */
int um_auth_bearer_check(request_rec *r);

/** Hook note_auth_failure: the challenge when authorization refuses. */
int um_auth_bearer_note_failure(request_rec *r, const char *auth_type);

/** Hooks insert_error_filter, and post_read_request for a page that ErrorDocument names: the challenge
 * insufficient_scope with a 403, which AuthzSendForbiddenOnFailure makes of a refusal. */
void um_auth_bearer_error(request_rec *r);
int um_auth_bearer_error_page(request_rec *r);

#endif
