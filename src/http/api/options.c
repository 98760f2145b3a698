/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "json.h"

int um_options_reply(um_call_t *call)
{
    static const char *const reads[] = {
        "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
    };
    const um_route_t *first = call->match->first, *row = first;
    apr_pool_t *pool = call->ctx.pool;
    um_json_t *out = um_json_object(pool);
    um_json_t *renders = um_json_list(pool);
    um_json_t *parses = um_json_list(pool);
    um_json_t *actions = um_json_object(pool);

    um_json_push_text(renders, "application/json");
    for (apr_size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        um_json_push_text(parses, reads[i]);
    }
    do {
        if (row->schema) {
            um_json_put(actions, row->method, um_input_schema_describe(call, row->schema));
        }
    } while ((row = um_route_next(row)));
    um_json_put_text(out, "name", first->name);
    um_json_put_text(out, "description", "");
    um_json_put(out, "renders", renders);
    um_json_put(out, "parses", parses);
    um_json_put(out, "actions", actions);
    apr_table_setn(call->r->headers_out, "Allow", um_route_allow(pool, first));
    return um_reply_json(call, HTTP_OK, out);
}
