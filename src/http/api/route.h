/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ROUTE_H
#define UM_ROUTE_H
/* Every endpoint: which method on which path, who may call, what goes in, what is answered, by which function. */
#include "shape.h"

typedef enum {
    UM_ANYONE,                  /**< an Authorization header is not even looked at */
    UM_PUBLIC,                  /**< a document for anyone: the Accept header is not looked at either */
    UM_PROXY,                   /**< a proxy for its client, with any method: see api_check.h */
    UM_TO_SIGN_IN,              /**< anyone, unless UserMgmtRequireClientToken says token, reset or register: then a */
    UM_TO_RESET,                /**< client's token, or an account's */
    UM_TO_REGISTER,
    UM_TO_JOIN,                 /**< the same as UM_TO_REGISTER, within what UserMgmtRegistration says */
    UM_BEARER,                  /**< an account's token */
    UM_CLIENT,                  /**< a client's token, by Bearer or Basic */
    UM_TO_REVOKE                /**< anyone; but what he says of himself as a client must be right */
} um_who_e;

/** Does a call: call->in and call->user are set as the row says; sets call->out. */
typedef um_status_e um_route_fn(um_call_t *call);

struct um_route_t {
    const char *path;           /**< {id} and {session} stand for one segment each: ids of a user and a session */
    const char *method;
    um_who_e who;
    const um_shape_t *shape;    /**< of the body; NULL: a body is ignored */
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
int um_route_is_near(const char *uri);

/** Finds a path. A missing trailing slash makes no difference. */
um_route_match_t um_route_match(apr_pool_t *pool, const char *uri);

/** The row of a method (HEAD is GET) on the path of first; NULL: not allowed. */
const um_route_t *um_route_method(const um_route_t *first, const char *method);

/** The next row of the same path, NULL after the last. */
const um_route_t *um_route_next(const um_route_t *row);

/** Allow's value for a path. */
const char *um_route_allow(apr_pool_t *pool, const um_route_t *first);

#endif
