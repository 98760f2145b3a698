/* SPDX-License-Identifier: Apache-2.0 */
#include "log_limit.h"

#include "monotonic.h"

#include <apr_atomic.h>

int um_log_limit_allows_after(um_log_limit_t *limit, apr_uint32_t seconds)
{
    apr_uint32_t now = um_monotonic_tick();
    apr_uint32_t last = limit ? apr_atomic_read32(&limit->last) : 0;

    return !limit || ((!last || now - last >= seconds * 1000) && apr_atomic_cas32(&limit->last, now, last) == last);
}

int um_log_limit_allows(um_log_limit_t *limit)
{
    return um_log_limit_allows_after(limit, 1);
}
