/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SELDOM_H
#define UM_SELDOM_H
/* What is told once a second and no more: when each request would say the same, the log would fill the disk. */
#include <apr.h>

/** Zeroed: nothing was told yet. For threads of one process; atomic. */
typedef struct um_seldom_t {
    apr_uint32_t last;         /**< tick of the last time, as um_breaker_tick; 0: never */
} um_seldom_t;

/** Whether it is time to tell; then nobody else is told so for a second. NULL: always. */
int um_seldom_now(um_seldom_t *seldom);

#endif
