/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MONOTONIC_H
#define UM_MONOTONIC_H
/* Time for whatever waits: it goes on by itself, and nobody sets it back. */
#include <apr.h>

/** Milliseconds since some moment before this system's start; never 0 or less. */
apr_int64_t um_monotonic_ms(void);

#endif
