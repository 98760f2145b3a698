/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ISOTIME_H
#define UM_ISOTIME_H
/* Times as other programs write them (ISO 8601, RFC 3339). */
#include <apr_time.h>

/** Reads 2026-01-31, 2026-01-31T23:59:59 or 2026-01-31 23:59:59, with or without a fraction, and then Z, +01:00, +0100
 * or nothing, which means UTC; or a number of seconds since 1970. Sets seconds since the epoch, 0 at the least.
 * @return 0: text is none of these, has a day that its month has not, or is before 1970 or after 9999 */
int um_isotime_read(const char *text, apr_int64_t *seconds);

/** Writes 2026-01-31T23:59:59Z into pool. */
const char *um_isotime_print(apr_pool_t *pool, apr_int64_t seconds);

#endif
