/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include "api_client.h"
#include "api_key.h"
#include "api_reset.h"
#include "api_session.h"
#include "api_token.h"
#include "api_user.h"

#include <apr_strings.h>
#include <string.h>

#define USERS "/api/v1/users/"
#define USER  "/api/v1/users/{id}/"
#define RESET "/api/password_reset/"
#define EMAIL "/api/email_verification/"
#define JWKS  "/.well-known/jwks.json"

/* The rows of a path stand together, in the order that Allow lists its methods. */
static const um_route_t routes[] = {
    { USERS, "POST",   UM_TO_JOIN,     &um_api_user_register_shape, 201, um_api_user_register,        "User Create" },
    { USER,  "GET",    UM_BEARER,      NULL,                        200, um_api_user_get,             "User" },
    { USER,  "POST",   UM_BEARER,      &um_api_user_password_shape, 200, um_api_user_change_password, "User" },
    { USER,  "PUT",    UM_BEARER,      &um_api_user_update_shape,   200, um_api_user_update,          "User" },
    { USER,  "PATCH",  UM_BEARER,      &um_api_user_update_shape,   200, um_api_user_update,          "User" },
    { USER,  "DELETE", UM_BEARER,      NULL,                        204, um_api_user_delete,          "User" },
    { USER "sessions/",
             "GET",    UM_BEARER,      NULL,                        200, um_api_session_list, "Sessions" },
    { USER "sessions/",
             "DELETE", UM_BEARER,      NULL,                        204, um_api_session_end_all, "Sessions" },
    { USER "sessions/{session}/",
             "DELETE", UM_BEARER,      NULL,                        204, um_api_session_end, "Session" },
    { "/api-token-auth/",
             "POST",   UM_TO_SIGN_IN,  &um_api_token_shape,         200, um_api_token_create, "Obtain Auth Token" },
    { "/api-token-refresh/",
             "POST",   UM_ANYONE,      &um_api_token_refresh_shape, 200, um_api_token_refresh, "Refresh Token" },
    { "/api-token-verify/",
             "POST",   UM_ANYONE,      &um_api_token_verify_shape,  200, um_api_token_verify, "Verify Token" },
    { "/api-token-revoke/",
             "POST",   UM_TO_REVOKE,   &um_api_token_revoke_shape,  200, um_api_token_revoke, "Revoke Token" },
    { "/api-token-introspect/",
             "POST",   UM_CLIENT,      &um_api_client_token_shape,  200, um_api_client_introspect, "Introspect Token" },
    { "/api-forward-auth/",
             "GET",    UM_PROXY,       NULL,                        204, NULL, "Forward Auth" },
    { RESET, "POST",   UM_TO_RESET,    &um_api_reset_request_shape, 200, um_api_reset_request,       "Reset Password" },
    { RESET "validate_token/",
             "POST",   UM_TO_RESET,    &um_api_reset_token_shape,   200, um_api_reset_validate, "Validate Token" },
    { RESET "confirm/",
             "POST",   UM_TO_RESET,    &um_api_reset_confirm_shape, 200, um_api_reset_confirm, "Confirm Reset" },
    { EMAIL, "POST",   UM_TO_REGISTER, &um_api_reset_request_shape, 200, um_api_reset_verify_request, "Verify Email" },
    { EMAIL "confirm/",
             "POST",   UM_TO_REGISTER, &um_api_reset_token_shape,   200, um_api_reset_verify_confirm, "Confirm Email" },
    { JWKS,  "GET",    UM_PUBLIC,      NULL,                        200, um_api_key_set, "JSON Web Key Set" },
};

#define COUNT (sizeof(routes) / sizeof(routes[0]))

/* Below these nothing but the API answers; the last segment need not end in a slash. */
static const char *const prefixes[] = {
    "/api/v1/users", "/api-token-auth", "/api-token-refresh", "/api-token-verify", "/api-token-revoke",
    "/api-token-introspect", "/api-forward-auth", "/api/password_reset", "/api/email_verification", JWKS
};

/* --- matching --- */

static int below(const char *uri, const char *prefix)
{
    apr_size_t len = strlen(prefix);

    return strncmp(uri, prefix, len) == 0 && (uri[len] == '\0' || uri[len] == '/');
}

int um_route_is_near(const char *uri)
{
    return below(uri, "/api/v1");
}

/* Walks both texts; what is in braces takes what stands before the next slash, but not nothing. */
static int fits(apr_pool_t *pool, const char *path, const char *uri, um_route_match_t *match)
{
    match->id = match->session = NULL;
    while (*path) {
        if (*path == '{') {
            apr_size_t len = strcspn(uri, "/");

            if (!len) {
                return 0;
            }
            *(path[1] == 'i' ? &match->id : &match->session) = apr_pstrmemdup(pool, uri, len);
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

    for (apr_size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        match.ours |= below(uri, prefixes[i]);
    }
    for (const um_route_t *row = routes; match.ours && row; ) {
        if (fits(pool, row->path, uri, &match)) {
            match.first = row;
            break;
        }
        for (const um_route_t *here = row; row && strcmp(row->path, here->path) == 0; ) {
            row = row + 1 < routes + COUNT ? row + 1 : NULL;
        }
    }
    return match;
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

const char *um_route_allow(apr_pool_t *pool, const um_route_t *first)
{
    const char *allow = "";

    for (const um_route_t *row = first; row; row = um_route_next(row)) {
        allow = apr_pstrcat(pool, allow, row->method, ", ", NULL);
    }
    return apr_pstrcat(pool, allow, um_route_method(first, "GET") ? "HEAD, " : "", "OPTIONS", NULL);
}
