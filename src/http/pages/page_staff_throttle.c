/* SPDX-License-Identifier: Apache-2.0 */
/* Who was refused lately because of too many tries, for staff. */
#include "pages.h"

#include "api.h"
#include "json.h"
#include "monotonic.h"
#include "throttle_admin.h"

#include <apr_strings.h>
#include <string.h>

#define MOST 100

/* The text of a class of throttles, whose words have dashes. */
static const char *class_text(const um_page_request_t *page, const um_refusal_t *refusal)
{
    const char *class = um_throttle_class_names[refusal->kind / UM_THROTTLE_KEYS], *text;
    char *key = apr_pstrcat(page->call->ctx.pool, "class.", class, NULL);

    for (char *c = key; *c; c++) {
        *c = *c == '-' ? '_' : *c;
    }
    text = um_page_view_text(page, key, NULL);
    return text ? text : class;
}

static um_json_t *show_refusal(const um_page_request_t *page, const um_refusal_t *refusal)
{
    const um_ctx_t *ctx = &page->call->ctx;
    apr_int64_t now = um_monotonic_ms(), seconds = um_ctx_seconds(ctx);
    um_json_t *out = um_json_object(ctx->pool);

    um_json_put_text(out, "of", refusal->text);
    um_json_put_text(out, "class_text", class_text(page, refusal));
    um_json_put_int(out, "refused", refusal->count);
    um_json_put_bool(out, "is_refused_now", refusal->until > now);
    um_json_put_text(out, "last", um_reply_time(ctx->pool, seconds - (now - refusal->last) / 1000));
    um_json_put_text(out, "until", um_reply_time(ctx->pool, seconds + (refusal->until - now + 999) / 1000));
    return out;
}

static um_status_e list_refusals(um_call_t *call)
{
    const um_site_t *site = call->ctx.site;
    apr_array_header_t *refusals = site->throttle
        ? um_throttle_admin_list(call->ctx.pool, site->throttle, site->throttle_scope) : NULL;

    call->out = um_json_list(call->ctx.pool);
    for (int i = 0; refusals && i < refusals->nelts && i < MOST; i++) {
        um_json_push(call->out, show_refusal(um_page_of(call), &APR_ARRAY_IDX(refusals, i, um_refusal_t)));
    }
    return UM_OK;
}

const um_route_t um_page_staff_throttle_list_route = {
    .path = "staff/throttle/", .method = "GET", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API, .success = 200,
    .function = list_refusals, .name = "Throttles",
};

static um_status_e clear(um_call_t *call)
{
    um_page_request_t *page = um_page_of(call);
    const char *text = um_page_view_field(page, "name");
    um_status_e status = text ? um_throttle_admin_clear_site(&call->ctx, text) : UM_INVALID;

    if (status == UM_INVALID) {
        page->problem = um_page_view_text(page, "error.throttle_name", NULL);
    }
    return status;
}

const um_route_t um_page_staff_throttle_clear_route = {
    .path = "staff/throttle/", .method = "POST", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API, .success = 204,
    .function = clear, .name = "Clear Throttle",
};
