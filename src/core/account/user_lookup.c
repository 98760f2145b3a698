/* SPDX-License-Identifier: Apache-2.0 */
#include "alias.h"
#include "email.h"
#include "random.h"
#include "store.h"
#include "store_user.h"
#include "unicode.h"
#include "user_admin.h"

#include <string.h>

/* A row that another account has been found by is not listed twice. */
static void add_candidate(apr_array_header_t *candidates, um_user_t *user)
{
    for (int i = 0; i < candidates->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(candidates, i, const um_user_t *)->id, user->id) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(candidates, um_user_t *) = user;
}

static apr_status_t look_by_address(um_store_call_t *call, const char *text, apr_array_header_t *candidates)
{
    const char *key = strchr(text, '@') ? um_email_key(call->pool, text) : NULL;
    apr_array_header_t *users;
    apr_status_t rv;

    if (!key) {
        return APR_SUCCESS;
    }
    rv = um_store_user_of_email(call, key, UM_USER_CANDIDATES, &users);
    for (int i = 0; i < users->nelts && candidates->nelts < UM_USER_CANDIDATES; i++) {
        add_candidate(candidates, APR_ARRAY_IDX(users, i, um_user_t *));
    }
    return rv;
}

/* The account that was imported with that number. */
static apr_status_t look_by_alias(um_store_call_t *call, const char *text, apr_array_header_t *candidates)
{
    const char *id = NULL;
    um_user_t *user = NULL;
    apr_status_t rv = um_alias_is(text) ? um_store_user_id_by_alias(call, text, &id) : APR_SUCCESS;

    if (rv == APR_SUCCESS && id) {
        rv = um_store_user_by_id(call, id, &user);
    }
    if (user && candidates->nelts < UM_USER_CANDIDATES) {
        add_candidate(candidates, user);
    }
    return rv;
}

/* An id comes first: the server makes ids, and people choose names. */
um_status_e um_user_lookup(um_ctx_t *ctx, const char *text, um_user_t **user, apr_array_header_t **candidates)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *id = um_random_uuid_parse(ctx->pool, text), *key;
    apr_status_t rv = APR_SUCCESS;

    *user = NULL;
    *candidates = apr_array_make(ctx->pool, 2, sizeof(um_user_t *));
    if (id) {
        rv = um_store_user_by_id(&call, id, user);
    }
    if (rv == APR_SUCCESS && !*user && um_unicode_key(ctx->pool, text, &key) == APR_SUCCESS) {
        rv = um_store_user_by_key(&call, key, user);
        if (rv == APR_SUCCESS && *user) {
            add_candidate(*candidates, *user);
        }
        rv = rv == APR_SUCCESS ? look_by_address(&call, text, *candidates) : rv;
        rv = rv == APR_SUCCESS ? look_by_alias(&call, text, *candidates) : rv;
        *user = (*candidates)->nelts == 1 ? APR_ARRAY_IDX(*candidates, 0, um_user_t *) : NULL;
    }
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return *user ? UM_OK : (*candidates)->nelts ? UM_INVALID : UM_ABSENT;
}

um_status_e um_user_lookup_details(um_ctx_t *ctx, const char *id, um_user_details_t *details)
{
    um_store_call_t call = um_ctx_store(ctx);
    int found;

    if (um_store_user_details(&call, id, um_ctx_seconds(ctx), details, &found) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return found ? UM_OK : UM_ABSENT;
}
