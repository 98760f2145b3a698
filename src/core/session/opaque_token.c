/* SPDX-License-Identifier: Apache-2.0 */
#include "opaque_token.h"

#include "base64url.h"
#include "store.h"
#include "store_session.h"

#include <apr_atomic.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define CHARACTERS 40

/* Seconds for which it is remembered that no token was imported, and that some were. */
#define NONE_SECONDS 2
#define SOME_SECONDS 60

int um_opaque_token_is(const char *text)
{
    return strspn(text, "0123456789abcdef") == CHARACTERS && !text[CHARACTERS];
}

const char *um_opaque_token_hash(apr_pool_t *pool, const char *text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) != 1) {
        ERR_clear_error();
        return NULL;
    }
    return um_base64url_encode(pool, digest, len);
}

static int is_recent(const um_ctx_t *ctx, volatile apr_uint32_t *seen, apr_uint32_t seconds)
{
    return (apr_uint32_t)um_ctx_seconds(ctx) - apr_atomic_read32(seen) < seconds;
}

/* After a token that was not found. */
static void look_for_any(um_ctx_t *ctx, um_store_call_t *call)
{
    um_opaque_token_memory_t *memory = ctx->site->opaque_tokens;
    int any;

    if (memory && !is_recent(ctx, &memory->some, SOME_SECONDS)
        && um_store_session_any_token(call, &any) == APR_SUCCESS) {
        apr_atomic_set32(any ? &memory->some : &memory->none, (apr_uint32_t)um_ctx_seconds(ctx));
    }
}

static um_status_e refuse(um_ctx_t *ctx)
{
    ctx->cause = "no session has this imported token";
    return UM_BAD_TOKEN;
}

um_status_e um_opaque_token_read(um_ctx_t *ctx, const char *text, um_token_t *token)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *hash;
    um_session_t session;
    int found;

    if (ctx->site->opaque_tokens && is_recent(ctx, &ctx->site->opaque_tokens->none, NONE_SECONDS)) {
        return refuse(ctx);
    }
    hash = um_opaque_token_hash(ctx->pool, text);
    if (!hash) {
        return um_ctx_failed(ctx, "a token could not be hashed");
    }
    if (um_store_session_of_token(&call, hash, &session, &found) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!found) {
        look_for_any(ctx, &call);
        return refuse(ctx);
    }
    *token = (um_token_t){
        .user_id = session.user_id, .session_id = session.id, .issued_at = session.created_at,
        .expires_at = session.expires_at, .kid = "",
    };
    return um_token_judge_times(ctx, token->begins_at, token->expires_at);
}
