/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REQUEST_H
#define UM_REQUEST_H
/* What the module remembers of a request. Each subrequest and each internal redirect has a record of its own. */
#include "identity.h"
#include "route.h"

#include <httpd.h>

typedef struct um_request_t {
    const um_route_match_t *route;      /**< by api.c: a path of the API; NULL: somebody else's */
    const um_identity_t *identity;      /**< by caller.c: who calls; NULL: not asked, or nobody */
} um_request_t;

/** The record, made when there is none yet. */
um_request_t *um_request_of(request_rec *r);

/** The record, NULL when there is none. */
um_request_t *um_request_look(const request_rec *r);

/** The request that r was made for: the main one of a subrequest, the earlier one of an internal redirect; or NULL. */
request_rec *um_request_parent(const request_rec *r);

#endif
