/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_LOCK_UNTIL_H
#define UM_LOCK_UNTIL_H
/* Waiting for a mutex or a semaphore up to a time of UM_WAIT_CLOCK. The wall clock is used only where libc has no
 * other: when it is set back by an hour, a wait takes an hour longer. _GNU_SOURCE must be defined. */
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 30)
#define UM_WAIT_CLOCK CLOCK_MONOTONIC
#define um_lock_until(mutex, time) pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, time)
#define um_wait_until(semaphore, time) sem_clockwait(semaphore, CLOCK_MONOTONIC, time)
#endif
#endif
#ifndef UM_WAIT_CLOCK
#define UM_WAIT_CLOCK CLOCK_REALTIME
#define um_lock_until(mutex, time) pthread_mutex_timedlock(mutex, time)
#define um_wait_until(semaphore, time) sem_timedwait(semaphore, time)
#endif

#endif
