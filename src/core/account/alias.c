/* SPDX-License-Identifier: Apache-2.0 */
#include "alias.h"

#include "random.h"
#include "store.h"
#include "store_user.h"

#include <string.h>

int um_alias_is(const char *text)
{
    apr_size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits <= UM_ALIAS_DIGITS && !text[digits] && text[0] != '0';
}

um_status_e um_alias_resolve(um_ctx_t *ctx, const char *text, const char **id)
{
    um_store_call_t call = um_ctx_store(ctx);

    *id = um_random_uuid_parse(ctx->pool, text);
    if (*id || !um_alias_is(text)) {
        return UM_OK;
    }
    return um_store_user_id_by_alias(&call, text, id) == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}
