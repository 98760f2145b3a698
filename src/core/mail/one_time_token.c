/* SPDX-License-Identifier: Apache-2.0 */
#include "one_time_token.h"

#include "base64url.h"
#include "random.h"

#include <openssl/evp.h>
#include <string.h>

#define TOKEN_BYTES 32
#define TOKEN_CHARACTERS 43

const char *um_one_time_token_hash(um_ctx_t *ctx, const char *token)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (strlen(token) != TOKEN_CHARACTERS || !EVP_Digest(token, TOKEN_CHARACTERS, digest, &len, EVP_sha256(), NULL)) {
        return NULL;
    }
    return um_base64url_encode(ctx->pool, digest, len);
}

um_status_e um_one_time_token_new(um_ctx_t *ctx, const char **token, const char **hash)
{
    *hash = NULL;
    if (um_random_text(ctx->pool, TOKEN_BYTES, token) == APR_SUCCESS) {
        *hash = um_one_time_token_hash(ctx, *token);
    }
    return *hash ? UM_OK : um_ctx_failed(ctx, "a token could not be made");
}
