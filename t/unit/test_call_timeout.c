/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that take too long are ended, others are left alone, and so is a file that has got the number of a socket. */
#include <apr_general.h>
#include <apr_time.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "call_timeout.h"
#include "tap.h"

#define LONG_MS 60000
#define SHORT_MS 200
#define THREADS 4
#define ROUNDS 20000

static apr_pool_t *pool;
static um_call_timeout_t *timeout;

static void open_pair(int *pair)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        printf("Bail out! no sockets\n");
        exit(1);
    }
}

static void close_pair(const int *pair)
{
    close(pair[0]);
    close(pair[1]);
}

static void begin(um_call_timeout_call_t *call, int fd, apr_uint32_t milliseconds)
{
    um_call_timeout_socket_t socket;

    um_call_timeout_note(&socket, fd);
    um_call_timeout_begin(timeout, call, &socket, milliseconds);
}

/* Whether what is written at one end is read at the other. */
static int is_open(const int *pair)
{
    char byte = 'x';

    return send(pair[1], &byte, 1, MSG_NOSIGNAL) == 1 && recv(pair[0], &byte, 1, 0) == 1;
}

/* Waits for a byte that never comes; the milliseconds it took. */
static int wait_for_nothing(int fd)
{
    apr_time_t before = apr_time_now();
    char byte;

    (void)recv(fd, &byte, 1, 0);
    return (int)apr_time_as_msec(apr_time_now() - before);
}

static void test_shut(void)
{
    um_call_timeout_call_t call;
    int pair[2], took;

    open_pair(pair);
    begin(&call, pair[0], SHORT_MS);
    took = wait_for_nothing(pair[0]);
    ok(took >= SHORT_MS - 10, "a call that gets no answer ends, after %d ms", took);
    is_int(um_call_timeout_end(timeout, &call), 1, "the call that took too long is told so");
    close_pair(pair);
}

static void test_order(void)
{
    um_call_timeout_call_t patient, hasty;
    int slow[2], quick[2], took;

    open_pair(slow);
    open_pair(quick);
    begin(&patient, slow[0], LONG_MS);
    apr_sleep(apr_time_from_msec(100));     /* the thread sleeps for the long one now */
    begin(&hasty, quick[0], SHORT_MS);
    took = wait_for_nothing(quick[0]);
    ok(took < LONG_MS / 2, "one with less time than those before ends in its own, after %d ms", took);
    is_int(um_call_timeout_end(timeout, &hasty), 1, "the socket of the call that took too long was shut");
    is_int(um_call_timeout_end(timeout, &patient), 0, "the other was not");
    ok(is_open(slow), "a call without a limit goes on");
    close_pair(slow);
    close_pair(quick);
}

/* libpq closes its socket when it is lost, within the call, and anybody may get the number. */
static void test_reused(void)
{
    um_call_timeout_call_t call;
    int old[2], new[2], number;

    open_pair(old);
    number = old[0];
    begin(&call, number, SHORT_MS);
    close_pair(old);
    open_pair(new);
    is_int(new[0], number, "another socket has the number now");
    apr_sleep(apr_time_from_msec(3 * SHORT_MS));
    ok(is_open(new), "another file with the number of the socket is not shut");
    is_int(um_call_timeout_end(timeout, &call), 1, "though the call was timeout");
    close_pair(new);

    open_pair(old);
    begin(&call, old[0], SHORT_MS);
    close_pair(old);
    apr_sleep(apr_time_from_msec(3 * SHORT_MS));
    is_int(um_call_timeout_end(timeout, &call), 1, "a number that no file has does no harm");
}

static void *hammer(void *unused)
{
    long wrong = 0;
    int pair[2];

    (void)unused;
    open_pair(pair);
    for (int i = 0; i < ROUNDS; i++) {
        um_call_timeout_call_t call;

        begin(&call, pair[0], LONG_MS - i % 7 * 1000);
        wrong += um_call_timeout_end(timeout, &call);
    }
    wrong += !is_open(pair);
    close_pair(pair);
    return (void *)wrong;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    long wrong = 0;

    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, hammer, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;

        pthread_join(threads[i], &result);
        wrong += (long)result;
    }
    is_int(wrong, 0, "short calls of many threads are left alone");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (um_call_timeout_start(pool, &timeout) != APR_SUCCESS) {
        printf("Bail out! no thread\n");
        return 1;
    }
    test_shut();
    test_order();
    test_reused();
    test_threads();
    test_shut();
    apr_pool_destroy(pool);
    ok(1, "the thread ends with its pool");
    apr_terminate();
    return tap_done();
}
