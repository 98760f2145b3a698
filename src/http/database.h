/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_DATABASE_H
#define UM_DATABASE_H
/* Lends mod_dbd's connections to the store. */
#include "server.h"

/** Names the mutex of SQLite's writers. */
apr_status_t um_database_pre_config(apr_pool_t *pconf);
/** Makes the mutex when a host uses SQLite. Tells the log why not. */
apr_status_t um_database_create(apr_pool_t *pconf, server_rec *main_server);
void um_database_child_init(apr_pool_t *pchild, server_rec *main_server);

/** A child's view of a host's database. */
um_store_t *um_database_store(apr_pool_t *pchild, const um_server_t *server);

#endif
