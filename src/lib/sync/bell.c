/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sem_clockwait */
#endif
#include "bell.h"

#include <errno.h>
#include <time.h>

/* By the wall clock, one that is set back by an hour would make it a wait of an hour: only where there is no other. */
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 30)
#define BELL_CLOCK CLOCK_MONOTONIC
#define wait_until(semaphore, time) sem_clockwait(semaphore, CLOCK_MONOTONIC, time)
#endif
#endif
#ifndef BELL_CLOCK
#define BELL_CLOCK CLOCK_REALTIME
#define wait_until(semaphore, time) sem_timedwait(semaphore, time)
#endif

void um_bell_init(um_bell_t *bell)
{
    sem_init(&bell->rung, 1, 0);
}

void um_bell_ring(um_bell_t *bell)
{
    int value = 0;

    /* A bell that nobody listens to must not count up to its limit. */
    if (sem_getvalue(&bell->rung, &value) != 0 || value < 1) {
        sem_post(&bell->rung);
    }
}

int um_bell_hear(um_bell_t *bell, apr_interval_time_t wait)
{
    struct timespec until;
    int status;

    clock_gettime(BELL_CLOCK, &until);
    until.tv_nsec += (long)wait * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    do {
        status = wait_until(&bell->rung, &until);
    } while (status != 0 && errno == EINTR);
    if (status != 0 && errno != ETIMEDOUT) {
        /* Spoilt memory: without the pause, waiting for it would be a loop at full speed. */
        apr_sleep(wait);
    }
    return status == 0;
}
