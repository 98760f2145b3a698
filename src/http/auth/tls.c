/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include <http_protocol.h>
#include <string.h>

int um_tls_is_on(const request_rec *r)
{
    return strcmp(ap_http_scheme(r), "https") == 0;
}

int um_tls_is_on_or_local(const request_rec *r)
{
    const char *address = r->connection->client_ip;

    return um_tls_is_on(r) || strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}
