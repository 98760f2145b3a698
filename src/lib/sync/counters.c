/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getcpu */
#endif
#include "counters.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define LINE 64             /* bytes of a cache line */
#define COPIES 8u           /* of the counters; more cores share them */
#define PROCESSES 1024u     /* that can have gauges */

const apr_int64_t um_counters_bounds[UM_COUNTERS_BUCKETS - 1] = {
    100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000
};

/* The gauges of a process, on a cache line of their own. pid 0: free. */
typedef struct process_t {
    _Atomic apr_int32_t pid;
    _Atomic apr_int32_t gauge[UM_COUNTERS_GAUGES];
} process_t;

struct um_counters_t {
    unsigned char *memory;
    apr_size_t copy_size;       /* bytes of a copy of the counters */
    process_t *processes;
    process_t *own;
    process_t spare;            /* own, where all places are taken: these gauges are not summed */
};

static apr_size_t size_of_copy(unsigned counters)
{
    return (counters * sizeof(apr_uint64_t) + LINE - 1) / LINE * LINE;
}

apr_size_t um_counters_size(unsigned counters)
{
    return COPIES * size_of_copy(counters) + PROCESSES * sizeof(process_t);
}

/* --- the gauges of processes --- */

static int is_gone(apr_int32_t pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

static void clear_gauges(process_t *place)
{
    for (int i = 0; i < UM_COUNTERS_GAUGES; i++) {
        atomic_store_explicit(&place->gauge[i], 0, memory_order_relaxed);
    }
}

/* A place that is free, or that a process which is gone has left. */
static process_t *own_gauges(um_counters_t *counters)
{
    apr_int32_t own = (apr_int32_t)getpid();

    for (unsigned i = 0; i < PROCESSES; i++) {
        process_t *place = &counters->processes[((unsigned)own + i) % PROCESSES];
        apr_int32_t pid = atomic_load(&place->pid);

        if ((pid == 0 || pid == own || is_gone(pid)) && atomic_compare_exchange_strong(&place->pid, &pid, own)) {
            clear_gauges(place);
            return place;
        }
    }
    return &counters->spare;
}

static apr_status_t leave_gauges(void *baton)
{
    process_t *place = ((um_counters_t *)baton)->own;

    clear_gauges(place);
    atomic_store(&place->pid, 0);
    return APR_SUCCESS;
}

um_counters_t *um_counters_attach(apr_pool_t *pool, void *memory, unsigned counters)
{
    um_counters_t *made = apr_pcalloc(pool, sizeof(*made));

    made->memory = memory;
    made->copy_size = size_of_copy(counters);
    made->processes = (process_t *)(void *)(made->memory + COPIES * made->copy_size);
    made->own = own_gauges(made);
    apr_pool_cleanup_register(pool, made, leave_gauges, apr_pool_cleanup_null);
    return made;
}

void um_counters_change(um_counters_t *counters, unsigned gauge, int change)
{
    if (counters) {
        atomic_fetch_add_explicit(&counters->own->gauge[gauge], change, memory_order_relaxed);
    }
}

apr_int64_t um_counters_now(const um_counters_t *counters, unsigned gauge)
{
    apr_int64_t sum = 0;

    for (unsigned i = 0; counters && i < PROCESSES; i++) {
        process_t *place = &counters->processes[i];
        apr_int32_t pid = atomic_load_explicit(&place->pid, memory_order_relaxed);
        apr_int32_t number = pid ? atomic_load_explicit(&place->gauge[gauge], memory_order_relaxed) : 0;

        sum += number && !is_gone(pid) ? number : 0;
    }
    return sum;
}

/* --- counters --- */

static _Atomic apr_uint64_t *cell_of(const um_counters_t *counters, unsigned copy, unsigned which)
{
    return (_Atomic apr_uint64_t *)(void *)(counters->memory + copy * counters->copy_size) + which;
}

void um_counters_add(um_counters_t *counters, unsigned which, apr_uint64_t number)
{
    int core = counters ? sched_getcpu() : 0;

    if (counters) {
        atomic_fetch_add_explicit(cell_of(counters, core < 0 ? 0 : (unsigned)core % COPIES, which), number,
                                  memory_order_relaxed);
    }
}

apr_uint64_t um_counters_read(const um_counters_t *counters, unsigned which)
{
    apr_uint64_t sum = 0;

    for (unsigned copy = 0; counters && copy < COPIES; copy++) {
        sum += atomic_load_explicit(cell_of(counters, copy, which), memory_order_relaxed);
    }
    return sum;
}

void um_counters_time(um_counters_t *counters, unsigned first, apr_int64_t microseconds)
{
    unsigned bucket = 0;

    while (bucket < UM_COUNTERS_BUCKETS - 1 && microseconds > um_counters_bounds[bucket]) {
        bucket++;
    }
    um_counters_add(counters, first + bucket, 1);
    um_counters_add(counters, first + UM_COUNTERS_BUCKETS, microseconds > 0 ? (apr_uint64_t)microseconds : 0);
}
