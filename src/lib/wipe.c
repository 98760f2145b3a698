/* SPDX-License-Identifier: Apache-2.0 */
#include "wipe.h"

#include <openssl/crypto.h>

typedef struct secret_t {
    const void *bytes;
    apr_size_t len;
} secret_t;

void um_wipe(const void *bytes, apr_size_t len)
{
    OPENSSL_cleanse((void *)bytes, len);
}

static apr_status_t wipe_secret(void *data)
{
    const secret_t *secret = data;

    um_wipe(secret->bytes, secret->len);
    return APR_SUCCESS;
}

void um_wipe_with(apr_pool_t *pool, const void *bytes, apr_size_t len)
{
    secret_t *secret = apr_palloc(pool, sizeof(*secret));

    *secret = (secret_t){ bytes, len };
    apr_pool_cleanup_register(pool, secret, wipe_secret, apr_pool_cleanup_null);
}
