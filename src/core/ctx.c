/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"

#include "log_limit.h"
#include "store.h"

void um_ctx_init(um_ctx_t *ctx, apr_pool_t *pool, const um_site_t *site, apr_time_t now)
{
    *ctx = (um_ctx_t){ .pool = pool, .now = now, .site = site,
                         .settings = site ? site->settings : NULL };
    ctx->errors = apr_array_make(pool, 4, sizeof(um_error_t));
}

apr_int64_t um_ctx_seconds(const um_ctx_t *ctx)
{
    return apr_time_sec(ctx->now);
}

void um_ctx_error(um_ctx_t *ctx, const char *field, um_message_e message)
{
    um_ctx_error_with(ctx, field, message, NULL);
}

void um_ctx_error_with(um_ctx_t *ctx, const char *field, um_message_e message, const char *value)
{
    APR_ARRAY_PUSH(ctx->errors, um_error_t) = (um_error_t){
        .field = field,
        .code = um_message_code(message),
        .text = um_message_text(ctx->pool, message, value),
        .message = message,
        .value = value,
    };
}

um_status_e um_ctx_failed(um_ctx_t *ctx, const char *cause)
{
    ctx->cause = cause;
    return UM_FAILED;
}

um_store_call_t um_ctx_store(const um_ctx_t *ctx)
{
    return (um_store_call_t){ .store = ctx->site->store, .pool = ctx->pool };
}

um_status_e um_ctx_unavailable(um_ctx_t *ctx, const um_store_call_t *call)
{
    /* A question that was answered, after a COMMIT that was not, leaves no cause. */
    ctx->cause = call->cause ? call->cause
                 : "the connection was lost at COMMIT, and the database does not show that it was done";
    ctx->is_logged = call->is_logged || !um_log_limit_allows(ctx->site->database_log);
    return UM_UNAVAILABLE;
}
