/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PRINTABLE_H
#define UM_PRINTABLE_H
/* Untrusted text on a terminal or in a log line. */
#include <apr_pools.h>

/** text with each character escaped that is not printed as itself: \n, \r and \t; \u{1b} for other control and format
 * characters (C0, C1, bidirectional marks, line separators), unassigned and private ones; \xff for a byte that is not
 * UTF-8. So the result is one line, moves no cursor and reorders nothing. The joiners U+200C and U+200D are kept,
 * because names need them. Returns text itself when nothing needs to be escaped. */
const char *um_printable(apr_pool_t *pool, const char *text);

#endif
