/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_AUTH_H
#define UM_AUTH_H
/* The private header of src/http/auth: who calls, for everything that httpd serves, and what back ends and caches learn
 * of it. The functions are grouped by file. */
#include "module.h"

#include <ap_expr.h>
#include <apr_tables.h>
#include <httpd.h>

typedef struct um_ctx_t um_ctx_t;                   /* ctx.h */
typedef struct um_renewal_t um_renewal_t;           /* browser.h */
typedef struct um_route_match_t um_route_match_t;   /* endpoint.h */

/* --- tls.c: the transport of a request ---------------------------------------------------------------------------- */

/** Whether the request came over TLS as far as this server knows: by its own TLS, or because ServerName says https://
 * for a proxy in front of it. */
int um_tls_is_on(const request_rec *r);

/** Whether nobody on the way can read the request: it came over TLS, or from this machine. The address of the
 * connection counts, not the client's address that a proxy reports: a proxy on this machine ends the TLS itself. */
int um_tls_is_on_or_local(const request_rec *r);

/* --- csrf.c: requests that another site makes a browser send ------------------------------------------------------ */
/* A browser adds cookies by itself. So where a cookie identifies the caller, and the request may change something, a
 * page of this site must have sent it. */

/** A request as its sender made it. It may be a request that a proxy asks about, and not r itself. */
typedef struct um_csrf_request_t {
    const char *method;
    const char *host;           /**< HOST or HOST:PORT; NULL: unknown */
    int is_tls;
} um_csrf_request_t;

/** Whether a cookie may identify the caller of a request: its method changes nothing and it opens no WebSocket, or it
 * comes from this site or one of UserMgmtTrustedOrigin. request: NULL for r itself. */
int um_csrf_allows(const request_rec *r, const um_csrf_request_t *request);

/** Whether r is the handshake of a WebSocket, or a proxy asks about one. */
int um_csrf_opens_websocket(const request_rec *r);

/** Whether r comes from this site or a trusted one, whatever its method. */
int um_csrf_is_same_site(const request_rec *r);

/* --- bearer.c: the syntax of bearer tokens ------------------------------------------------------------------------ */

typedef enum {
    UM_BEARER_FOUND,
    UM_BEARER_NONE,             /**< there is no header, or it is of another scheme */
    UM_BEARER_EMPTY,            /**< the scheme without a token */
    UM_BEARER_SPACES,           /**< more than one word follows the scheme */
    UM_BEARER_CHARACTERS,       /**< bytes that no token contains */
    UM_BEARER_TWICE             /**< more than one header */
} um_bearer_e;

/** Reads the token in the value of an Authorization header (RFC 6750 2.1). header may be NULL. *token points into it;
 * NULL unless UM_BEARER_FOUND. schemes: bits of um_scheme_e, of UserMgmtTokenScheme; Bearer is always read. */
um_bearer_e um_bearer_token(const char *header, unsigned schemes, const char **token);

/** Whether a text has the form of a token: UM_BEARER_FOUND, _EMPTY, _SPACES or _CHARACTERS. */
um_bearer_e um_bearer_form(const char *text);

/* --- token_extract.c: tokens in headers, cookies and queries ------------------------------------------------------ */

/** Whether two sources have the same kind and name. */
int um_token_source_same(const um_token_source_t *a, const um_token_source_t *b);

/** The name of the cookie of UserMgmtCookie in this request: __Host-NAME over TLS; NAME in clear text from this
 * machine, for trials. NULL: there is no such cookie, or the request came in clear text from elsewhere. It lives as
 * long as r. */
const char *um_token_cookie_name(const request_rec *r);

/** The token at a source, as the client sent it. UM_BEARER_TWICE also for two cookies or parameters of the name that
 * differ, because somebody else may have set one of them. *token lives as long as r; NULL unless UM_BEARER_FOUND. */
um_bearer_e um_token_extract(const request_rec *r, const um_token_source_t *source, const char **token);

/** Removes the token from what a back end gets: the cookie from the Cookie header, the parameter from the query. All
 * other bytes stay as they are. The Authorization header is not changed. With the cookie of UserMgmtCookie, that of the
 * refresh token is removed. */
void um_token_remove(request_rec *r, const um_token_source_t *source);

/** The name of the cookie of the refresh token: that of um_token_cookie_name() and "-refresh". NULL: as there. */
const char *um_token_refresh_cookie_name(const request_rec *r);

/** The value of the cookie of the refresh token, as um_token_extract() gives a token. */
um_bearer_e um_token_extract_refresh(const request_rec *r, const char **value);

/** The name of the cookie from which the tokens of forms follow: that of um_token_cookie_name() and "-form". NULL: as
 * there. */
const char *um_token_form_cookie_name(const request_rec *r);

/** Whether the Cookie header that a back end would get has the cookie of the refresh token or of forms, which no back
 * end needs. */
int um_token_has_own(const request_rec *r);

/** Removes these two cookies from what a back end gets. */
void um_token_remove_own(request_rec *r);

/* --- auth_token.c: authentication by the token of a request ------------------------------------------------------- */

typedef enum {
    UM_AUTH_NONE,               /**< there is no token */
    UM_AUTH_FOUND,              /**< there is a token, not yet verified */
    UM_AUTH_VALID,
    UM_AUTH_INVALID,            /**< malformed, forged, expired or revoked; the client gets the same answer for all */
    UM_AUTH_AMBIGUOUS,          /**< the request has two tokens at one source */
    UM_AUTH_CROSS_SITE,         /**< the token is in a cookie, and another site may have caused the request */
    UM_AUTH_UNAVAILABLE         /**< the token could not be verified */
} um_auth_state_e;

/** The token of a request and the result of its verification. */
typedef struct um_auth_token_t {
    um_auth_state_e state;
    um_bearer_e form;                   /**< what the deciding source has; what the last source has for UM_AUTH_NONE */
    const apr_array_header_t *sources;  /**< um_token_source_t: where it was searched; NULL: not yet searched */
    const um_token_source_t *source;    /**< where it was found; NULL for UM_AUTH_NONE */
    const char *token;                  /**< as sent; set for UM_AUTH_FOUND and UM_AUTH_VALID */
    const um_identity_t *identity;      /**< set for UM_AUTH_VALID */
    const char *cause;                  /**< for the log, without a byte of the token; may be NULL */
    int is_logged;                      /**< the same cause was logged a moment ago */
    apr_int64_t retry_after;            /**< UM_AUTH_UNAVAILABLE: too many tries; seconds. 0: another reason */
} um_auth_token_t;

/** Searches the sources in order. The first one with a token decides. A token in a cookie must pass the CSRF check of
 * request; NULL: of r itself. state becomes UM_AUTH_NONE, _FOUND, _INVALID (of its form), _AMBIGUOUS or _CROSS_SITE;
 * UM_AUTH_VALID if a request that r belongs to had a valid token at one of these sources. */
void um_auth_find(const request_rec *r, const apr_array_header_t *sources, const um_csrf_request_t *request,
                  um_auth_token_t *found);

/** Finds and verifies the token of r; a cached answer of the database is enough. Where request is NULL, a session by
 * cookie is renewed (renewal.c); an answer about the request of another server does not set its cookies. The result is
 * stored in r's record, so this is done once for a request and its sources, and once more for another request. request
 * is as for um_auth_find(). The host must have a site. Never NULL. */
const um_auth_token_t *um_auth_at(request_rec *r, const apr_array_header_t *sources, const um_csrf_request_t *request);

/** The same for the sources of um_dir_config_sources(); for a request to a forward proxy, for Proxy-Authorization
 * alone. A host without a site: UM_AUTH_NONE. */
const um_auth_token_t *um_auth_of(request_rec *r);

/** The cookie by which the caller would be known, if it had a valid token: where it decides and its token is not valid,
 * or where no source has a token. NULL: no cookie, or another source decides, or the caller is known.
 * @param is_own  only the cookie of UserMgmtCookie counts; 0: cookie=NAME too */
const um_token_source_t *um_auth_missing_cookie(const um_auth_token_t *found, int is_own);

/* --- request.c: what the module stores with a request ------------------------------------------------------------- */
/* Each request_rec has a record of its own: the main request, a subrequest, and the request of an internal redirect.
 *
 * For DirectoryIndex, FallbackResource and MultiViews httpd puts a subrequest in the place of its main request
 * (ap_internal_fast_redirect): the main request continues with the file, handler, environment and per_dir_config of the
 * subrequest, but keeps its own headers_in, user and request_config. Therefore a record knows the records of its
 * subrequests, and the per_dir_config under which it was written. */

/** Headers that a back end may get changed. */
typedef enum { UM_REQUEST_AUTHORIZATION, UM_REQUEST_COOKIE, UM_REQUEST_HEADERS } um_request_header_e;

typedef struct um_request_t um_request_t;
struct um_request_t {
    const um_route_match_t *route;      /**< set by api/: a path of the API; NULL: not of the API */
    int is_asked_about;                 /**< set by api/: a proxy asks about a request of its client */
    struct um_page_request_t *page;     /**< set by pages/: a request for a page; NULL: it is for none */
    const struct ap_conf_vector_t *rules;   /**< per_dir_config under which identity and token were found */
    const um_identity_t *identity;      /**< the caller; NULL: nobody, or not authenticated by this module */
    um_auth_token_t token;              /**< set by auth_token.c */
    const um_renewal_t *renewal;        /**< set by renewal.c for the client's request; NULL: not tried */
    int is_answered;                    /**< set by renewal.c for the client's request: it is being logged */
    unsigned shown;                     /**< bits 1 << um_token_source_e: sources of valid tokens, subrequests' too */
    int failed;                         /**< set by failure.c: status of the answer; 0: no failure */
    apr_int64_t retry_after;            /**< set by failure.c: of 429, seconds */
    int is_allowed;                     /**< set by resource.c: access control has let the request pass */
    const struct ap_conf_vector_t *applied; /**< set by resource.c: per_dir_config that was applied; NULL: none */
    int is_incomplete;                  /**< set by identity_headers.c: the identity could not be set completely */
    int is_changed;                     /**< set by identity_headers.c: headers_in is as the back end gets it, */
    const char *original[UM_REQUEST_HEADERS];   /**< and these are the client's headers; NULL: it sent none */
    request_rec *r;
    um_request_t *parts, *next;         /**< records of the subrequests that exist; the next one of them */
};

/** The record of r itself. get: NULL if there is none; make: creates it. */
um_request_t *um_request_get(const request_rec *r);
um_request_t *um_request_make(request_rec *r);

/** The record of r itself, to store what is found under its present per_dir_config. Removes an identity that was found
 * under another one. */
um_request_t *um_request_begin(request_rec *r);

/** The record with the identity that holds for the resource that r serves, whatever way httpd took to it: r's own
 * record; after a fast redirect, that of the subrequest that was put in r's place; for a subrequest or an internal
 * redirect, that of the request it belongs to, if the same per_dir_config holds for both, because then httpd does not
 * authenticate again and copies r->user itself. NULL: no such record. */
const um_request_t *um_request_find(const request_rec *r);

/** Makes r's own record the one of um_request_find() after a fast redirect, and sets r->user and r->ap_auth_type as the
 * subrequest had them. */
void um_request_settle(request_rec *r);

/** Stores the caller in r's record. identity lives at least as long as r. Does not set r->user. */
void um_request_set_identity(request_rec *r, const um_identity_t *identity);

/** The caller of the resource that r serves. NULL: nobody, or another module has authenticated them. */
const um_identity_t *um_request_identity(const request_rec *r);

/** The verified token of the caller of um_request_identity(r). NULL: nobody calls, or by password. */
const char *um_request_token(const request_rec *r);

/** Notes for r and its main requests that a valid token was found in a source of this kind: the answers depend on
 * it. */
void um_request_show(request_rec *r, um_token_source_e kind);

/** The request for which r was made: the earlier one of an internal redirect, the main one of a subrequest; NULL: none.
 * For a redirect of a subrequest it is the earlier one, which is nearer. */
request_rec *um_request_parent(const request_rec *r);

/** Whether httpd is the client's forward proxy for this request (ProxyRequests), CONNECT included. Then Authorization,
 * cookies and the query are meant for the origin server, and Proxy-Authorization is meant for this server. */
int um_request_is_forward(const request_rec *r);

/** A header as the client sent it; NULL: there is none. */
const char *um_request_header(const request_rec *r, um_request_header_e which);

/* --- resource.c: when httpd has chosen the resource that answers -------------------------------------------------- */

/** Hook fixups, before those of other modules: applies the directory's identity headers, environment and treatment of
 * the token, so that mod_headers and mod_rewrite can use them. */
int um_resource_fixups(request_rec *r);

/** Hook insert_filter, after all others. per_dir_config is final: a fast redirect may have changed it since the fixups.
 * Applies the same again if it has changed, then what no lookup may need any more: removes tokens from the query, and
 * adds cache control. */
void um_resource_insert_filter(request_rec *r);

/** Hook handler, before all others: 500 if the application would get only a part of the identity. */
int um_resource_handler(request_rec *r);

/* --- identity_headers.c: the identity in headers and environment -------------------------------------------------- */

/** Hook post_read_request, after mod_proxy's: removes every header that an application may take for one of this module
 * (X-Usermgmt-..., with anything in place of the hyphens). Removes such names, Authorization and Cookie from Connection
 * too, by which a client would make a proxy drop what this module sets. Does not change requests to a forward proxy. */
int um_identity_headers_scrub(request_rec *r);

/** Hook create_request: gives a subrequest or redirect the headers as the client sent them, because its own directory
 * decides what its application gets. */
int um_identity_headers_create(request_rec *r);

/** Sets headers and environment of r as its directory says. Undoes what an earlier directory has set. */
void um_identity_headers_apply(request_rec *r);

/** Removes tokens from the query or, for a forward proxy, Proxy-Authorization. */
void um_identity_headers_remove_tokens(request_rec *r);

/* --- identity_headers_set.c: the attributes of an identity, see identity_attribute.c -------------------------------
 * */

/** Sets the variables of an identity in r->subprocess_env. NULL: removes them. */
void um_identity_set_environment(request_rec *r, const um_identity_t *identity);

/** Sets the X-Usermgmt headers of an identity: in a request to a back end, or in an answer to a proxy that asks. Values
 * are UTF-8, with a space in place of each control character.
 * @param which  bits of identity_attribute.c
 * @return 0: the list of groups is too long for a header, and UM431 was logged. A cut list would be a wrong list. */
int um_identity_set_headers(request_rec *r, apr_table_t *headers, const um_identity_t *identity, unsigned which);

/** The text with a space in place of each control character. It is a copy in pool only if it had one. */
const char *um_identity_printable(apr_pool_t *pool, const char *text);

/* --- cache_control.c: answers to one caller, and caches ----------------------------------------------------------- */
/* A cache must not give what was answered to one caller to another. Caches know that of answers to requests with an
 * Authorization header. They do not know it of tokens in cookies and queries, nor of a header that was removed before
 * they looked. */

/** Registers the output filter. */
void um_cache_control_register(void);

/** Keeps mod_cache from the answer of r if it depends on the caller, and adds the filter that sets Cache-Control,
 * Vary and Referrer-Policy where the application does not set them. A page whose parts are made after its header is
 * sent, and may depend on the caller, is treated alike. */
void um_cache_control_apply(request_rec *r);

/* --- auth_bearer.c: AuthType Bearer ------------------------------------------------------------------------------- */

/** Hook check_authn: OK with r->user set; 401 with a challenge; 400 for two tokens at one source; 403 for a cookie in a
 * request that another site may have caused; 503 when the token could not be verified. DECLINED on a host without a
 * site. */
int um_auth_bearer_check(request_rec *r);

/** Hook note_auth_failure: the challenge, when authorization refuses the caller. */
int um_auth_bearer_note_failure(request_rec *r, const char *auth_type);

/** Sets the challenge insufficient_scope (RFC 6750 3.1) if the answer is a 403 that AuthzSendForbiddenOnFailure makes
 * of a refusal. */
void um_auth_bearer_forbid(request_rec *r);

/* --- auth_basic.c: AuthBasicProvider usermgmt, AuthFormProvider usermgmt ------------------------------------------ */

/** Registers the provider for httpd's own AuthType Basic and Form. A password that cannot be verified gets 503, one
 * that came in clear text 403: see failure.c. */
void um_auth_basic_register(apr_pool_t *pool);

/* --- auth_require.c: Require usermgmt-group, usermgmt-staff, usermgmt-claim --------------------------------------- */

/** Registers them with mod_authz_core. They hold for callers by token and by password alike. */
void um_auth_require_register(apr_pool_t *pool);

/* --- auth_expr.c: %{USERMGMT_ID} and its like, usermgmt_claim('name'), usermgmt_groups('') ------------------------ */

/** Hook expr_lookup. The values are "" or empty when nobody calls. Require expr is evaluated before authentication:
 * therefore they verify the token of the request themselves. */
int um_auth_expr_lookup(ap_expr_lookup_parms *parms);

/* --- challenge.c: headers of 401 and 503 -------------------------------------------------------------------------- */

/** Retry-After of an answer of 503, in seconds: the database or the hash limit could not serve the request. */
#define UM_CHALLENGE_RETRY_AFTER "2"

/** The value of WWW-Authenticate for the scheme Bearer (RFC 6750 3) and, where UserMgmtTokenScheme has it, for the
 * scheme Token, allocated from pool. realm is copied as it is.
 * @param schemes  bits of um_scheme_e
 * @param error  the value of the parameter error, for instance "invalid_token"; NULL: the request had no token
 * @param description  for people, a constant; NULL: none */
const char *um_challenge_bearer(apr_pool_t *pool, const char *realm, unsigned schemes, const char *error,
                                const char *description);

/* --- client_address.c: whose tries are counted -------------------------------------------------------------------- */

/** Sets ctx->address, and ctx->throttle_client unless UserMgmtThrottleExempt names the address. The address is httpd's:
 * that of the connection, or what mod_remoteip has put in its place. */
void um_client_address_set(const request_rec *r, um_ctx_t *ctx);

/** Logs that a client is throttled (UM304): once for each series of refusals of a key, at most one line a second in
 * each process. */
void um_client_address_log_throttled(request_rec *r, const um_ctx_t *ctx);

/* --- failure.c: answers to errors of authentication --------------------------------------------------------------- */
/* Some interfaces of httpd cannot give the status of a request whose caller could not be authenticated: mod_auth_basic,
 * mod_auth_form and mod_authz_core make 500 of every failure of a provider or expression, and mod_dir keeps the status
 * of a subrequest that failed but drops its headers. Therefore the failure is stored with the request, and the hooks
 * set status and Retry-After when the answer is made. */

/** Stores a failure for r and its main requests: 403, or 429 or 503 with Retry-After. It is used when they end with
 * 500, or with that status.
 * @param retry_after  of 429, seconds */
void um_failure_note(request_rec *r, int status, apr_int64_t retry_after);

/** Hook insert_error_filter, before the header of an error's answer is made: sets the status of a stored failure,
 * writes the log line of a refused sign-in, and sets the challenge of a 403. */
void um_failure_error(request_rec *r);

/** Hook post_read_request: the same for an ErrorDocument that is a path on this server. Such a path is served by a
 * request of its own. */
int um_failure_error_document(request_rec *r);

/* --- login_failure.c: the log line of a refused sign-in ----------------------------------------------------------- */

/** Logs a refused sign-in (UM320), for administrators and for fail2ban (share/fail2ban/usermgmt.conf): the address of
 * the client, ctx->cause, ctx->subject, and the account's name as typed. */
void um_login_failure_log(request_rec *r, const um_ctx_t *ctx, const char *name);

/** The same, but only if the request is answered 401 in the end: another provider may know the name. */
void um_login_failure_log_if_final(request_rec *r, const um_ctx_t *ctx, const char *name);

/** Writes the line that um_login_failure_log_if_final() has kept, if the answer is a 401. */
void um_login_failure_write(request_rec *r);

#endif
