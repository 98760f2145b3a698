/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ROUTE_H
#define UM_ROUTE_H
/* Every endpoint: which method on which path, who may call, what goes in, what is answered, by which function. */
#include "input_schema.h"

typedef enum {
    UM_ACCESS_OPEN,             /**< anybody; the Authorization header is ignored */
    UM_ACCESS_PUBLIC,           /**< a document for anybody; the Accept header is ignored too */
    UM_ACCESS_PROXY,            /**< a proxy that asks about a request of its client; any method */
    UM_ACCESS_SIGN_IN,          /**< anybody, unless UserMgmtRequireClientToken has "token": then the token of a client
                                     or of an account is needed */
    UM_ACCESS_RESET,            /**< the same for "reset" */
    UM_ACCESS_VERIFY_EMAIL,     /**< the same for "register" */
    UM_ACCESS_REGISTER,         /**< as UM_ACCESS_VERIFY_EMAIL, and UserMgmtRegistration must allow it */
    UM_ACCESS_ACCOUNT,          /**< the token of an account */
    UM_ACCESS_CLIENT,           /**< the token of a client, by Bearer or Basic */
    UM_ACCESS_REVOKE            /**< anybody; client credentials that are sent must be right */
} um_access_e;

/** Does a call: call->in and call->user are set as the row says; sets call->out. */
typedef um_status_e um_route_fn(um_call_t *call);

struct um_route_t {
    const char *path;           /**< {id} and {session} stand for one segment each: ids of a user and a session */
    const char *method;
    um_access_e access;
    const um_input_schema_t *schema;    /**< of the body; NULL: a body is ignored */
    int success;                /**< HTTP status when the call ends well */
    um_route_fn *function;
    const char *name;           /**< of the path's view, for OPTIONS */
};

/** What a URI is to us. */
typedef struct um_route_match_t {
    int ours;                   /**< at or below one of the API's prefixes */
    const um_route_t *first;    /**< first row of its path; NULL: there is no such path */
    const char *id;             /**< the segment at {id}, as it came; NULL: the path has none */
    const char *session;        /**< the same at {session} */
} um_route_match_t;

/** Whether a URI is under /api/v1, where other applications may live too: what none of them serves, we answer. */
int um_route_is_under_api_v1(const char *uri);

/** Finds a path. A missing trailing slash makes no difference. */
um_route_match_t um_route_match(apr_pool_t *pool, const char *uri);

/** The row of a method (HEAD is GET) on the path of first; NULL: not allowed. */
const um_route_t *um_route_method(const um_route_t *first, const char *method);

/** The next row of the same path, NULL after the last. */
const um_route_t *um_route_next(const um_route_t *row);

/** Allow's value for a path. */
const char *um_route_allow(apr_pool_t *pool, const um_route_t *first);

#endif
