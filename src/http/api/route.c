/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "throttle.h"

#include <apr_strings.h>
#include <string.h>

#define API   "/api/v1"
#define USERS "/api/v1/users/"
#define USER  "/api/v1/users/{id}/"
#define GROUPS "/api/v1/groups/"
#define GROUP "/api/v1/groups/{group}/"
#define RESET "/api/password_reset/"
#define EMAIL "/api/email_verification/"
#define JWKS  "/.well-known/jwks.json"
#define OPENAPI "/api/openapi.yaml"
#define FORWARD_AUTH "/api-forward-auth"

/* Rows of the same path are adjacent; their order is that of the methods in the Allow header. */
static const um_route_t routes[] = {
    { .path = USERS, .method = "GET", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .success = 200, .function = um_api_list_users, .name = "User Create" },
    { .path = USERS, .method = "POST", .access = UM_ACCESS_REGISTER, .throttle = UM_THROTTLE_REGISTER,
      .schema = &um_api_user_register_schema, .success = 201, .function = um_api_user_register,
      .name = "User Create" },
    { .path = USER, .method = "GET", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API,
      .success = 200, .function = um_api_user_get, .name = "User" },
    { .path = USER, .method = "POST", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API,
      .schema = &um_api_user_password_schema, .success = 200, .function = um_api_user_change_password,
      .name = "User" },
    { .path = USER, .method = "PUT", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API,
      .schema = &um_api_user_update_schema, .success = 200, .function = um_api_user_update, .name = "User" },
    { .path = USER, .method = "PATCH", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API,
      .schema = &um_api_user_update_schema, .success = 200, .function = um_api_user_update, .name = "User" },
    { .path = USER, .method = "DELETE", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API,
      .success = 204, .function = um_api_user_delete, .name = "User" },
    { .path = USER "events/", .method = "GET", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API,
      .success = 200, .function = um_api_event_list, .name = "Events" },
    { .path = USER "reset/", .method = "POST", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .success = 202, .function = um_api_reset_send, .name = "Reset Password" },
    { .path = USER "sessions/", .method = "GET", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API,
      .success = 200, .function = um_api_session_list, .name = "Sessions" },
    { .path = USER "sessions/", .method = "DELETE", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API,
      .success = 204, .function = um_api_session_end_all, .name = "Sessions" },
    { .path = USER "sessions/{session}/", .method = "DELETE", .access = UM_ACCESS_ACCOUNT, .throttle = UM_THROTTLE_API,
      .success = 204, .function = um_api_session_end, .name = "Session" },
    { .path = GROUPS, .method = "GET", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .success = 200, .function = um_api_group_list, .name = "Group List" },
    { .path = GROUPS, .method = "POST", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .schema = &um_api_group_schema, .success = 201, .function = um_api_group_create, .name = "Group List" },
    { .path = GROUP, .method = "GET", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .success = 200, .function = um_api_group_get, .name = "Group" },
    { .path = GROUP, .method = "PATCH", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .schema = &um_api_group_schema, .success = 200, .function = um_api_group_rename, .name = "Group" },
    { .path = GROUP, .method = "DELETE", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .success = 204, .function = um_api_group_delete, .name = "Group" },
    { .path = GROUP "members/", .method = "GET", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .success = 200, .function = um_api_group_members, .name = "Group Members" },
    { .path = GROUP "members/{id}/", .method = "PUT", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .success = 204, .function = um_api_group_add, .name = "Group Member" },
    { .path = GROUP "members/{id}/", .method = "DELETE", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API,
      .success = 204, .function = um_api_group_drop, .name = "Group Member" },
    { .path = "/api-token-auth/", .method = "POST", .access = UM_ACCESS_SIGN_IN, .throttle = UM_THROTTLE_SIGN_IN,
      .schema = &um_api_token_schema, .success = 200, .function = um_api_token_create, .name = "Obtain Auth Token" },
    { .path = "/api-token-refresh/", .method = "POST", .access = UM_ACCESS_OPEN, .throttle = UM_THROTTLE_REFRESH,
      .schema = &um_api_token_refresh_schema, .success = 200, .function = um_api_token_refresh,
      .name = "Refresh Token" },
    { .path = "/api-token-verify/", .method = "POST", .access = UM_ACCESS_OPEN, .throttle = UM_THROTTLE_API,
      .schema = &um_api_token_verify_schema, .success = 200, .function = um_api_token_verify,
      .name = "Verify Token" },
    { .path = "/api-token-revoke/", .method = "POST", .access = UM_ACCESS_REVOKE, .throttle = UM_THROTTLE_API,
      .schema = &um_api_token_revoke_schema, .success = 200, .function = um_api_token_revoke,
      .name = "Revoke Token" },
    { .path = "/api-token-introspect/", .method = "POST", .access = UM_ACCESS_CLIENT, .throttle = UM_THROTTLE_REFRESH,
      .schema = &um_api_client_token_schema, .success = 200, .function = um_api_client_introspect,
      .name = "Introspect Token" },
    { .path = FORWARD_AUTH "/", .method = "GET", .access = UM_ACCESS_PROXY, .throttle = UM_THROTTLE_NONE,
      .success = 204, .name = "Forward Auth" },
    { .path = RESET, .method = "POST", .access = UM_ACCESS_RESET, .throttle = UM_THROTTLE_RESET,
      .schema = &um_api_reset_request_schema, .success = 200, .function = um_api_reset_request,
      .name = "Reset Password" },
    { .path = RESET "validate_token/", .method = "POST", .access = UM_ACCESS_RESET, .throttle = UM_THROTTLE_CONFIRM,
      .schema = &um_api_reset_token_schema, .success = 200, .function = um_api_reset_validate,
      .name = "Validate Token" },
    { .path = RESET "confirm/", .method = "POST", .access = UM_ACCESS_RESET, .throttle = UM_THROTTLE_CONFIRM,
      .schema = &um_api_reset_confirm_schema, .success = 200, .function = um_api_reset_confirm,
      .name = "Confirm Reset" },
    { .path = EMAIL, .method = "POST", .access = UM_ACCESS_VERIFY_EMAIL, .throttle = UM_THROTTLE_RESET,
      .schema = &um_api_reset_request_schema, .success = 200, .function = um_api_reset_verify_request,
      .name = "Verify Email" },
    { .path = EMAIL "confirm/", .method = "POST", .access = UM_ACCESS_VERIFY_EMAIL, .throttle = UM_THROTTLE_CONFIRM,
      .schema = &um_api_reset_token_schema, .success = 200, .function = um_api_reset_verify_confirm,
      .name = "Confirm Email" },
    { .path = JWKS, .method = "GET", .access = UM_ACCESS_PUBLIC, .throttle = UM_THROTTLE_NONE,
      .success = 200, .function = um_api_key_set, .name = "JSON Web Key Set" },
    { .path = OPENAPI, .method = "GET", .access = UM_ACCESS_PUBLIC, .throttle = UM_THROTTLE_NONE,
      .success = 200, .function = um_api_openapi_get, .name = "OpenAPI" },
};

#define COUNT (sizeof(routes) / sizeof(routes[0]))

/* --- matching --- */

/* Whether a URI is equal to the first len bytes of a path, or below them. */
static int is_below(const char *uri, const char *path, apr_size_t len)
{
    return strncmp(uri, path, len) == 0 && (uri[len] == '\0' || uri[len] == '/');
}

int um_route_is_under_api_v1(const char *uri)
{
    return is_below(uri, API, strlen(API));
}

int um_route_is_under_forward_auth(const char *uri)
{
    return is_below(uri, FORWARD_AUTH, strlen(FORWARD_AUTH));
}

int um_route_is_under_openapi(const char *uri)
{
    return is_below(uri, OPENAPI, strlen(OPENAPI));
}

/* Whether a URI is equal to or below the part of a row's path before its first name in braces. Every request of the
 * host is compared with every row, also those for files. So the first character that differs ends the comparison. */
static int is_below_row(const char *uri, const um_route_t *row)
{
    const char *path = row->path;

    /* A client may send a brace, too. */
    while (*path && *path != '{' && *path == *uri) {
        path++;
        uri++;
    }
    if (*path == '/' && *uri == '\0') {
        path++;     /* the slash at the end may be missing */
    }
    return (*path == '\0' || *path == '{') && (path[-1] == '/' || *uri == '\0' || *uri == '/');
}

/* Whether a URI has the form of a path. A name in braces stands for one segment that is not empty. */
static int matches_path(apr_pool_t *pool, const char *path, const char *uri, um_route_match_t *match)
{
    match->id = match->session = match->group = NULL;
    while (*path) {
        if (*path == '{') {
            apr_size_t len = strcspn(uri, "/");

            if (!len) {
                return 0;
            }
            *(path[1] == 'i' ? &match->id : path[1] == 's' ? &match->session : &match->group)
                = apr_pstrmemdup(pool, uri, len);
            uri += len;
            path += strcspn(path, "}") + 1;
        }
        else if (*path == *uri) {
            path++;
            uri++;
        }
        else {
            return *uri == '\0' && strcmp(path, "/") == 0;
        }
    }
    return *uri == '\0';
}

um_route_match_t um_route_match(apr_pool_t *pool, const char *uri)
{
    um_route_match_t match = { 0 };

    for (const um_route_t *row = routes; row < routes + COUNT && !match.first; row++) {
        if (is_below_row(uri, row)) {
            match.is_ours = 1;
            match.first = matches_path(pool, row->path, uri, &match) ? row : NULL;
        }
    }
    return match;
}

const um_route_t *um_route_find(const char *method, const char *path)
{
    const um_route_t *row = routes;

    while (row < routes + COUNT && (strcmp(row->path, path) != 0 || strcmp(row->method, method) != 0)) {
        row++;
    }
    return row < routes + COUNT ? row : NULL;
}

const um_route_t *um_route_next(const um_route_t *row)
{
    return row + 1 < routes + COUNT && strcmp(row->path, row[1].path) == 0 ? row + 1 : NULL;
}

const um_route_t *um_route_method(const um_route_t *first, const char *method)
{
    const um_route_t *row;
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    for (row = first; row && strcmp(row->method, wanted) != 0; row = um_route_next(row)) {
        continue;
    }
    return row;
}

unsigned um_route_index(const um_route_t *row)
{
    return (unsigned)(row - routes);
}

const um_route_t *um_route_at(unsigned index)
{
    return index < COUNT ? &routes[index] : NULL;
}

const char *um_route_allow(apr_pool_t *pool, const um_route_t *first)
{
    const char *allow = "";

    for (const um_route_t *row = first; row; row = um_route_next(row)) {
        allow = apr_pstrcat(pool, allow, row->method, ", ", NULL);
    }
    return apr_pstrcat(pool, allow, um_route_method(first, "GET") ? "HEAD, " : "", "OPTIONS", NULL);
}
