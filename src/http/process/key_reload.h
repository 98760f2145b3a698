/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEY_RELOAD_H
#define UM_KEY_RELOAD_H
/* Keys of a running server: children follow their folder, the worker rotates them, others may fetch the public ones. */
#include "server.h"

/** Whether the rotation that the settings ask for can be done here, by httpd's user. NULL, or what is wrong: directive,
 * place, and what to do. */
const char *um_key_reload_check_rotation(const um_server_t *server, apr_pool_t *ptemp);

/** Hook post_config: sets keys_live, and tells the log of keys that children will not be able to read again. */
int um_key_reload_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Hook child_init: begins to follow the folders. */
void um_key_reload_child_init(apr_pool_t *pchild, server_rec *main_server);

/** For the worker, in each of its calls: does what is due now and then. */
void um_key_reload_rotate(apr_pool_t *pool);

/** Seconds for which others may keep the set of public keys: shorter than a key is published before it signs. */
int um_key_reload_max_age(const um_server_t *server);

#endif
