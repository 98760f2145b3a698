/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that die or stop at the limit. */
#include "concurrency_limit_stage.h"

#include <signal.h>

#define PROCESSES 4
#define HOLDERS   3

/* A child that enters (or waits to), tells by stage->ready that it is about to, and stays. */
static pid_t start_holder(int holders)
{
    int ready = atomic_load(&stage->ready), entered = atomic_load(&stage->entered);
    um_concurrency_limit_pass_t pass;
    pid_t pid = fork();

    if (pid == 0) {
        um_concurrency_limit_t *limit = um_concurrency_limit_attach(pool, memory, holders, 8);

        atomic_fetch_add(&stage->ready, 1);
        if (um_concurrency_limit_enter(limit, FOREVER, &pass) == APR_SUCCESS) {
            atomic_fetch_add(&stage->entered, 1);
        }
        for (;;) {
            pause();
        }
    }
    await(&stage->ready, ready + 1);
    if (entered < holders) {
        await(&stage->entered, entered + 1);
    }
    else {
        apr_sleep(100 * MS);
    }
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void try_enter(um_concurrency_limit_t *limit, const char *name)
{
    apr_time_t began = apr_time_now();
    um_concurrency_limit_pass_t pass;
    apr_status_t status = um_concurrency_limit_enter(limit, FOREVER, &pass);
    long took = (long)((apr_time_now() - began) / MS);

    ok(status == APR_SUCCESS && took < SOON / MS, "%s", name);
    printf("# %ld ms\n", took);
    um_concurrency_limit_leave(limit, &pass);
}

static void test_killed_holder(int reap, const char *name)
{
    um_concurrency_limit_pass_t pass;
    um_concurrency_limit_t *limit;
    pid_t one, two;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 2, 8);
    one = start_holder(2);
    two = start_holder(2);
    is_int(um_concurrency_limit_enter(limit, 200 * MS, &pass), APR_TIMEUP, "two are inside, alive");
    kill(one, SIGKILL);
    if (reap) {
        waitpid(one, NULL, 0);
    }
    try_enter(limit, name);
    end_child(two);
    if (!reap) {
        waitpid(one, NULL, 0);
    }
}

/* The slot of a killed holder goes to who has been waiting for it all the time. */
static void test_killed_while_waiting(void)
{
    waiting_t waiting;
    um_concurrency_limit_t *limit;
    apr_time_t killed;
    pid_t holder;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 8);
    holder = start_holder(1);
    start_waiting(&waiting, limit, 0, FOREVER);
    apr_sleep(150 * MS);
    killed = apr_time_now();
    end_child(holder);
    pthread_join(waiting.thread, NULL);
    ok(waiting.status == APR_SUCCESS && atomic_load(&waiting.at) - killed < SOON,
       "a thread that waits gets the slot of a killed holder");
    printf("# %ld ms\n", (long)((atomic_load(&waiting.at) - killed) / MS));
}

static void test_killed_waiters(void)
{
    um_concurrency_limit_pass_t pass;
    um_concurrency_limit_t *limit;
    pid_t waiters[8];
    int i;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 9);
    um_concurrency_limit_enter(limit, 0, &pass);
    atomic_store(&stage->entered, 1);
    for (i = 0; i < 8; i++) {
        waiters[i] = start_holder(1);
    }
    is_int(um_concurrency_limit_enter(limit, 0, &(um_concurrency_limit_pass_t){-1, 0, 0}), APR_TIMEUP,
           "one inside, a queue of eight");
    for (i = 0; i < 8; i++) {
        end_child(waiters[i]);
    }
    um_concurrency_limit_leave(limit, &pass);
    try_enter(limit, "killed in the queue: the next comes through");
    apr_sleep(150 * MS);
    is_int(um_concurrency_limit_enter(limit, 0, &pass), APR_SUCCESS, "a killed thread in the queue is not waited for");
    um_concurrency_limit_leave(limit, &pass);
}

static void test_stopped_waiter(void)
{
    um_concurrency_limit_pass_t pass;
    um_concurrency_limit_t *limit;
    pid_t waiter;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 8);
    um_concurrency_limit_enter(limit, 0, &pass);
    atomic_store(&stage->entered, 1);
    waiter = start_holder(1);
    kill(waiter, SIGSTOP);
    um_concurrency_limit_leave(limit, &pass);
    try_enter(limit, "stopped at the head of the queue: the next passes by");
    kill(waiter, SIGCONT);
    await(&stage->entered, 2);
    is_int(atomic_load(&stage->entered), 2, "a process that was stopped gets its slot when it continues");
    end_child(waiter);
}

/* A view of the limit that came over a fork: its passes must be the child's, not the parent's. */
static void test_inherited_view(void)
{
    um_concurrency_limit_pass_t pass;
    um_concurrency_limit_t *limit;
    pid_t child;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 8);
    child = fork();
    if (child == 0) {
        um_concurrency_limit_enter(limit, 0, &pass);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    try_enter(limit, "ended inside with an inherited view: the slot comes back");
}

/* Whoever is alive sees when it leaves that another one has entered its slot meanwhile. */
static void *live(void *view)
{
    apr_uint64_t self = (apr_uint64_t)gettid();
    um_concurrency_limit_pass_t pass;

    while (!atomic_load(&stage->stop)) {
        if (um_concurrency_limit_enter(view, 300 * MS, &pass) != APR_SUCCESS) {
            continue;
        }
        atomic_fetch_add(&stage->entered, 1);
        atomic_store(&stage->owners[pass.slot], self);
        apr_sleep(MS);
        if (atomic_load(&stage->owners[pass.slot]) != self) {
            atomic_fetch_add(&stage->doubles, 1);
        }
        um_concurrency_limit_leave(view, &pass);
    }
    return NULL;
}

static pid_t start_living(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        um_concurrency_limit_t *limit = um_concurrency_limit_attach(pool, memory, HOLDERS, 16);
        pthread_t other;

        pthread_create(&other, NULL, live, limit);
        live(limit);
        pthread_join(other, NULL);
        _exit(0);
    }
    return pid;
}

/* Processes die wherever they happen to be, and new ones come. */
static void test_deaths(void)
{
    pid_t pids[PROCESSES];
    int i, before, status, good = 1;

    set_stage();
    for (i = 0; i < PROCESSES; i++) {
        pids[i] = start_living();
    }
    for (i = 0; i < 60; i++) {
        apr_sleep((1 + i % 7 * 3) * MS);
        end_child(pids[i % PROCESSES]);
        pids[i % PROCESSES] = start_living();
    }
    before = atomic_load(&stage->entered);
    await(&stage->entered, before + 100);
    ok(atomic_load(&stage->entered) >= before + 100, "after 60 killed processes slots are still given out");
    atomic_store(&stage->stop, 1);
    for (i = 0; i < PROCESSES; i++) {
        good = waitpid(pids[i], &status, 0) > 0 && status == 0 && good;
    }
    ok(good, "the living end well");
    is_int(atomic_load(&stage->doubles), 0, "no slot was ever given to two of the living");
    printf("# %d passes\n", atomic_load(&stage->entered));
}

int main(void)
{
    open_stage();
    test_killed_holder(1, "a killed holder's slot comes back");
    test_killed_holder(0, "also before anybody waited for the dead process");
    test_killed_while_waiting();
    test_killed_waiters();
    test_stopped_waiter();
    test_inherited_view();
    test_deaths();
    apr_pool_destroy(pool);
    return tap_done();
}
