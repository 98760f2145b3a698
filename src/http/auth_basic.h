/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_AUTH_BASIC_H
#define UM_AUTH_BASIC_H
/* AuthBasicProvider usermgmt, and AuthFormProvider usermgmt: the accounts behind httpd's own AuthType Basic and Form.
 *
 * A provider can say that it failed, but not how: mod_auth_basic and mod_auth_form make 500 of it. A password that
 * could not be checked just now is 503 with Retry-After, though, and one that came in clear text 403. So the provider
 * marks the request, and hooks put the right status in place of 500 when the answer to a marked request is made. */
#include <httpd.h>

/** Makes the provider known, when the hooks are registered. */
void um_auth_basic_register(apr_pool_t *pool);

/** Hook insert_error_filter: before the head of an error's answer is made. */
void um_auth_basic_error(request_rec *r);

/** Hook post_read_request: where an ErrorDocument is a path of this server it is a request of its own. */
int um_auth_basic_error_document(request_rec *r);

#endif
