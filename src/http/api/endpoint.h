/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ENDPOINT_H
#define UM_ENDPOINT_H
/* The types of the API. An endpoint is a row of the table in route.c; a call is one request to an endpoint. */
#include "ctx.h"
#include "mediatype.h"

#include <httpd.h>

typedef struct json_object um_json_t;                       /* json.h */
typedef struct um_call_t um_call_t;
typedef struct um_caller_t um_caller_t;                     /* authenticate.h */
typedef struct um_input_schema_t um_input_schema_t;         /* input_schema.h */
typedef struct um_json_doc_t um_json_doc_t;                 /* json.h */
typedef struct um_reply_form_t um_reply_form_t;
typedef struct um_route_t um_route_t;
typedef struct um_route_match_t um_route_match_t;
typedef struct um_server_t um_server_t;                     /* server.h */
typedef struct um_session_new_t um_session_new_t;           /* session.h */
typedef struct um_settings_t um_settings_t;                 /* module.h */
typedef struct um_throttle_uses_t um_throttle_uses_t;       /* throttle.h */
typedef struct um_user_t um_user_t;                         /* store_user.h */

/** Who may call an endpoint. authorize.c applies it. */
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
    UM_ACCESS_STAFF,            /**< the token of an account that is staff */
    UM_ACCESS_CLIENT,           /**< the token of a client, by Bearer or Basic */
    UM_ACCESS_REVOKE            /**< anybody; client credentials that are sent must be right */
} um_access_e;

/** The function of an endpoint. All checks of the request have passed; call->in holds the body as the row's schema
 * describes it. The function sets call->out, or call->document. UM_INVALID: call->ctx.errors says why. */
typedef um_status_e um_route_fn(um_call_t *call);

/** An endpoint: one method on one path. */
struct um_route_t {
    const char *path;           /**< {id}, {session} and {group} stand for one segment each: the id of a user or "me",
                                     the id of a session, the name of a group */
    const char *method;
    um_access_e access;
    int throttle;               /**< um_throttle_class_e; UM_THROTTLE_NONE: never throttled */
    const um_input_schema_t *schema;    /**< of the body; NULL: a body is ignored */
    int success;                /**< HTTP status of a successful call */
    um_route_fn *function;      /**< NULL for UM_ACCESS_PROXY */
    const char *name;           /**< title of the path in the answer to OPTIONS */
};

/** What a path is to the API. */
struct um_route_match_t {
    int is_ours;                /**< equal to or below one of the API's prefixes */
    const um_route_t *first;    /**< first row of the path; NULL: the API has no such path */
    const char *id;             /**< the segment at {id} as sent; NULL: the path has none */
    const char *session;        /**< the segment at {session} as sent; NULL: the path has none */
    const char *group;          /**< the segment at {group} as sent; NULL: the path has none */
};

/** An answer that is the same for everybody, and that caches may store. */
typedef struct um_document_t {
    const char *type;           /**< media type */
    const char *text;
    const char *etag;           /**< with its quotes */
    int max_age;                /**< seconds for which caches may store it */
} um_document_t;

/** A form of answers other than JSON. Each function sends the answer and returns DONE. */
struct um_reply_form_t {
    /** The call succeeded: call->out or call->document, with the status of the route. */
    int (*success)(um_call_t *call);
    /** An error of the whole request. value: of the message; NULL: it has none. */
    int (*error)(um_call_t *call, int status, um_message_e message, const char *value);
    /** 400 with all of call->ctx.errors. */
    int (*errors)(um_call_t *call);
};

/** One request to the API. */
struct um_call_t {
    request_rec *r;
    const um_server_t *server;
    const um_settings_t *settings;  /**< of the server */
    const um_route_match_t *match;  /**< what the path of the request is */
    const um_route_t *route;    /**< the row of path and method; NULL: the path does not allow the method */
    um_ctx_t ctx;
    apr_int64_t began;          /**< um_monotonic_us */
    um_accept_e accept;         /**< in which form errors are answered */
    const um_reply_form_t *form;    /**< of all answers; NULL: JSON, or problem details */
    int page_size;              /**< of lists, where the query names no other; 0: UM_QUERY_USUAL_SIZE */
    um_json_doc_t *doc;         /**< the body; NULL: it has not been read yet */

    /* Who calls. */
    um_caller_t *caller;        /**< never NULL; its user is NULL where no account has been authenticated */
    um_throttle_uses_t *uses;   /**< of the row's throttle class, by the client's address; NULL: none */
    int needs_staff;            /**< only staff may make the call, whatever the row says */
    int wants_staff;            /**< the body has a field that only staff may set, so credentials are not ignored */
    const char *client;         /**< name of the client that calls; NULL: none */
    int by_cookie;              /**< the token came in a cookie */
    int wants_session;          /**< set for pages: a sign-in or a registration sets session */
    const char *bearer;         /**< UM_ACCESS_REVOKE: the header's token that is not a client's; else NULL */

    /* What the call is about. */
    const um_user_t *user;      /**< the account that the path names; NULL: it names none */
    void *in;                   /**< the body, read into the structure of the route's schema */

    /* Set by the endpoint's function. */
    um_json_t *out;             /**< body of a successful answer; NULL: none */
    const char *text;           /**< out, if it has been printed already; else NULL */
    const um_document_t *document;  /**< answered in place of out; NULL: out is */
    const um_session_new_t *session;    /**< the session that the call has opened; NULL: none, or not wanted */
    int not_modified;           /**< answer 304: the client has this version already */
    int bad_cursor;             /**< with UM_ABSENT: the query has a cursor that is none of this list */
    int csrf_failed;            /**< with UM_DENIED: the request came from another site */
    int is_uncounted;           /**< the row's throttle does not count the call */
    int is_read_only;           /**< the call changed nothing, whatever its method; it is not logged as a change */
};

#endif
