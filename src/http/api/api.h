/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_H
#define UM_API_H
/* The API inside httpd: owning its paths before any other module, and taking a request through its route. */
#include "server.h"

/** Hook pre_translate_name: httpd would answer a path with %2F or %00 itself. */
int um_api_pre_translate(request_rec *r);

/** Hooks. The first three make a path of the API ours whatever Alias, ProxyPass, RewriteRule or a file say. */
int um_api_translate(request_rec *r);
int um_api_map_to_storage(request_rec *r);
int um_api_fixups(request_rec *r);
int um_api_handler(request_rec *r);

/** Hook handler, last: a client of the API gets JSON also for a path beside ours that nobody serves. */
int um_api_not_found(request_rec *r);

#endif
