/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_AUTH_REQUIRE_H
#define UM_AUTH_REQUIRE_H
/* Require usermgmt-group, usermgmt-staff and usermgmt-claim, for callers by token and by password alike. */
#include <apr_pools.h>

/** Makes them known to mod_authz_core. */
void um_auth_require_register(apr_pool_t *pool);

#endif
