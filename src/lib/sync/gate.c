/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"
#include "bell.h"
#include "procid.h"

#include <apr_strings.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK        50000  /* us: a waiter looks again, whatever it was told */
#define SWEEP_EVERY 100000 /* us: how often the dead are looked for, by any process */
#define LONGEST     60000000 /* us: what no hash takes; a process that was stopped inside does not count for more */
#define VERSION     1      /* of what lies in the memory: the same bytes with another meaning need another number */
#define NOBODY      0

#if ATOMIC_LLONG_LOCK_FREE != 2
#error "the gate needs 64-bit atomics without a lock: a lock would not be shared between processes"
#endif

typedef struct holder_t {
    _Atomic apr_uint64_t owner;
} holder_t;

typedef struct waiter_t {
    _Atomic apr_uint64_t owner;
    _Atomic apr_uint64_t ticket; /* 0: not in the queue (yet, or any more), whoever the owner is */
    um_bell_t bell;
} waiter_t;

typedef struct shared_t {
    _Atomic apr_uint64_t tickets; /* the last one given out */
    _Atomic apr_uint64_t swept;   /* us of the monotonic clock, which all processes share */
    _Atomic apr_uint64_t takes;   /* us that a holder is inside, a running average; 0: nobody has been yet */
    holder_t holders[UM_GATE_MAX_HOLDERS];
    waiter_t queue[UM_GATE_MAX_QUEUE];
} shared_t;

struct um_gate_t {
    shared_t *shared;
    int holders;
    int queue;
    int threads;         /* of this process, that may be inside or wait; 0: all */
    _Atomic int busy;    /* those that are or do */
    pid_t pid;
    apr_uint64_t self; /* the process of that pid */
};

static apr_uint64_t monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_uint64_t)now.tv_sec * 1000000 + (apr_uint64_t)now.tv_nsec / 1000;
}

/* A view that came over a fork must not act in its parent's name. */
static apr_uint64_t self_of(const um_gate_t *gate)
{
    return getpid() == gate->pid ? gate->self : um_procid_self();
}

static int claim(_Atomic apr_uint64_t *owner, apr_uint64_t from, apr_uint64_t to)
{
    return atomic_compare_exchange_strong(owner, &from, to);
}

/* --- looking --- */

static int count_free(const um_gate_t *gate)
{
    int i, count = 0;

    for (i = 0; i < gate->holders; i++) {
        count += atomic_load(&gate->shared->holders[i].owner) == NOBODY;
    }
    return count;
}

/* How many wait with a lower ticket. All of the queue's places, not only ours: another process may use more. */
static int count_ahead(const um_gate_t *gate, apr_uint64_t ticket)
{
    int i, count = 0;

    for (i = 0; i < UM_GATE_MAX_QUEUE; i++) {
        apr_uint64_t other = atomic_load(&gate->shared->queue[i].ticket);

        count += other != 0 && other < ticket;
    }
    return count;
}

static void ring_first(const um_gate_t *gate)
{
    apr_uint64_t lowest = UINT64_MAX;
    waiter_t *first = NULL;
    int i;

    for (i = 0; i < UM_GATE_MAX_QUEUE; i++) {
        apr_uint64_t ticket = atomic_load(&gate->shared->queue[i].ticket);

        if (ticket != 0 && ticket < lowest) {
            lowest = ticket;
            first = &gate->shared->queue[i];
        }
    }
    if (first) {
        um_bell_ring(&first->bell);
    }
}

/* --- taking back what the dead hold --- */

/* Asking for each place would cost 10 ms with a full queue; there are few processes. */
typedef struct answers_t {
    apr_uint64_t owner[16];
    int gone[16];
} answers_t;

static int is_gone(apr_uint64_t owner, void *baton)
{
    answers_t *answers = baton;
    unsigned i = um_procid_pid(owner) % 16;

    if (answers->owner[i] != owner) {
        answers->owner[i] = owner;
        answers->gone[i] = um_procid_is_gone(owner);
    }
    return answers->gone[i];
}

/* Without start times a dead process of our pid cannot be told from ourselves later. In um_gate_attach it can: we hold
 * nothing yet. */
static int is_former_self(apr_uint64_t owner, void *baton)
{
    const um_gate_t *gate = baton;

    return um_procid_pid(owner) == um_procid_pid(gate->self)
        && (owner != gate->self || (apr_uint32_t)gate->self == 0);
}

static int clear_place(waiter_t *place, apr_uint64_t owner)
{
    apr_uint64_t ticket = atomic_load(&place->ticket);

    /* The ticket first, or the next owner would come to the front with it; and only when it is the dead one's: a
     * process that is gone takes no place any more, so if it is still the owner here, it was when the ticket was
     * read. */
    if (atomic_load(&place->owner) == owner) {
        claim(&place->ticket, ticket, 0);
    }
    return claim(&place->owner, owner, NOBODY);
}

/* Each by compare-and-swap with what was judged: a place that has changed hands since is left alone. */
static int take_back(shared_t *shared, int (*lost)(apr_uint64_t owner, void *baton), void *baton)
{
    apr_uint64_t owner;
    int i, count = 0;

    for (i = 0; i < UM_GATE_MAX_HOLDERS; i++) {
        owner = atomic_load(&shared->holders[i].owner);
        if (owner != NOBODY && lost(owner, baton)) {
            count += claim(&shared->holders[i].owner, owner, NOBODY);
        }
    }
    for (i = 0; i < UM_GATE_MAX_QUEUE; i++) {
        owner = atomic_load(&shared->queue[i].owner);
        if (owner != NOBODY && lost(owner, baton)) {
            count += clear_place(&shared->queue[i], owner);
        }
    }
    return count;
}

static int sweep(const um_gate_t *gate)
{
    apr_uint64_t now = monotonic(), last = atomic_load(&gate->shared->swept);
    answers_t answers = {{0}, {0}};

    if (last <= now && now - last < SWEEP_EVERY) {
        return 0;
    }
    return claim(&gate->shared->swept, last, now) && take_back(gate->shared, is_gone, &answers);
}

/* --- the queue --- */

static waiter_t *sit_down(const um_gate_t *gate, apr_uint64_t self)
{
    int i;

    for (i = 0; i < gate->queue; i++) {
        waiter_t *waiter = &gate->shared->queue[i];

        if (claim(&waiter->owner, NOBODY, self)) {
            /* The bell may still ring for the last owner: that is one look too many. */
            atomic_store(&waiter->ticket, atomic_fetch_add(&gate->shared->tickets, 1) + 1);
            return waiter;
        }
    }
    return NULL;
}

static void stand_up(waiter_t *waiter, apr_uint64_t self)
{
    atomic_store(&waiter->ticket, 0);
    claim(&waiter->owner, self, NOBODY);
}

static int take_slot(const um_gate_t *gate, apr_uint64_t self, um_gate_pass_t *pass)
{
    int i;

    for (i = 0; i < gate->holders; i++) {
        if (claim(&gate->shared->holders[i].owner, NOBODY, self)) {
            pass->slot = i;
            return 1;
        }
    }
    return 0;
}

static apr_status_t wait_turn(const um_gate_t *gate, waiter_t *place, apr_uint64_t self, apr_interval_time_t wait,
                              um_gate_pass_t *pass)
{
    apr_uint64_t now = monotonic(), until = now + (apr_uint64_t)wait;
    apr_uint64_t ticket = atomic_load(&place->ticket);
    int passed_over = 0, unused, left;

    for (;;) {
        unused = count_free(gate);
        left = unused - count_ahead(gate, ticket);
        if ((left > 0 || passed_over) && take_slot(gate, self, pass)) {
            return APR_SUCCESS;
        }
        now = monotonic();
        if (now >= until) {
            return APR_TIMEUP;
        }
        passed_over = unused > 0;
        if (passed_over) {
            ring_first(gate);
        }
        if (um_bell_hear(&place->bell, (apr_interval_time_t)(until - now < TICK ? until - now : TICK))) {
            passed_over = 0;
        }
        else if (sweep(gate)) {
            ring_first(gate);
        }
    }
}

/* --- how long it takes --- */

/* The newest is worth an eighth: a change of the hash's cost shows after some ten of them. Two that leave at once may
 * lose one of the two. */
static void note_time(shared_t *shared, apr_uint64_t since)
{
    apr_uint64_t takes = atomic_load(&shared->takes), now = monotonic();
    apr_uint64_t took = now > since ? now - since : 0;

    took = took < LONGEST ? took : LONGEST;
    atomic_store(&shared->takes, takes ? takes - takes / 8 + took / 8 : took + 1);
}

/* Whether those ahead will be through in time. A caller that would wait in vain had better be told at once. */
static int is_in_time(const um_gate_t *gate, apr_interval_time_t wait)
{
    apr_uint64_t ahead = (apr_uint64_t)count_ahead(gate, UINT64_MAX);

    return ahead * atomic_load(&gate->shared->takes) / (apr_uint64_t)gate->holders <= (apr_uint64_t)wait;
}

/* --- the gate --- */

static int bound(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

apr_size_t um_gate_size(void)
{
    return sizeof(shared_t);
}

const char *um_gate_form(apr_pool_t *pool)
{
    return apr_psprintf(pool, "gate %d/%d", VERSION, (int)sizeof(shared_t));
}

void um_gate_init(void *memory)
{
    shared_t *shared = memory;
    int i;

    memset(shared, 0, sizeof(*shared));
    for (i = 0; i < UM_GATE_MAX_QUEUE; i++) {
        um_bell_init(&shared->queue[i].bell);
    }
}

um_gate_t *um_gate_attach(apr_pool_t *pool, void *memory, int holders, int queue)
{
    um_gate_t *gate = apr_pcalloc(pool, sizeof(*gate));

    gate->shared = memory;
    gate->holders = bound(holders, 1, UM_GATE_MAX_HOLDERS);
    gate->queue = bound(queue, 0, UM_GATE_MAX_QUEUE);
    gate->pid = getpid();
    gate->self = um_procid_self();
    take_back(gate->shared, is_former_self, gate);
    return gate;
}

void um_gate_bound(um_gate_t *gate, int threads)
{
    gate->threads = threads;
}

int um_gate_begin(um_gate_t *gate)
{
    if (atomic_fetch_add(&gate->busy, 1) < gate->threads || !gate->threads) {
        return 1;
    }
    um_gate_end(gate);
    return 0;
}

void um_gate_end(um_gate_t *gate)
{
    atomic_fetch_sub(&gate->busy, 1);
}

static apr_status_t enter(um_gate_t *gate, apr_uint64_t self, apr_interval_time_t wait, um_gate_pass_t *pass)
{
    apr_status_t status;
    waiter_t *place;
    int again;

    do {
        if (count_free(gate) > count_ahead(gate, UINT64_MAX) && take_slot(gate, self, pass)) {
            return APR_SUCCESS;
        }
        again = sweep(gate);
    } while (again);
    if (wait <= 0 && gate->queue > 0) {
        return APR_TIMEUP;
    }
    place = is_in_time(gate, wait) ? sit_down(gate, self) : NULL;
    if (!place) {
        return APR_EAGAIN;
    }
    status = wait_turn(gate, place, self, wait, pass);
    stand_up(place, self);
    /* More slots may have become free than one, or our bell was rung when we had already given up. */
    if (count_free(gate) > 0) {
        ring_first(gate);
    }
    return status;
}

apr_status_t um_gate_enter(um_gate_t *gate, apr_interval_time_t wait, um_gate_pass_t *pass)
{
    apr_status_t status;

    pass->slot = -1;
    if (!um_gate_begin(gate)) {
        return APR_EAGAIN;
    }
    status = enter(gate, self_of(gate), wait, pass);
    if (status == APR_SUCCESS) {
        pass->since = monotonic();
    }
    else {
        um_gate_end(gate);
    }
    return status;
}

void um_gate_leave(um_gate_t *gate, um_gate_pass_t *pass)
{
    int slot = pass->slot;

    pass->slot = -1;
    if (slot >= 0 && slot < UM_GATE_MAX_HOLDERS
        && claim(&gate->shared->holders[slot].owner, self_of(gate), NOBODY)) {
        um_gate_end(gate);
        note_time(gate->shared, pass->since);
        ring_first(gate);
    }
}
