/* SPDX-License-Identifier: Apache-2.0 */
#include "cx.h"

void um_cx_init(um_cx_t *cx, apr_pool_t *pool, const um_site_t *site, apr_time_t now)
{
    *cx = (um_cx_t){ .pool = pool, .now = now, .site = site };
    cx->errors = apr_array_make(pool, 4, sizeof(um_error_t));
}

apr_int64_t um_cx_seconds(const um_cx_t *cx)
{
    return apr_time_sec(cx->now);
}

void um_cx_error(um_cx_t *cx, const char *field, const char *code, const char *text)
{
    APR_ARRAY_PUSH(cx->errors, um_error_t) = (um_error_t){ .field = field, .code = code, .text = text };
}

um_status_e um_cx_failed(um_cx_t *cx, const char *cause)
{
    cx->cause = cause;
    return UM_FAILED;
}

um_store_call_t um_cx_store(const um_cx_t *cx)
{
    return (um_store_call_t){ .store = cx->site->store, .pool = cx->pool };
}

um_status_e um_cx_away(um_cx_t *cx, const um_store_call_t *call)
{
    cx->cause = call->cause;
    cx->known = call->known || !um_seldom_now(cx->site->database_told);
    return UM_AWAY;
}
