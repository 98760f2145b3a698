/* SPDX-License-Identifier: Apache-2.0 */
#include "call_timeout.h"

#include "monotonic.h"


#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct um_call_timeout_t {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    um_call_timeout_call_t *first;
    apr_uint32_t wakes;        /* the tick at which the thread looks next, if it does by itself */
    int sleeps;                /* it waits to be called */
    int stop;
};

/* Positive: later. */
static apr_int32_t until(apr_uint32_t tick)
{
    return (apr_int32_t)(tick - um_monotonic_tick());
}

/* libpq may have closed its socket within the call, and the number may be that of another file by now. A duplicate
 * keeps what it stands for, so that the file that is looked at is the one that is shut. */
static void shut(um_call_timeout_call_t *call)
{
    const um_call_timeout_socket_t *noted = &call->socket;
    struct stat now;
    int fd;

    call->shut = 1;
    if (fstat(noted->fd, &now) != 0 || !S_ISSOCK(now.st_mode)) {
        return;
    }
    fd = fcntl(noted->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &now) == 0 && now.st_dev == noted->device && now.st_ino == noted->inode) {
        (void)shutdown(fd, SHUT_RDWR);
    }
    (void)close(fd);
}

/* With the mutex held. Whether any call is under way; then wakes is when the next one is timeout. */
static int look(um_call_timeout_t *timeout)
{
    int any = 0;

    for (um_call_timeout_call_t *call = timeout->first; call; call = call->next) {
        if (!call->shut && until(call->ends) <= 0) {
            shut(call);
        }
        if (!call->shut && (!any || (apr_int32_t)(call->ends - timeout->wakes) < 0)) {
            timeout->wakes = call->ends;
            any = 1;
        }
    }
    return any;
}

static void sleep_until(um_call_timeout_t *timeout, apr_int32_t milliseconds)
{
    struct timespec when;

    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += milliseconds / 1000;
    when.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    when.tv_sec += when.tv_nsec / 1000000000;
    when.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&timeout->changed, &timeout->mutex, &when);
}

static void *run(void *baton)
{
    um_call_timeout_t *timeout = baton;

    pthread_mutex_lock(&timeout->mutex);
    while (!timeout->stop) {
        timeout->sleeps = !look(timeout);
        if (timeout->sleeps) {
            pthread_cond_wait(&timeout->changed, &timeout->mutex);
        }
        else if (until(timeout->wakes) > 0) {
            sleep_until(timeout, until(timeout->wakes));
        }
    }
    pthread_mutex_unlock(&timeout->mutex);
    return NULL;
}

static apr_status_t stop(void *baton)
{
    um_call_timeout_t *timeout = baton;

    pthread_mutex_lock(&timeout->mutex);
    timeout->stop = 1;
    pthread_cond_signal(&timeout->changed);
    pthread_mutex_unlock(&timeout->mutex);
    pthread_join(timeout->thread, NULL);
    return APR_SUCCESS;
}

apr_status_t um_call_timeout_start(apr_pool_t *pool, um_call_timeout_t **timeout)
{
    um_call_timeout_t *made = apr_pcalloc(pool, sizeof(*made));
    pthread_condattr_t monotonic;
    sigset_t all, before;
    int rv;

    pthread_mutex_init(&made->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&made->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    /* Signals are for the threads that httpd knows. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rv = pthread_create(&made->thread, NULL, run, made);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rv == 0) {
        apr_pool_pre_cleanup_register(pool, made, stop);
        *timeout = made;
    }
    return rv;
}

void um_call_timeout_note(um_call_timeout_socket_t *noted, int fd)
{
    struct stat now;

    *noted = (um_call_timeout_socket_t){ .fd = fd };
    if (fstat(fd, &now) == 0) {
        noted->device = now.st_dev;
        noted->inode = now.st_ino;
    }
}

void um_call_timeout_begin(um_call_timeout_t *timeout, um_call_timeout_call_t *call,
                           const um_call_timeout_socket_t *socket,
                           apr_uint32_t milliseconds)
{
    *call = (um_call_timeout_call_t){ .socket = *socket, .ends = um_monotonic_tick() + milliseconds };
    pthread_mutex_lock(&timeout->mutex);
    call->next = timeout->first;
    call->from = &timeout->first;
    if (call->next) {
        call->next->from = &call->next;
    }
    timeout->first = call;
    /* Mostly the thread is to look sooner than this call can be timeout: calls are short. */
    if (timeout->sleeps || (apr_int32_t)(call->ends - timeout->wakes) < 0) {
        timeout->wakes = call->ends;
        timeout->sleeps = 0;
        pthread_cond_signal(&timeout->changed);
    }
    pthread_mutex_unlock(&timeout->mutex);
}

int um_call_timeout_end(um_call_timeout_t *timeout, um_call_timeout_call_t *call)
{
    pthread_mutex_lock(&timeout->mutex);
    *call->from = call->next;
    if (call->next) {
        call->next->from = call->from;
    }
    pthread_mutex_unlock(&timeout->mutex);
    return call->shut;
}
