/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_VIRTUAL_HOST_H
#define UM_VIRTUAL_HOST_H
/* What follows for a host from the configuration as a whole: its name, its issuer, and whose database it uses.
 *
 * A host decides about a database when it serves the API or has a UserMgmtSigningKey of its own: it uses the database
 * that mod_dbd has for it, and the schema is kept up to date there. A virtual host that merely inherits the key checks
 * the main server's tokens, so it uses the main server's database, whatever mod_dbd would give it; where the main
 * server has none it uses its own, and the schema there is not touched. */
#include "server.h"

/** Whether a host decides about its database, see above. */
int um_virtual_host_manages_database(const um_server_t *server);

/** Sets server->dbd. */
void um_virtual_host_choose_dbd(um_server_t *server, server_rec *main_server);

/** The ServerName that an administrator has set for a host, its own or else the main server's. NULL: there is none, and
 * httpd's server_hostname is a guess. */
const char *um_virtual_host_name(const server_rec *server, const server_rec *main_server);

/** Sets server->issuer, for which the databases of all hosts must be known.
 * @return NULL, or what is wrong: directive, place, and what to do */
const char *um_virtual_host_check_issuer(um_server_t *server, server_rec *main_server, apr_pool_t *pconf,
                                         apr_pool_t *ptemp);

/** What is wrong with a host that has no database; NULL: nothing, for no request there would need one. */
const char *um_virtual_host_check_without_database(const um_server_t *server, server_rec *main_server,
                                                   apr_pool_t *ptemp);

/** Hook post_config: logs one line for each host with a key. */
int um_virtual_host_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

#endif
