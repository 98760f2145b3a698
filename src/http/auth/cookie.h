/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_COOKIE_H
#define UM_COOKIE_H
/* The cookie that a browser keeps its token in, where UserMgmtCookie names one. Scripts of pages cannot read it, and
 * over TLS nobody but this very host can have set it (its name begins with __Host-). */
#include <httpd.h>

/** Its name as this request has it: __Host-NAME over TLS, NAME in clear text from this machine, for trying out.
 * NULL: UserMgmtCookie is none, or the request came in clear text from elsewhere. */
const char *um_cookie_name(const request_rec *r);

/** Has the browser keep a token for so many seconds. Only where um_cookie_name() is not NULL. */
void um_cookie_set(request_rec *r, const char *token, apr_int64_t seconds);

/** Has the browser forget its token, if the request shows that it has one; else does nothing. */
void um_cookie_clear(request_rec *r);

#endif
