/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_AUTH_EXPR_H
#define UM_AUTH_EXPR_H
/* Who calls, in httpd's expressions: %{USERMGMT_ID} and its like, usermgmt_claim('name'), usermgmt_groups(''). */
#include <ap_expr.h>

/** Hook expr_lookup. Evaluated, they are "" or empty when nobody calls. Require expr is evaluated before anybody was
 * authenticated: so they look at the request's token themselves. */
int um_auth_expr_lookup(ap_expr_lookup_parms *parms);

#endif
