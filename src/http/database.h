/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_DATABASE_H
#define UM_DATABASE_H
/* Lends mod_dbd's connections to the store. */
#include "server.h"

/** A child's view of a host's database. */
um_store_t *um_database_store(apr_pool_t *pchild, const um_server_t *server);

#endif
