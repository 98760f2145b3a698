/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CONCURRENCY_LIMIT_H
#define UM_CONCURRENCY_LIMIT_H
/* At most N holders at a time on this machine, over all threads of all processes that share the memory, and a bounded
 * queue of waiters. As a rule, waiters are served in the order in which they came.
 *
 * Each slot, and each place in the queue, is a robust mutex in the shared memory. When a process is killed, the kernel
 * marks its mutexes, and the next thread that tries one gets it, so a dead process blocks nobody. The first waiter
 * looks for a free slot each time a holder leaves, and every 50 ms for slots of the dead. The waiters behind it look
 * for themselves every 500 ms, so a first waiter that was stopped (SIGSTOP) blocks nobody either.
 *
 * A SysV semaphore with SEM_UNDO was tried in place of this. A parent that is killed leaves its semaphore set behind
 * for ever, SETVAL at a restart with another number of slots drops the undo records of those inside, and systemd's
 * RemoveIPC can remove the set of a user who logs out. */
#include <apr_pools.h>
#include <apr_time.h>

#define UM_CONCURRENCY_LIMIT_MAX_HOLDERS 64
#define UM_CONCURRENCY_LIMIT_MAX_QUEUE   1024

typedef struct um_concurrency_limit_t um_concurrency_limit_t;

/** The right of one thread to be inside; not to be copied. */
typedef struct um_concurrency_limit_pass_t {
    int slot;           /**< -1: outside */
    apr_uint64_t since; /**< us of the monotonic clock */
    apr_uint64_t who;   /**< for whom it is */
} um_concurrency_limit_pass_t;

/** Bytes of shared memory that a limit needs (some 50 KiB), aligned for a 64-bit number. */
apr_size_t um_concurrency_limit_size(void);

/** A short text that differs where another version of this file lays the memory out in another way. */
const char *um_concurrency_limit_form(apr_pool_t *pool);

/** Lays the limit out in memory, once, before any process attaches. APR_ENOTIMPL: the system has no robust mutexes or
 * no semaphores between processes. */
apr_status_t um_concurrency_limit_init(void *memory);

/** This process's view of the limit in memory, which must outlive pool. Never NULL.
 * @param holders  1 to 64 slots; what is outside is brought to the nearest bound. Processes may differ (a graceful
 *                 restart with other settings): then no more than the greatest number are inside.
 * @param queue    0 to 1024 places; likewise */
um_concurrency_limit_t *um_concurrency_limit_attach(apr_pool_t *pool, void *memory, int holders, int queue);

/** How many may be inside, and how many may wait. */
void um_concurrency_limit_bounds(const um_concurrency_limit_t *limit, int *holders, int *queue);

/** Bounds the threads of this process that are inside or wait, so that the others are left for requests that need no
 * slot; 0: no bound. At most half of them, and one at least, are for the same client. Call it once, before any thread
 * enters. */
void um_concurrency_limit_threads(um_concurrency_limit_t *limit, int threads);

/** Counts the calling thread against that bound, for a thread that waits elsewhere for one that is inside. 0: too many
 * threads are counted, or too many of this client. um_concurrency_limit_part takes it back.
 * um_concurrency_limit_enter does both by itself.
 * @param who  as in um_concurrency_limit_enter_for(); the same for both */
int um_concurrency_limit_join(um_concurrency_limit_t *limit, apr_uint64_t who);
void um_concurrency_limit_part(um_concurrency_limit_t *limit, apr_uint64_t who);

/** Takes a slot. The thread that enters must leave with um_concurrency_limit_leave, and must not enter again before.
 * @param wait  microseconds; 0 or less: do not wait
 * @return APR_SUCCESS: inside. APR_EAGAIN, without waiting: the queue is full, or too long for that wait by the average
 * time that a slot is held, or too many threads of this process are inside or wait. APR_TIMEUP: waited for that long.
 * Without APR_SUCCESS nothing is held and pass->slot is -1 */
apr_status_t um_concurrency_limit_enter(um_concurrency_limit_t *limit, apr_interval_time_t wait,
                                        um_concurrency_limit_pass_t *pass);

/** The same for somebody, such as a client address, who can have at most half of the queue's places at a time, and half
 * of the threads of this process that may be inside or wait (one at least). APR_EAGAIN also when they have as many.
 * @param who  a number that stands for them; 0: nobody in particular, without that bound */
apr_status_t um_concurrency_limit_enter_for(um_concurrency_limit_t *limit, apr_uint64_t who, apr_interval_time_t wait,
                                            um_concurrency_limit_pass_t *pass);

/** Gives the slot back. Does nothing for a pass that is outside already. */
void um_concurrency_limit_leave(um_concurrency_limit_t *limit, um_concurrency_limit_pass_t *pass);
#endif
