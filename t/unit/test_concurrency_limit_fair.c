/* SPDX-License-Identifier: Apache-2.0 */
/* One client does not keep the others out: what it may have of the queue, and of the threads of a process. */
#include "concurrency_limit_stage.h"

typedef struct guest_t {
    um_concurrency_limit_t *limit;
    apr_uint64_t who;
    apr_interval_time_t wait;
    apr_status_t status;
} guest_t;

static void *visit(void *data)
{
    guest_t *guest = data;
    um_concurrency_limit_pass_t pass;

    guest->status = um_concurrency_limit_enter_for(guest->limit, guest->who, guest->wait, &pass);
    um_concurrency_limit_leave(guest->limit, &pass);
    return NULL;
}

static void test_fair(void)
{
    um_concurrency_limit_t *limit;
    um_concurrency_limit_pass_t pass;
    guest_t guests[9];
    pthread_t threads[9];
    int refused = 0;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 8);
    ok(um_concurrency_limit_enter(limit, 0, &pass) == APR_SUCCESS, "the only slot is taken");
    for (int i = 0; i < 9; i++) {
        guests[i] = (guest_t){ limit, i < 8 ? 7 : 9, SOON, APR_EGENERAL };
        pthread_create(&threads[i], NULL, visit, &guests[i]);
        apr_sleep(50 * MS);
    }
    um_concurrency_limit_leave(limit, &pass);
    for (int i = 0; i < 9; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < 8; i++) {
        refused += guests[i].status == APR_EAGAIN;
    }
    is_int(refused, 4, "of eight places one gets half");
    is_int(guests[8].status, APR_SUCCESS, "and another one gets a place of the others");
}

/* Eight threads of a process may hash or wait, and the queue of all processes would take many more. */
static void test_fair_process(void)
{
    um_concurrency_limit_t *limit, *other;
    um_concurrency_limit_pass_t pass[2];
    int joined = 0;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 2, 1024);
    um_concurrency_limit_threads(limit, 8);
    other = um_concurrency_limit_attach(pool, memory, 2, 1024);
    um_concurrency_limit_threads(other, 1);
    ok(um_concurrency_limit_enter_for(limit, 7, 0, &pass[0]) == APR_SUCCESS, "a client hashes");
    for (int i = 0; i < 8; i++) {
        joined += um_concurrency_limit_join(limit, 7);
    }
    is_int(joined, 3, "of eight threads of a process one client gets half, with the one that hashes");
    is_int(um_concurrency_limit_enter_for(limit, 7, SOON, &pass[1]), APR_EAGAIN, "and may not hash with a fifth");
    is_int(um_concurrency_limit_enter_for(limit, 9, 0, &pass[1]), APR_SUCCESS, "another client gets a thread");
    for (int i = 0; i < 4; i++) {
        joined += um_concurrency_limit_join(limit, 0);
    }
    is_int(joined, 6, "and so does nobody in particular, up to eight");
    um_concurrency_limit_leave(limit, &pass[0]);
    is_int(um_concurrency_limit_join(limit, 7), 1, "a client that has left with one thread gets it back");
    um_concurrency_limit_leave(limit, &pass[1]);
    is_int(um_concurrency_limit_join(limit, 7), 0, "but not the one that another client has left");
    um_concurrency_limit_part(limit, 7);
    is_int(um_concurrency_limit_join(limit, 7), 1, "parting is counted for the same client");
    is_int(um_concurrency_limit_join(other, 7), 1, "a process with one such thread gives it to any client");
}

int main(void)
{
    open_stage();
    test_fair();
    test_fair_process();
    apr_pool_destroy(pool);
    return tap_done();
}
