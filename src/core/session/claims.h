/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLAIMS_H
#define UM_CLAIMS_H
/* The claims of a token that was verified before. Nothing is verified here. */
#include "json.h"

/** Parses the claims of a verified token. They live as long as pool. NULL: they cannot be parsed, which does not happen
 * with a verified token. */
um_json_t *um_claims_of(apr_pool_t *pool, const char *verified);

/** A claim as text: a string as it is, which lives as long as claims; anything else as JSON, in pool. NULL: there is no
 * claim of that name, or it is null, or it is a string with U+0000. */
const char *um_claims_text(apr_pool_t *pool, const um_json_t *claims, const char *name);

/** Whether a claim, written as um_claims_text() does, equals value; or whether it is a list with such an element. */
int um_claims_has(apr_pool_t *pool, const um_json_t *claims, const char *name, const char *value);

#endif
