/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MONOTONIC_H
#define UM_MONOTONIC_H
/* The monotonic clock: time for whatever waits. Nobody can set it back or forward. */
#include <apr.h>

/** Milliseconds since some moment before this system's start; always positive. */
apr_int64_t um_monotonic_ms(void);

/** The same clock in 32 bits, for atomic variables. Never 0, so 0 can mean "not set". It wraps around after 49 days, so
 * only differences of two ticks count. */
apr_uint32_t um_monotonic_tick(void);

#endif
