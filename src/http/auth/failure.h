/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_FAILURE_H
#define UM_FAILURE_H
/* The status of a request whose caller could not be checked, where httpd's interfaces cannot give it: mod_auth_basic,
 * mod_auth_form and mod_authz_core make 500 of every failure of a provider or expression, and mod_dir keeps the status
 * of a subrequest that failed and drops its headers. So the failure is noted with the request, and hooks set status and
 * Retry-After when the answer to an error is made. */
#include <httpd.h>

/** Notes it for r and its main requests: 403, or 503, which gets Retry-After. It holds when they end with 500, or with
 * that status. */
void um_failure_note(request_rec *r, int status);

/** Hook insert_error_filter: before the head of an error's answer is made. */
void um_failure_error(request_rec *r);

/** Hook post_read_request: where an ErrorDocument is a path of this server it is a request of its own. */
int um_failure_error_document(request_rec *r);

#endif
