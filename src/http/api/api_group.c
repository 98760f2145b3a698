/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "base64url.h"
#include "group.h"
#include "input_schema.h"
#include "json.h"
#include "store_user.h"
#include "user_list.h"

#include <apr_strings.h>
#include <http_core.h>
#include <string.h>

typedef struct group_body_t {
    const char *name;
} group_body_t;

static const um_input_field_t group_fields[] = {
    { .name = "name", .label = "Name", .kind = UM_INPUT_TEXT, .required = 1, .offset = offsetof(group_body_t, name) },
};

const um_input_schema_t um_api_group_schema = UM_INPUT_SCHEMA(group_body_t, group_fields);

static um_json_t *show_group(um_call_t *call, const um_group_t *group)
{
    um_json_t *out = um_json_object(call->ctx.pool);

    um_json_put_text(out, "name", group->name);
    um_json_put_text(out, "created_at", um_reply_time(call->ctx.pool, group->created_at));
    return out;
}

static um_status_e answer_group(um_call_t *call, const char *name)
{
    const um_group_t *group;
    um_status_e status = um_group_find(&call->ctx, name, &group);

    if (status == UM_OK) {
        call->out = show_group(call, group);
    }
    return status;
}

/* --- the list: a cursor is the way and the name of a group --- */

static const char *group_cursor(um_call_t *call, char way, const um_group_t *group)
{
    const char *text = apr_psprintf(call->ctx.pool, "%c%s", way, group->name);

    return um_base64url_encode(call->ctx.pool, text, strlen(text));
}

/* The name behind which the page begins; NULL: the cursor is none. */
static const char *read_group_cursor(um_call_t *call, const char *cursor, int *is_down)
{
    unsigned char *bytes;
    apr_size_t len;
    const char *text;

    if (um_base64url_decode(call->ctx.pool, cursor, strlen(cursor), &bytes, &len) != APR_SUCCESS
        || strlen((const char *)bytes) != len || !len || (bytes[0] != '+' && bytes[0] != '-')) {
        return NULL;
    }
    text = um_group_stored_name(call->ctx.pool, (const char *)bytes + 1);
    *is_down = bytes[0] == '-';
    return text && strcmp(text, (const char *)bytes + 1) == 0 ? text : NULL;
}

/* groups has one more than the page when there are more, in the order of reading. */
static void answer_groups(um_call_t *call, const apr_array_header_t *groups, int size, int is_down, int is_first,
                          apr_int64_t count)
{
    int shown = groups->nelts < size ? groups->nelts : size, has_more = groups->nelts > size;
    um_json_t *results = um_json_list(call->ctx.pool);
    const um_group_t *first = !shown ? NULL : &APR_ARRAY_IDX(groups, is_down ? shown - 1 : 0, um_group_t);
    const um_group_t *last = !shown ? NULL : &APR_ARRAY_IDX(groups, is_down ? 0 : shown - 1, um_group_t);
    const char *next = shown && (is_down || has_more) ? group_cursor(call, '+', last) : NULL;
    const char *previous = shown && (is_down ? has_more : !is_first) ? group_cursor(call, '-', first) : NULL;

    for (int i = 0; i < shown; i++) {
        um_json_push(results, show_group(call, &APR_ARRAY_IDX(groups, is_down ? shown - 1 - i : i, um_group_t)));
    }
    call->out = um_json_object(call->ctx.pool);
    um_json_put_int(call->out, "count", count);
    um_json_put_text(call->out, "next", um_query_link(call, call->route->path, next));
    um_json_put_text(call->out, "previous", um_query_link(call, call->route->path, previous));
    um_json_put(call->out, "results", results);
}

um_status_e um_api_group_list(um_call_t *call)
{
    const char *cursor = um_query_text(call, "cursor"), *name = "";
    apr_array_header_t *groups;
    int is_down = 0, is_given, size = um_query_page_size(call, &is_given);
    apr_int64_t count;
    um_status_e status;

    if (call->ctx.errors->nelts) {
        return UM_INVALID;
    }
    if (cursor && *cursor && !(name = read_group_cursor(call, cursor, &is_down))) {
        call->bad_cursor = 1;
        return UM_ABSENT;
    }
    status = um_group_count(&call->ctx, &count);
    if (status == UM_OK) {
        status = um_group_page(&call->ctx, name, is_down, size + 1, &groups);
    }
    if (status == UM_OK) {
        answer_groups(call, groups, size, is_down, !*name, count);
    }
    return status;
}

/* --- groups --- */

um_status_e um_api_group_create(um_call_t *call)
{
    const group_body_t *in = call->in;
    um_status_e status = call->ctx.errors->nelts ? UM_INVALID : um_group_create(&call->ctx, in->name);

    status = status == UM_OK ? answer_group(call, in->name) : status;
    if (status == UM_OK) {
        const char *name = um_group_stored_name(call->ctx.pool, in->name);

        apr_table_setn(call->r->headers_out, "Location",
                       apr_pstrcat(call->ctx.pool, call->route->path, ap_os_escape_path(call->ctx.pool, name, 1), "/",
                                   NULL));
    }
    return status;
}

um_status_e um_api_group_get(um_call_t *call)
{
    return answer_group(call, call->match->group);
}

um_status_e um_api_group_rename(um_call_t *call)
{
    const group_body_t *in = call->in;
    const um_group_t *group;
    const char *name;
    um_status_e status = um_group_find(&call->ctx, call->match->group, &group);

    if (status == UM_OK) {
        status = call->ctx.errors->nelts ? UM_INVALID : um_group_rename(&call->ctx, group->name, in->name, &name);
    }
    return status == UM_OK ? answer_group(call, name) : status;
}

um_status_e um_api_group_delete(um_call_t *call)
{
    return um_group_delete(&call->ctx, call->match->group);
}

/* --- members --- */

um_status_e um_api_group_members(um_call_t *call)
{
    um_user_query_t query = { .is_active = -1, .is_staff = -1 };
    const um_group_t *group;
    um_status_e status = um_group_find(&call->ctx, call->match->group, &group);

    if (status != UM_OK) {
        return status;
    }
    query.group = group->name;
    return um_api_list_accounts(call, &query, apr_pstrcat(call->ctx.pool, "/api/v1/groups/",
                                                          ap_os_escape_path(call->ctx.pool, group->name, 1),
                                                          "/members/", NULL));
}

um_status_e um_api_group_add(um_call_t *call)
{
    return um_group_add(&call->ctx, call->match->group, call->user->id);
}

um_status_e um_api_group_drop(um_call_t *call)
{
    return um_group_drop(&call->ctx, call->match->group, call->user->id);
}
