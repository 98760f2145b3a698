/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CONFIG_CHECK_H
#define UM_CONFIG_CHECK_H
/* What only the whole configuration shows: checked once all of it is read, by httpd -t too. */
#include "server.h"

/** Hook check_config: reads keys and lists, finds the database's driver, and stops httpd with one line for each thing
 * that is wrong, which says the directive, its place and what to do. */
int um_config_check_run(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

#endif
