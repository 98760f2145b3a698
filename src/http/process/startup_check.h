/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STARTUP_CHECK_H
#define UM_STARTUP_CHECK_H
/* What only the database can tell of a configuration, found out once after the start by the worker, which is one in
 * each httpd: whether there are connections enough, steps of the schema that a newer version has made, and sessions
 * whose tokens are refused because the issuer is another now. */
#include "server.h"

/** For the worker, in each of its calls: looks once for each host with the API, again where the database did not
 * answer, and every hour notes which issuers are in use. */
void um_startup_check_work(apr_pool_t *pool);

#endif
