/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_AUTH_BASIC_H
#define UM_AUTH_BASIC_H
/* AuthBasicProvider usermgmt, and AuthFormProvider usermgmt: the accounts behind httpd's own AuthType Basic and Form. A
 * password that cannot be checked is answered 503, and one that came in clear text 403, see failure.h. */
#include <httpd.h>

/** Makes the provider known, when the hooks are registered. */
void um_auth_basic_register(apr_pool_t *pool);

#endif
