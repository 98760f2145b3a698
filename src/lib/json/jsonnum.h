/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JSONNUM_H
#define UM_JSONNUM_H
/* The size of a number that is known to be written as RFC 8259 section 6 says; number to end, end not included. */
#include <apr_pools.h>

/** True when its value rounds to a finite double. */
int um_jsonnum_fits_double(apr_pool_t *pool, const char *number, const char *end);
/** True when a number without fraction and exponent is within int64. */
int um_jsonnum_fits_int64(const char *number, const char *end);
#endif
