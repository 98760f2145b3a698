/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ONE_TIME_TOKEN_H
#define UM_ONE_TIME_TOKEN_H
/* One-time tokens: 256 random bits, shown only in a mail, stored only as their SHA-256. */
#include "ctx.h"

/** A new token, 43 characters of base64url, and its hash. UM_FAILED. */
um_status_e um_one_time_token_new(um_ctx_t *ctx, const char **token, const char **hash);

/** The hash of a token as somebody typed it; NULL for a text that can be no token. */
const char *um_one_time_token_hash(um_ctx_t *ctx, const char *token);

#endif
