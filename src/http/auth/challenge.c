/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include <apr_strings.h>

const char *um_challenge_bearer(apr_pool_t *pool, const char *realm, unsigned schemes, const char *error,
                                const char *description)
{
    return apr_pstrcat(pool, "Bearer realm=\"", realm, "\"",
                       error ? apr_pstrcat(pool, ", error=\"", error, "\"", NULL) : "",
                       description ? apr_pstrcat(pool, ", error_description=\"", description, "\"", NULL) : "",
                       schemes & UM_SCHEME_TOKEN ? apr_pstrcat(pool, ", Token realm=\"", realm, "\"", NULL) : "", NULL);
}
