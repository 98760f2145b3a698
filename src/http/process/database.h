/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_DATABASE_H
#define UM_DATABASE_H
/* Lends mod_dbd's connections to the store. */
#include "server.h"

/** Finds a host's database in mod_dbd's directives: sets dbd, database and what belongs to it. The database stays NULL,
 * and nothing is wrong, where a main server has a key and only its virtual hosts have databases.
 * @return NULL, or what is wrong: directive, place, and what to do */
const char *um_database_check(um_server_t *server, server_rec *main_server, apr_pool_t *pconf, apr_pool_t *ptemp);

/** A child's view of a host's database. */
um_store_t *um_database_store(apr_pool_t *pchild, um_server_t *server, um_guard_t guard);

#endif
