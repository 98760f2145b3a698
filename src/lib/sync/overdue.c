/* SPDX-License-Identifier: Apache-2.0 */
#include "overdue.h"

#include "breaker.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct um_overdue_t {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    um_overdue_call_t *first;
    apr_uint32_t wakes;        /* the tick at which the thread looks next, if it does by itself */
    int sleeps;                /* it waits to be called */
    int stop;
};

/* Positive: later. */
static apr_int32_t until(apr_uint32_t tick)
{
    return (apr_int32_t)(tick - um_breaker_tick());
}

/* libpq may have closed its socket within the call, and the number may be that of another file by now. A duplicate
 * keeps what it stands for, so that the file that is looked at is the one that is shut. */
static void shut(um_overdue_call_t *call)
{
    const um_overdue_socket_t *noted = &call->socket;
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

/* With the mutex held. Whether any call is under way; then wakes is when the next one is overdue. */
static int look(um_overdue_t *overdue)
{
    int any = 0;

    for (um_overdue_call_t *call = overdue->first; call; call = call->next) {
        if (!call->shut && until(call->ends) <= 0) {
            shut(call);
        }
        if (!call->shut && (!any || (apr_int32_t)(call->ends - overdue->wakes) < 0)) {
            overdue->wakes = call->ends;
            any = 1;
        }
    }
    return any;
}

static void sleep_until(um_overdue_t *overdue, apr_int32_t milliseconds)
{
    struct timespec when;

    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += milliseconds / 1000;
    when.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    when.tv_sec += when.tv_nsec / 1000000000;
    when.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&overdue->changed, &overdue->mutex, &when);
}

static void *run(void *baton)
{
    um_overdue_t *overdue = baton;

    pthread_mutex_lock(&overdue->mutex);
    while (!overdue->stop) {
        overdue->sleeps = !look(overdue);
        if (overdue->sleeps) {
            pthread_cond_wait(&overdue->changed, &overdue->mutex);
        }
        else if (until(overdue->wakes) > 0) {
            sleep_until(overdue, until(overdue->wakes));
        }
    }
    pthread_mutex_unlock(&overdue->mutex);
    return NULL;
}

static apr_status_t stop(void *baton)
{
    um_overdue_t *overdue = baton;

    pthread_mutex_lock(&overdue->mutex);
    overdue->stop = 1;
    pthread_cond_signal(&overdue->changed);
    pthread_mutex_unlock(&overdue->mutex);
    pthread_join(overdue->thread, NULL);
    return APR_SUCCESS;
}

apr_status_t um_overdue_start(apr_pool_t *pool, um_overdue_t **overdue)
{
    um_overdue_t *made = apr_pcalloc(pool, sizeof(*made));
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
        *overdue = made;
    }
    return rv;
}

void um_overdue_note(um_overdue_socket_t *noted, int fd)
{
    struct stat now;

    *noted = (um_overdue_socket_t){ .fd = fd };
    if (fstat(fd, &now) == 0) {
        noted->device = now.st_dev;
        noted->inode = now.st_ino;
    }
}

void um_overdue_begin(um_overdue_t *overdue, um_overdue_call_t *call, const um_overdue_socket_t *socket,
                      apr_uint32_t milliseconds)
{
    *call = (um_overdue_call_t){ .socket = *socket, .ends = um_breaker_tick() + milliseconds };
    pthread_mutex_lock(&overdue->mutex);
    call->next = overdue->first;
    call->from = &overdue->first;
    if (call->next) {
        call->next->from = &call->next;
    }
    overdue->first = call;
    /* Mostly the thread is to look sooner than this call can be overdue: calls are short. */
    if (overdue->sleeps || (apr_int32_t)(call->ends - overdue->wakes) < 0) {
        overdue->wakes = call->ends;
        overdue->sleeps = 0;
        pthread_cond_signal(&overdue->changed);
    }
    pthread_mutex_unlock(&overdue->mutex);
}

int um_overdue_end(um_overdue_t *overdue, um_overdue_call_t *call)
{
    pthread_mutex_lock(&overdue->mutex);
    *call->from = call->next;
    if (call->next) {
        call->next->from = call->from;
    }
    pthread_mutex_unlock(&overdue->mutex);
    return call->shut;
}
