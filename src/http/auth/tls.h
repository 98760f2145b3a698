/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TLS_H
#define UM_TLS_H
/* By which way a request came. */
#include <httpd.h>

/** Over TLS, as far as this server knows: by its own, or because ServerName says https:// for a proxy before it. */
int um_tls_is_on(const request_rec *r);

/** Nobody on the way can listen: over TLS, or from this machine. The peer counts, not whom a proxy speaks for: a proxy
 * on this machine ends the TLS itself. */
int um_tls_is_on_or_local(const request_rec *r);

#endif
