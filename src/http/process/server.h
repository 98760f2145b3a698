/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SERVER_H
#define UM_SERVER_H
/* A virtual host as the module sees it: its settings, and the site made of them. */
#include "ctx.h"
#include "keyring.h"
#include "notification.h"
#include "settings.h"
#include "transport.h"

#include <http_log.h>

/** The one symbol that the shared object shows. */
extern module AP_MODULE_DECLARE_DATA usermgmt_module __attribute__((visibility("default")));
APLOG_USE_MODULE(usermgmt);

typedef struct um_server_t {
    um_settings_t settings;
    server_rec *server;
    const char *identity_headers;   /**< where a place of this host has UserMgmtIdentityHeaders; NULL: nowhere */
    um_log_limit_t *misplaced_log; /**< limits the log lines about AuthType Bearer or Basic where it cannot work */
    int has_own_key;            /**< UserMgmtSigningKey stands in this very host: it is not inherited */
    /* Set when the configuration is checked: */
    server_rec *dbd;            /**< the host whose mod_dbd connections are used, see virtual_host.h */
    const char *database;       /**< mod_dbd's driver and parameters, to tell databases apart; NULL: there is none */
    const char *database_name;  /**< for the log: without login and password */
    struct um_sqlitefile_t *file; /**< of SQLite; else NULL */
    um_dialect_e dialect;
    int dbd_max;                /**< DBDMax */
    const char *issuer;         /**< NULL: tokens are neither issued nor accepted here */
    um_keyring_t *keys;         /**< read as root, in the parent; NULL: this host neither issues nor accepts tokens */
    int keys_live;              /**< httpd's user can read them, so children follow what changes */
    um_wordlist_t *common;
    um_reserved_t *reserved;    /**< NULL: no name is */
    um_client_list_t *clients;  /**< NULL: none */
    um_mail_settings_t *mail_settings;
    um_transport_t *transport;  /**< for the worker alone; NULL: no mail is sent */
    um_site_t *site;            /**< made in each child; NULL as keys */
    apr_uint32_t looked_at;     /**< by startup_check.c: tick of the last attempt; 0: none yet */
    int is_looked_at;           /**< by startup_check.c: the database has answered */
} um_server_t;

/** The server's record. */
um_server_t *um_server_of(const server_rec *server);

/** Whether a host has a record of its own. One without any of our directives has the main server's, database and all.
 */
int um_server_is_own(const server_rec *server);

/** Hooks: httpd's per-server configuration. */
void *um_server_create(apr_pool_t *pool, server_rec *server);
void *um_server_merge(apr_pool_t *pool, void *base, void *add);

/** Hook pre_config: names our mutex, so that the Mutex directive knows it. */
int um_server_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);

/** Hook post_config: shared memory and the mutex. */
int um_server_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Hook child_init: the sites. Asks the database whether it is ready, so that what is amiss is told at start. */
void um_server_child_init(apr_pool_t *pchild, server_rec *main_server);

#endif
