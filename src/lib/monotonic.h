/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MONOTONIC_H
#define UM_MONOTONIC_H
/* The monotonic clock: time for whatever waits. Nobody can set it back or forward. */
#include <apr.h>

/** Milliseconds since some moment before this system's start; always positive. */
apr_int64_t um_monotonic_ms(void);

/** The same clock in microseconds. */
apr_int64_t um_monotonic_us(void);

/** Waits until um_monotonic_us() has this value; not at all when it is over. */
void um_monotonic_wait(apr_int64_t until);

/** The same clock in 32 bits, for atomic variables. Never 0, so 0 can mean "not set". It wraps around after 49 days, so
 * only differences of two ticks count. */
apr_uint32_t um_monotonic_tick(void);

#endif
