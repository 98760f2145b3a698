/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IDEMPOTENCY_H
#define UM_IDEMPOTENCY_H
/* Requests that make an account and may be sent again (Idempotency-Key). The row of a key is stored with its account,
 * and says which account it was. A repetition gets the answer of the first request, made anew: nothing secret is
 * stored. Its password must be that of the account, and the account must have the version that it was made with. */
#include "ctx.h"

typedef struct um_idempotency_row_t um_idempotency_row_t;   /* store_idempotency.h */
typedef struct um_profile_input_t um_profile_input_t;

/** How long a key is kept, in seconds. */
#define UM_IDEMPOTENCY_LIFETIME 86400

/** The key of a call, ctx->idempotency. */
typedef struct um_idempotency_t {
    const char *scope;          /**< who calls: keys of other callers are other keys */
    const char *key;            /**< as the client sent it */
    int is_replayed;            /**< set by core: the account was made before, by the first call with the key */
} um_idempotency_t;

/** Looks whether an account was made under the key.
 * @param made   the account as input describes it. It becomes the one that was made before: its id and version
 * @param token  of a new session, where the first answer had one, else NULL. token NULL: none is wanted
 * @return UM_ABSENT: the key is new, or there is none; UM_OK: *made is the account; UM_REUSED: the key was used with
 * another body, or its account was changed or deleted since; UM_THROTTLED, UM_BUSY, UM_UNAVAILABLE, UM_FAILED */
um_status_e um_idempotency_replay(um_ctx_t *ctx, const um_profile_input_t *input, um_user_t *made, const char **token);

/** The row to store with a new account; *row is NULL when the call has no key. UM_FAILED. */
um_status_e um_idempotency_make(um_ctx_t *ctx, const um_profile_input_t *input, const um_user_t *made, int has_session,
                                const um_idempotency_row_t **row);

#endif
