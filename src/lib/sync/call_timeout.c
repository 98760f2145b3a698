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
    apr_uint32_t wakes;        /* um_monotonic_tick at which the thread looks next, unless it sleeps */
    int sleeps;                /* the thread waits for a call to begin */
    int stop;
};

/* Milliseconds until the tick; 0 or less: it is past. */
static apr_int32_t until(apr_uint32_t tick)
{
    return (apr_int32_t)(tick - um_monotonic_tick());
}

/* libpq may have closed its socket within the call, and the number may belong to another file by now. The duplicate
 * keeps referring to the same file, so the file that is checked is the file that is shut down. */
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

/* Called with the mutex held. Shuts down the sockets of calls that took too long. Whether any other call is under way;
 * then wakes is the end of the next one. */
static int look(um_call_timeout_t *watcher)
{
    int any = 0;

    for (um_call_timeout_call_t *call = watcher->first; call; call = call->next) {
        if (!call->shut && until(call->ends) <= 0) {
            shut(call);
        }
        if (!call->shut && (!any || (apr_int32_t)(call->ends - watcher->wakes) < 0)) {
            watcher->wakes = call->ends;
            any = 1;
        }
    }
    return any;
}

static void sleep_until(um_call_timeout_t *watcher, apr_int32_t milliseconds)
{
    struct timespec when;

    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += milliseconds / 1000;
    when.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    when.tv_sec += when.tv_nsec / 1000000000;
    when.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&watcher->changed, &watcher->mutex, &when);
}

static void *run(void *baton)
{
    um_call_timeout_t *watcher = baton;

    pthread_mutex_lock(&watcher->mutex);
    while (!watcher->stop) {
        watcher->sleeps = !look(watcher);
        if (watcher->sleeps) {
            pthread_cond_wait(&watcher->changed, &watcher->mutex);
        }
        else if (until(watcher->wakes) > 0) {
            sleep_until(watcher, until(watcher->wakes));
        }
    }
    pthread_mutex_unlock(&watcher->mutex);
    return NULL;
}

static apr_status_t stop(void *baton)
{
    um_call_timeout_t *watcher = baton;

    pthread_mutex_lock(&watcher->mutex);
    watcher->stop = 1;
    pthread_cond_signal(&watcher->changed);
    pthread_mutex_unlock(&watcher->mutex);
    pthread_join(watcher->thread, NULL);
    return APR_SUCCESS;
}

apr_status_t um_call_timeout_start(apr_pool_t *pool, um_call_timeout_t **watcher)
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
    /* Signals must go to the threads of httpd, which handle them. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rv = pthread_create(&made->thread, NULL, run, made);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rv == 0) {
        apr_pool_pre_cleanup_register(pool, made, stop);
        *watcher = made;
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

void um_call_timeout_begin(um_call_timeout_t *watcher, um_call_timeout_call_t *call,
                           const um_call_timeout_socket_t *socket,
                           apr_uint32_t milliseconds)
{
    *call = (um_call_timeout_call_t){ .socket = *socket, .ends = um_monotonic_tick() + milliseconds };
    pthread_mutex_lock(&watcher->mutex);
    call->next = watcher->first;
    call->from = &watcher->first;
    if (call->next) {
        call->next->from = &call->next;
    }
    watcher->first = call;
    /* Calls are short, so mostly the thread looks again before this call can take too long. */
    if (watcher->sleeps || (apr_int32_t)(call->ends - watcher->wakes) < 0) {
        watcher->wakes = call->ends;
        watcher->sleeps = 0;
        pthread_cond_signal(&watcher->changed);
    }
    pthread_mutex_unlock(&watcher->mutex);
}

int um_call_timeout_end(um_call_timeout_t *watcher, um_call_timeout_call_t *call)
{
    pthread_mutex_lock(&watcher->mutex);
    *call->from = call->next;
    if (call->next) {
        call->next->from = call->from;
    }
    pthread_mutex_unlock(&watcher->mutex);
    return call->shut;
}
