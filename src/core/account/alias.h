/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ALIAS_H
#define UM_ALIAS_H
/* Aliases: the numbers that accounts had in the program from which they were imported. Clients may have stored paths
 * with them, so the API takes a number in place of an id. Answers show the id alone. */
#include "ctx.h"

/** The most digits that an alias has. */
#define UM_ALIAS_DIGITS 19

/** Whether text has the form of an alias: digits without a leading zero. */
int um_alias_is(const char *text);

/** The id of the account that a segment of a path names: a UUID in any spelling, in its canonical form, whether there
 * is such an account or not; or the id of the account with that alias. NULL: neither. *id is in ctx->pool.
 * UM_UNAVAILABLE. */
um_status_e um_alias_resolve(um_ctx_t *ctx, const char *text, const char **id);

#endif
