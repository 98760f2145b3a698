/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CORS_H
#define UM_CORS_H
/* UserMgmtCORS: which pages of other origins may read the answers of the API and of places with AuthType Bearer. The
 * protocol is that of the Fetch standard. */
#include <httpd.h>

/** Hook header_parser: answers a preflight before anybody asks who calls. A browser sends no token with it. */
int um_cors_preflight(request_rec *r);

/** Hooks insert_filter and insert_error_filter: errors are readable too. */
void um_cors_insert(request_rec *r);

/** Registers the filter. */
void um_cors_register(void);

#endif
