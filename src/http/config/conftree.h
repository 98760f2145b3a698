/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CONFTREE_H
#define UM_CONFTREE_H
/* Looks into httpd's tree of directives, for those of other modules that keep what they read to themselves. It knows
 * what is in the files: httpd fills in defaults, such as a guessed ServerName, that an administrator has not set. */
#include <httpd.h>
#include <http_config.h>

/** The last directive of that name that stands directly in the host's own section; for the main server outside of all
 * sections. NULL: there is none. */
const ap_directive_t *um_conftree_own(const server_rec *server, const char *name);

/** The host's own directive, else the main server's. NULL: neither has one. */
const ap_directive_t *um_conftree_find(const server_rec *server, const char *name);

/** Whether a Mutex directive names that mutex itself, and not just all of them. */
int um_conftree_mutex(const char *type);

/** Whether "AuthType Bearer" stands somewhere within a virtual host's own section. Files named .htaccess are not looked
 * at. */
int um_conftree_is_protected(const server_rec *server);

#endif
