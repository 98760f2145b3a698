/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_LOGIN_FAILURE_H
#define UM_LOGIN_FAILURE_H
/* Sign-ins that were refused: a line each, for people who watch and for fail2ban (share/fail2ban/usermgmt.conf). */
#include "ctx.h"

#include <httpd.h>

/** Logs one, with the address of the client, ctx->cause, ctx->subject, and the account's name as typed. */
void um_login_failure_log(request_rec *r, const um_ctx_t *ctx, const char *name);

/** The same, if the request turns out to be answered 401: another provider may know the name. */
void um_login_failure_log_if_final(request_rec *r, const um_ctx_t *ctx, const char *name);

/** Before an error page, and in a request that a page of its own is made for: logs what was left for later. */
void um_login_failure_error(request_rec *r);
int um_login_failure_error_document(request_rec *r);

#endif
