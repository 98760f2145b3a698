/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_AUTH_BEARER_H
#define UM_AUTH_BEARER_H
/* AuthType Bearer for whatever httpd serves. */
#include "server.h"

/** Hook check_authn: OK with r->user set; 401 with a challenge; 503 when the database is away; never OK by accident. */
int um_auth_bearer_check(request_rec *r);

/** Hook note_auth_failure: the challenge when authorization refuses. */
int um_auth_bearer_note_failure(request_rec *r, const char *auth_type);

#endif
