/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CALL_TIMEOUT_H
#define UM_CALL_TIMEOUT_H
/* Ends calls that wait for a server over a socket and know no timeout of their own: a thread shuts the socket of a call
 * that is timeout, whereupon the call fails. For threads of one process. */
#include <apr.h>
#include <apr_errno.h>
#include <apr_pools.h>
#include <sys/types.h>

typedef struct um_call_timeout_t um_call_timeout_t;

/** A socket, whatever becomes of its number. */
typedef struct um_call_timeout_socket_t {
    int fd;
    dev_t device;
    ino_t inode;
} um_call_timeout_socket_t;

/** A call under way; on the stack of the thread that makes it. */
typedef struct um_call_timeout_call_t {
    struct um_call_timeout_call_t *next, **from;
    apr_uint32_t ends;         /**< tick */
    um_call_timeout_socket_t socket;
    int shut;
} um_call_timeout_call_t;

/** Starts the thread, which ends before anything else of the pool is destroyed. After fork only: a child has no threads
 * of its parent's. */
apr_status_t um_call_timeout_start(apr_pool_t *pool, um_call_timeout_t **timeout);

/** Notes which socket has that number now; once for each connection, for it costs a system call. */
void um_call_timeout_note(um_call_timeout_socket_t *noted, int fd);

/** A call on this socket begins and may take so long. */
void um_call_timeout_begin(um_call_timeout_t *timeout, um_call_timeout_call_t *call,
                           const um_call_timeout_socket_t *socket,
                           apr_uint32_t milliseconds);

/** It has ended. Whether the socket was shut because it took too long. */
int um_call_timeout_end(um_call_timeout_t *timeout, um_call_timeout_call_t *call);

#endif
