/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BELL_H
#define UM_BELL_H
/* A hint from one process to a waiting thread of another, in shared memory: "look again". It may come too often, or
 * never (the ringer was killed), so who waits always waits for a bounded time and then looks for himself. */
#include <apr_time.h>

#include <semaphore.h>

typedef struct um_bell_t {
    sem_t rung;
} um_bell_t;

/** Once, before any process uses it. Needs no counterpart. */
void um_bell_init(um_bell_t *bell);

/** Rings; once is enough, however often nobody listened. */
void um_bell_ring(um_bell_t *bell);

/** True as soon as the bell rings or had rung, false after wait microseconds (0 to 1,000,000), by a clock that nobody
 *  sets. */
int um_bell_hear(um_bell_t *bell, apr_interval_time_t wait);
#endif
