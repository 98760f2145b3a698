/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CSRF_H
#define UM_CSRF_H
/* Against requests that another site makes a browser send. A browser adds cookies by itself; so where a cookie tells
 * who calls, and the request may change something, it has to be shown that a page of this site has sent it. */
#include <httpd.h>

/** A request as its sender made it, which may not be r itself but one that a proxy asks about. */
typedef struct um_csrf_request_t {
    const char *method;
    const char *host;           /**< host, or host:port; NULL: not known */
    int is_tls;
} um_csrf_request_t;

/** Whether a cookie of r may be believed: r changes nothing by its method and opens no WebSocket, or comes from this
 * site or one of UserMgmtTrustedOrigin. */
int um_csrf_allows(const request_rec *r);

/** The same for the request that was asked about. */
int um_csrf_allows_as(const request_rec *r, const um_csrf_request_t *ask);

/** Whether r comes from this site or a trusted one, whatever its method. */
int um_csrf_is_same_site(const request_rec *r);

#endif
