/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_LOOKALIKE_H
#define UM_LOOKALIKE_H
/* Letters of other scripts that look like letters of ASCII: the first letter of the Cyrillic "аdmin", for example. */
#include <apr_pools.h>

/** Which form of a letter is looked at. Names are shown as they were typed and compared in lower case, and a letter may
 * look like one of ASCII in only one form, or like a different one in each. */
typedef enum { UM_LOOKALIKE_SMALL, UM_LOOKALIKE_CAPITAL } um_lookalike_e;

/** A text in lower case with the ASCII letter (in lower case, too) in place of each letter that looks like it. Some
 * letters of ASCII have several forms; only common ones are known. The text is valid UTF-8. */
const char *um_lookalike_ascii(apr_pool_t *pool, const char *text, um_lookalike_e form);
#endif
