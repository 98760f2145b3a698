/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PRINTABLE_H
#define UM_PRINTABLE_H
/* Text of strangers on a terminal or in a line of a log. */
#include <apr_pools.h>

/** text with everything that is not printed as itself escaped: \n, \r and \t, \u{1b} for other control and format
 * characters (C0, C1, bidirectional marks, line separators), unassigned and private ones, and \xff for a byte that is
 * no UTF-8. So it is one line, moves no cursor and reorders nothing. Joiners (U+200C, U+200D) stay: names need them.
 * The text itself when there is nothing to escape. */
const char *um_printable(apr_pool_t *pool, const char *text);

#endif
