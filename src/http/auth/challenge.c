/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include <apr_strings.h>

const char *um_challenge_bearer(apr_pool_t *pool, const char *realm, const char *error)
{
    return apr_pstrcat(pool, "Bearer realm=\"", realm, error ? "\", error=\"" : "", error ? error : "", "\"", NULL);
}
