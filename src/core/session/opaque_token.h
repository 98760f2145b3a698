/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_OPAQUE_TOKEN_H
#define UM_OPAQUE_TOKEN_H
/* Opaque tokens: those that another program made, and that were imported with the accounts, so that clients stay
 * signed in. Their form is that of Django REST framework's authtoken: 40 hexadecimal digits, which are 160 random bits.
 * Each is a session of its own, of which the database has the token's SHA-256. This program makes none.
 *
 * Time. The database looks the SHA-256 up in an index, which compares byte by byte. How long that takes says at most
 * how many leading bytes of the hash agree with some stored one. Whoever tries tokens cannot choose their hashes, so
 * this leads to no token: they would have to find a token whose hash begins as measured, which is as hard as finding
 * any token of that hash. */
#include "token.h"

/** What the threads of a process remember of the imported tokens of a site: when they saw last that it has none, or
 * some, in seconds since the epoch. Zeroed: nothing. */
typedef struct um_opaque_token_memory_t {
    apr_uint32_t none, some;
} um_opaque_token_memory_t;

/** Whether text has the form of an opaque token. No token of this program has it. */
int um_opaque_token_is(const char *text);

/** The hash under which a token is stored, base64url in pool. NULL: OpenSSL failed. */
const char *um_opaque_token_hash(apr_pool_t *pool, const char *text);

/** Finds the session of an opaque token and sets what um_token_read() sets; kid is "", because nothing was signed. Asks
 * the database. Where no token was imported, it is asked at most every two seconds (ctx->site->opaque_tokens): anybody
 * can send such texts, and they must not cost a query each. Whether the session is valid is for um_session_judge(), as
 * with other tokens. UM_BAD_TOKEN: no session has this token, or it has expired. UM_UNAVAILABLE, UM_FAILED. All with
 * ctx->cause. */
um_status_e um_opaque_token_read(um_ctx_t *ctx, const char *text, um_token_t *token);

#endif
