/* SPDX-License-Identifier: Apache-2.0 */
#include "seldom.h"

#include "breaker.h"

#include <apr_atomic.h>

#define PAUSE_MS 1000

int um_seldom_now(um_seldom_t *seldom)
{
    apr_uint32_t now = um_breaker_tick();
    apr_uint32_t last = seldom ? apr_atomic_read32(&seldom->last) : 0;

    return !seldom || ((!last || now - last >= PAUSE_MS) && apr_atomic_cas32(&seldom->last, now, last) == last);
}
