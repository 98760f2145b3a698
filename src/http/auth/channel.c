/* SPDX-License-Identifier: Apache-2.0 */
#include "channel.h"

#include <http_protocol.h>
#include <string.h>

int um_channel_is_tls(const request_rec *r)
{
    return strcmp(ap_http_scheme(r), "https") == 0;
}

int um_channel_is_private(const request_rec *r)
{
    const char *address = r->connection->client_ip;

    return um_channel_is_tls(r) || strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}
