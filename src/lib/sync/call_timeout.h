/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CALL_TIMEOUT_H
#define UM_CALL_TIMEOUT_H
/* A timeout for calls that wait for a server on a socket and have none of their own. A watching thread shuts down the
 * socket of a call that takes too long, whereupon the call fails. For the threads of one process. */
#include <apr.h>
#include <apr_errno.h>
#include <apr_pools.h>

#include <sys/types.h>

/** The watching thread and the calls that it watches. */
typedef struct um_call_timeout_t um_call_timeout_t;

/** A socket. Device and inode tell it from another file that gets the same number later. */
typedef struct um_call_timeout_socket_t {
    int fd;
    dev_t device;
    ino_t inode;
} um_call_timeout_socket_t;

/** A call under way; on the stack of the thread that makes it. */
typedef struct um_call_timeout_call_t {
    struct um_call_timeout_call_t *next, **from;
    apr_uint32_t ends;         /**< um_monotonic_tick */
    um_call_timeout_socket_t socket;
    int shut;
} um_call_timeout_call_t;

/** Starts the watching thread. It ends before anything else of the pool is destroyed. Call it after fork: a child does
 * not have the threads of its parent. An error of the system: *watcher is not set. */
apr_status_t um_call_timeout_start(apr_pool_t *pool, um_call_timeout_t **watcher);

/** Notes which socket has the number fd now. It costs a system call, so call it once for each connection. */
void um_call_timeout_note(um_call_timeout_socket_t *noted, int fd);

/** Begins a call on this socket, which may take so long. */
void um_call_timeout_begin(um_call_timeout_t *watcher, um_call_timeout_call_t *call,
                           const um_call_timeout_socket_t *socket, apr_uint32_t milliseconds);

/** Ends the call. Whether the socket was shut down because the call took too long. */
int um_call_timeout_end(um_call_timeout_t *watcher, um_call_timeout_call_t *call);

#endif
