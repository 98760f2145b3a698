/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLAIMS_H
#define UM_CLAIMS_H
/* What a token says beside who it is for. Of tokens that were verified before: nothing is checked here again. */
#include "json.h"

/** The claims of a verified token. NULL: it cannot be read, which a verified one always can. */
um_json_t *um_claims_of(apr_pool_t *pool, const char *verified);

/** A claim as text: a string as it is, a list or object as JSON, true, false, a number as JSON writes it. NULL: there
 * is none of that name, it is null, or a string with U+0000 in it. Lives as long as claims. */
const char *um_claims_text(const um_json_t *claims, const char *name);

/** Whether a claim has that value, written as um_claims_text() would: or is a list with an element that has. */
int um_claims_has(const um_json_t *claims, const char *name, const char *value);

#endif
