/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_AUTHENTICATE_H
#define UM_AUTHENTICATE_H
/* Authentication by access token: the signature and times of the token, then the state of its session and account. The
 * API asks for a fresh answer. Protected Locations accept a cached one, because they ask with every request. */
#include "token.h"

typedef struct um_identity_t um_identity_t;
typedef struct um_user_t um_user_t;

/** How old the answer of the database may be. */
typedef enum {
    UM_FRESH,                   /**< the database is asked now, by one SELECT */
    UM_CACHED                   /**< an answer from the caller cache is good; see below */
} um_freshness_e;

/** Who calls. All of it lives as long as the context's pool. */
typedef struct um_caller_t {
    const char *session_id;     /**< UUID; NULL: nobody calls */
    const um_identity_t *identity;  /**< set for UM_CACHED: the account's public fields and groups */
    const um_user_t *user;      /**< set for UM_FRESH: the account's row */
    um_token_t token;           /**< set for UM_FRESH: what the token says */
} um_caller_t;

/** Authenticates the caller by an access token: one of this site, or one that was imported (opaque_token.h), which
 * costs one more question to the database. token is the text as the client sent it.
 *
 * UM_CACHED: a cached answer is valid for settings->revocation_delay, and for settings->database_grace longer while the
 * database is unreachable. Without a cache, with a revocation delay of 0, and after a change of the account on this
 * node, the database is asked.
 *
 * UM_BAD_TOKEN: the token is forged, expired or not one of this site's, or its session has ended. UM_INACTIVE: the
 * account is deactivated. UM_UNAVAILABLE: the database was needed and could not be asked. UM_FAILED: the signature
 * could not be checked. With all of these, ctx->cause gives the reason without a byte of the token, and *caller is
 * zero. */
um_status_e um_authenticate(um_ctx_t *ctx, const char *token, um_freshness_e freshness, um_caller_t *caller);

#endif
