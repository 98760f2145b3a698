/* SPDX-License-Identifier: Apache-2.0 */
#include "monotonic.h"

#include <errno.h>
#include <time.h>

apr_int64_t um_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

apr_int64_t um_monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + 1;
}

void um_monotonic_wait(apr_int64_t until)
{
    const struct timespec moment = { .tv_sec = (until - 1) / 1000000, .tv_nsec = (until - 1) % 1000000 * 1000 };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR) {
        continue;
    }
}

apr_uint32_t um_monotonic_tick(void)
{
    return (apr_uint32_t)um_monotonic_ms() | 1;
}
