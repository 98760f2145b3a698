/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BROWSER_H
#define UM_BROWSER_H
/* What http/auth does for people in front of a browser: the cookies of a session, its renewal, and the way to the page
 * to sign in. The functions are grouped by file. */
#include "ctx.h"

#include <httpd.h>

typedef struct um_auth_token_t um_auth_token_t;     /* auth.h */
typedef struct um_refresh_use_t um_refresh_use_t;   /* refresh.h */
typedef struct um_session_new_t um_session_new_t;   /* session.h */

/* --- cookie.c: the cookies of a session --------------------------------------------------------------------------- */
/* The cookie of UserMgmtCookie has the access token. A second one, with "-refresh" behind its name, has the refresh
 * token, where the session has one. Scripts cannot read them. Over TLS their names begin with __Host-, so that only
 * this host can have set them. */

/** Makes the browser store the tokens of a new session, in place of those that it has. um_token_cookie_name() must not
 * be NULL.
 * @param stays  1: the cookies last as long as the tokens; 0: the browser removes them when it ends */
void um_cookie_set_session(request_rec *r, const um_session_new_t *session, int stays);

/** The same for the tokens of a session that was renewed. now: seconds since the epoch. */
void um_cookie_set_renewed(request_rec *r, const um_refresh_use_t *use, apr_int64_t now, int stays);

/** Makes the browser delete the tokens that the request has, and those that this answer would set; without any, does
 * nothing. */
void um_cookie_clear_session(request_rec *r);

/** The refresh token in the cookie of the request; it lives as long as r. NULL: there is none, or there are two.
 * @param stays  whether the cookies last as long as the tokens; may be NULL */
const char *um_cookie_refresh_token(const request_rec *r, int *stays);

/* --- renewal.c: a session by cookie goes on ----------------------------------------------------------------------- */
/* An access token in a cookie lasts for UserMgmtTokenLifetime. When it is over, the refresh token in the other cookie
 * gives the next two, and the person notices nothing. So the session lasts while it is used, within UserMgmtSessionIdle
 * and UserMgmtSessionLifetime. */

/** What has become of the renewal of a request. */
typedef struct um_renewal_t {
    um_status_e status;         /**< UM_ABSENT: nothing to renew by; UM_OK; UM_BAD_TOKEN and UM_INACTIVE: both cookies
                                     were cleared; UM_THROTTLED, UM_UNAVAILABLE, UM_FAILED: the cookies stay */
    const char *token;          /**< UM_OK: the new access token; it lives as long as the client's request */
    const char *cause;          /**< for the log; may be NULL */
    int is_logged;              /**< the same cause was logged a moment ago */
    apr_int64_t retry_after;    /**< of UM_THROTTLED, seconds */
} um_renewal_t;

/** Renews the session of the cookies. To be called where the cookie of UserMgmtCookie decides who calls, and has no
 * valid token. It is done once for a request of a client: subrequests and redirects get the same result. The answer
 * sets the new cookies. A request that another site may have caused renews nothing. Neither does one whose answer has
 * begun, one that opens a WebSocket, or one with which a proxy asks about a request of its client, because the browser
 * would not get the new cookies. Never NULL. */
const um_renewal_t *um_renewal_of(request_rec *r);

/** Hook log_transaction, before those of other modules: their expressions may look at the caller, and renew nothing. */
int um_renewal_log_transaction(request_rec *r);

/** Logs that a refresh token was used again after it had been replaced (UM303). */
void um_renewal_log_reused(request_rec *r, const um_refresh_use_t *use);

/* --- sign_in_page.c: UserMgmtSignInPage --------------------------------------------------------------------------- */
/* A person in front of a browser cannot do anything with a 401 of AuthType Bearer. So a navigation without a session is
 * sent to a page to sign in, which knows by the parameter "next" where to go then. Scripts get the 401. */

/** Whether r is answered by the sign-in page: then Location is set, and the status is to be 303. found: the token of
 * um_auth_of(). */
int um_sign_in_page_leads(request_rec *r, const um_auth_token_t *found);

/** Renders the page that tells a person that they lack the rights for what r asks for: a whole document of HTML in
 * UTF-8, in r->pool. Its header fields go to r->err_headers_out. NULL: httpd's own answer. */
typedef const char *um_sign_in_page_forbidden_fn(request_rec *r);

/** Hook access_checker_ex, before httpd's: pages of UserMgmtPages are open where AuthType Bearer sends people to them
 * (auto). Otherwise nobody could sign in to a site that is protected as a whole. */
int um_sign_in_page_access(request_rec *r);

/** Registers the output filter. render is above this wing, or NULL: no such page. */
void um_sign_in_page_register(um_sign_in_page_forbidden_fn *render);

/** From hook insert_error_filter: where access control has refused a navigation of a person who is signed in, the
 * answer is 403 with that page. httpd would say 401, as if another sign-in were needed (AuthzSendForbiddenOnFailure).
 * An ErrorDocument of the directory stays. */
void um_sign_in_page_forbid(request_rec *r);

#endif
