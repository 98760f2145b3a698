/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_DATABASE_LIMITS_H
#define UM_DATABASE_LIMITS_H
/* Keeps a database that does not answer from holding up all threads of a child: how many connections are used and
 * waited for, and how long a call may take. */
#include "server.h"

/** Parts that the hosts of a child share. */
typedef struct um_database_limits_t {
    um_call_timeout_t *call_timeout; /**< NULL: no host uses PostgreSQL, or there is no thread for it */
    um_thread_limit_total_t total;
    apr_hash_t *limits;         /**< by mod_dbd's driver and parameters */
} um_database_limits_t;

/** Hook child_init calls it, after fork. */
um_database_limits_t *um_database_limits_create(apr_pool_t *pchild, server_rec *main_server);

/** For the connections of one host. */
um_guard_t um_database_limits_for(um_database_limits_t *guard, apr_pool_t *pchild, const um_server_t *server);

#endif
