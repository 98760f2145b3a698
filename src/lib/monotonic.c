/* SPDX-License-Identifier: Apache-2.0 */
#include "monotonic.h"

#include <time.h>

apr_int64_t um_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

apr_uint32_t um_monotonic_tick(void)
{
    return (apr_uint32_t)um_monotonic_ms() | 1;
}
