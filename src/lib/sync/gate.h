/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_GATE_H
#define UM_GATE_H
/* At most N holders at a time on this machine, over all threads of all processes that share the memory, and a short
 * bounded queue, first come first served as a rule.
 *
 * A process that is killed inside or in the queue loses nothing: each place holds the number of its owner (procid.h),
 * and when the gate looks full, at most every 100 ms, the places of the dead are taken back. Wake-ups are hints: a
 * waiter looks again at least every 50 ms, and after one such look past a turn that nobody takes (stopped, dying), so
 * neither a lost wake-up nor a lost process blocks anybody. Nothing in the memory is a pointer, a lock or a length. */
#include <apr_pools.h>
#include <apr_time.h>

#define UM_GATE_MAX_HOLDERS 64
#define UM_GATE_MAX_QUEUE   1024

typedef struct um_gate_t um_gate_t;

/** The right to be inside, of one thread; not to be copied. */
typedef struct um_gate_pass_t {
    int slot;           /**< -1: outside */
    apr_uint64_t since; /**< us of the monotonic clock */
} um_gate_pass_t;

/** Bytes of shared memory that a gate needs (some 50 KiB), aligned for a 64-bit number. */
apr_size_t um_gate_size(void);

/** A short text that differs where another version of this file lays the memory out in another way. */
const char *um_gate_form(apr_pool_t *pool);

/** Lays the gate out in memory, once, before any process attaches. */
void um_gate_init(void *memory);

/** This process's view of the gate in memory, which must outlive pool. Call it once in each process, after the fork,
 *  before any thread enters: it frees places that a dead process of the same pid has left. holders 1 to 64, queue 0 to
 *  1024; what is outside is brought to the nearest bound. Processes may differ (a graceful restart with other
 *  settings): then no more than the greatest number are inside. Never NULL. */
um_gate_t *um_gate_attach(apr_pool_t *pool, void *memory, int holders, int queue);

/** No more than so many threads of this process are inside or wait, so that the others are left for requests that do
 *  not hash; 0: no bound. Call it before any thread enters. */
void um_gate_bound(um_gate_t *gate, int threads);

/** Counts the calling thread against that bound, for one that waits elsewhere for somebody inside: 0 when too many do.
 *  um_gate_end takes it back. um_gate_enter does both by itself. */
int um_gate_begin(um_gate_t *gate);
void um_gate_end(um_gate_t *gate);

/** Any thread; one that is inside must not enter again. wait is in microseconds, 0 or less: now or never.
 *  APR_SUCCESS: inside, leave with um_gate_leave. APR_EAGAIN, told at once: the queue is full, or too long for that
 *  wait by what those inside have taken on average, or too many threads of this process are busy here. APR_TIMEUP:
 *  waited for that long. Without APR_SUCCESS nothing is held and pass->slot is -1. */
apr_status_t um_gate_enter(um_gate_t *gate, apr_interval_time_t wait, um_gate_pass_t *pass);

/** The same process that entered. A pass that is outside already is left alone. */
void um_gate_leave(um_gate_t *gate, um_gate_pass_t *pass);
#endif
