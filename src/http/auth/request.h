/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REQUEST_H
#define UM_REQUEST_H
/* What the module remembers of a request. Each subrequest and each internal redirect has a record of its own.
 *
 * For DirectoryIndex, FallbackResource and MultiViews httpd puts a subrequest in the place of its main request
 * (ap_internal_fast_redirect): the main request goes on with the file, handler, environment and per_dir_config of the
 * subrequest, but keeps its own headers_in, user and request_config. Therefore a record knows the records of the
 * subrequests, and the per_dir_config ("rules") under which it was written. */
#include "credential.h"
#include "identity.h"

#include <httpd.h>

/** Headers that a back end may get otherwise than the client sent them. */
typedef enum { UM_REQUEST_AUTHORIZATION, UM_REQUEST_COOKIE, UM_REQUEST_HEADERS } um_request_header_e;

typedef struct um_request_t um_request_t;
typedef struct um_route_match_t um_route_match_t;    /* http/api/endpoint.h */
typedef struct ap_conf_vector_t um_rules_t;

struct um_request_t {
    const um_route_match_t *route;      /**< by api.c: a path of the API; NULL: somebody else's */
    const um_rules_t *rules;            /**< per_dir_config under which identity and credential were found */
    const um_identity_t *identity;      /**< by caller.c: who calls; NULL: not asked, or nobody */
    um_credential_t credential;         /**< by credential.c */
    unsigned shown;                     /**< 1 << um_token_source_e: where good tokens were, subrequests included */
    int failed;                         /**< by failure.c: the status with which it has failed; 0: it has not */
    int is_allowed;                     /**< by identity_headers.c: the rules of the place let it pass */
    const um_rules_t *applied;          /**< per_dir_config that headers and environment conform to */
    int is_untold;                      /**< by identity_headers.c: the application cannot be told who calls */
    int is_changed;                     /**< by identity_headers.c: headers_in is as the back end gets it, and */
    const char *original[UM_REQUEST_HEADERS];   /**< these are the client's; NULL: the client sent none */
    request_rec *r;
    um_request_t *parts, *next;         /**< by request.c: records of the subrequests that live; the next of them */
};

/** The record, made when there is none yet. */
um_request_t *um_request_of(request_rec *r);

/** The record, NULL when there is none. */
um_request_t *um_request_look(const request_rec *r);

/** The record, to note what is found under the present rules. An identity found under other rules is removed. */
um_request_t *um_request_judge(request_rec *r);

/** When httpd has put a subrequest in the place of r: takes over what was found for the subrequest, and its user. */
void um_request_take_over(request_rec *r);

/** Notes that a good token was found in such a source, for r and its main requests, whose answers depend on it. */
void um_request_show(request_rec *r, um_token_source_e kind);

/** Whether httpd is the client's forward proxy for this request (ProxyRequests), CONNECT included. Then Authorization,
 * cookies and the query are meant for the origin server, and Proxy-Authorization for us. */
int um_request_is_forward(const request_rec *r);

/** The request that r was made for: the main one of a subrequest, the earlier one of an internal redirect; or NULL. */
request_rec *um_request_parent(const request_rec *r);

/** A header as the client sent it, NULL when there was none. */
const char *um_request_header(const request_rec *r, um_request_header_e which);

#endif
