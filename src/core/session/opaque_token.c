/* SPDX-License-Identifier: Apache-2.0 */
#include "opaque_token.h"

#include "base64url.h"
#include "store.h"
#include "store_session.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define CHARACTERS 40

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

um_status_e um_opaque_token_read(um_ctx_t *ctx, const char *text, um_token_t *token)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *hash = um_opaque_token_hash(ctx->pool, text);
    um_session_t session;
    int found;

    if (!hash) {
        return um_ctx_failed(ctx, "a token could not be hashed");
    }
    if (um_store_session_of_token(&call, hash, &session, &found) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!found) {
        ctx->cause = "no session has this imported token";
        return UM_BAD_TOKEN;
    }
    *token = (um_token_t){
        .user_id = session.user_id, .session_id = session.id, .issued_at = session.created_at,
        .expires_at = session.expires_at, .kid = "",
    };
    return um_token_judge_times(ctx, token->begins_at, token->expires_at);
}
