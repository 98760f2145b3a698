/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CHANNEL_H
#define UM_CHANNEL_H
/* By which way a request came. */
#include <httpd.h>

/** Over TLS, as far as this server knows: by its own, or because ServerName says https:// for a proxy before it. */
int um_channel_is_tls(const request_rec *r);

/** Nobody on the way can listen: over TLS, or from this machine. The peer counts, not whom a proxy speaks for: a proxy
 * on this machine ends the TLS itself. */
int um_channel_is_private(const request_rec *r);

#endif
