/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REQUEST_H
#define UM_REQUEST_H
/* What the module remembers of a request. Each subrequest and each internal redirect has a record of its own. */
#include "credential.h"
#include "identity.h"
#include "route.h"

#include <httpd.h>

/** Headers that a back end may get otherwise than the client sent them. */
typedef enum { UM_REQUEST_AUTHORIZATION, UM_REQUEST_COOKIE, UM_REQUEST_HEADERS } um_request_header_e;

typedef struct um_request_t {
    const um_route_match_t *route;      /**< by api.c: a path of the API; NULL: somebody else's */
    const um_identity_t *identity;      /**< by caller.c: who calls; NULL: not asked, or nobody */
    um_credential_t credential;         /**< by credential.c */
    int is_allowed;                     /**< by handover.c: the rules of the place let it pass */
    int is_changed;                     /**< by handover.c: headers_in is as the back end gets it, and */
    const char *original[UM_REQUEST_HEADERS];   /**< these are the client's; NULL: he sent none */
} um_request_t;

/** The record, made when there is none yet. */
um_request_t *um_request_of(request_rec *r);

/** The record, NULL when there is none. */
um_request_t *um_request_look(const request_rec *r);

/** The request that r was made for: the main one of a subrequest, the earlier one of an internal redirect; or NULL. */
request_rec *um_request_parent(const request_rec *r);

/** A header as the client sent it, NULL when he sent none. */
const char *um_request_header(const request_rec *r, um_request_header_e which);

#endif
