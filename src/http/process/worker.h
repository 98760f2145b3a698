/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WORKER_H
#define UM_WORKER_H
/* Work behind the requests: sending what is in the outbox, clearing up. One process of this httpd does it at a time,
 * run by mod_watchdog; should it be killed, another takes over within a second. */
#include "server.h"

/** Hook post_config: enrols with mod_watchdog. Tells the log why not. */
int um_worker_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Hook child_init, after the sites are made: mod_watchdog does not wait for its threads when a child ends, so this one
 * is waited for here, before what it uses is gone. */
void um_worker_child_init(apr_pool_t *pchild, server_rec *main_server);

#endif
