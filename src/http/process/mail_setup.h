/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAIL_SETUP_H
#define UM_MAIL_SETUP_H
/* What the settings of a host make of mail: how it leaves and what it says. */
#include "server.h"

/** Checks everything that the settings say of mail, and sets server->mail_settings and server->transport, which live in
 * pconf. As root, for files that only root may read.
 * @return NULL, or what is wrong: directive, place, and what to do */
const char *um_mail_setup_check(um_server_t *server, const server_rec *main_server, apr_pool_t *pconf,
                                apr_pool_t *ptemp);

/** The language of mails to whoever sent this request; "" for the site's own. */
const char *um_mail_setup_language(const um_server_t *server, const request_rec *r);

#endif
