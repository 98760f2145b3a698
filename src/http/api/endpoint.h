/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ENDPOINT_H
#define UM_ENDPOINT_H
/* One request to the API on its way through: in, checked, core, out. */
#include "authenticate.h"
#include "json.h"
#include "mediatype.h"
#include "server.h"
#include "user.h"

typedef struct um_route_t um_route_t;
typedef struct um_input_schema_t um_input_schema_t;

/** Something that is the same for everybody, and that caches may keep. */
typedef struct um_document_t {
    const char *type;
    const char *text;
    const char *etag;           /**< with its quotes */
    int max_age;                /**< seconds */
} um_document_t;

typedef struct um_call_t {
    request_rec *r;
    const um_server_t *server;
    um_ctx_t ctx;
    const um_route_t *route;    /**< the row of path and method */
    um_accept_e accept;
    um_caller_t caller;         /**< user NULL on open routes */
    int by_cookie;              /**< a cookie has shown who calls */
    int csrf_failed;            /**< set by a function that gives UM_DENIED: no page of this site has sent it */
    const char *client;         /**< name of the client that calls; NULL: none */
    const char *bearer;         /**< UM_ACCESS_REVOKE: the header's token that is not a client's; or NULL */
    const um_user_t *user;      /**< whom the path names; NULL where it names nobody */
    const char *session;        /**< the segment of the path that names a session, as it came; or NULL */
    int not_modified;           /**< set by a function: the client has it already */
    int is_read_only;           /**< set by a function that has changed nothing, whatever its method */
    void *in;                   /**< the body, read by the route's schema into the schema's structure */
    um_json_t *out;             /**< what a successful call answers; NULL: nothing */
    const char *text;           /**< out, where it has been printed already; or NULL */
    const um_document_t *document;  /**< what it answers in place of out; or NULL */
} um_call_t;

#endif
