/* SPDX-License-Identifier: Apache-2.0 */
#include "group.h"

#include "caller_cache.h"
#include "event.h"
#include "random.h"
#include "store.h"
#include "unicode.h"

#include <apr_strings.h>
#include <string.h>

static um_status_e refuse_name(um_ctx_t *ctx, um_message_e message)
{
    um_ctx_error(ctx, "name", message);
    return UM_INVALID;
}

/* A path segment "." or ".." is removed from a URL, so the API could not name such a group. */
const char *um_group_stored_name(apr_pool_t *pool, const char *typed)
{
    const char *name;

    return um_unicode_nfkc(pool, typed, &name) == APR_SUCCESS && um_unicode_is_name(name)
           && strcmp(name, ".") != 0 && strcmp(name, "..") != 0
           && um_unicode_count(name, strlen(name)) <= UM_GROUP_MAX_NAME ? name : NULL;
}

um_status_e um_group_create(um_ctx_t *ctx, const char *typed)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *name = um_group_stored_name(ctx->pool, typed);
    um_event_t *event;
    apr_status_t rv;
    const char *id;
    int done;

    if (!name) {
        return refuse_name(ctx, UM_MESSAGE_GROUP_INVALID);
    }
    if (um_random_uuid(ctx->pool, ctx->now, &id) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    event = um_event_begin(ctx, &call, UM_EVENT_GROUP_MADE, NULL, name);
    rv = um_store_group_insert(&call, id, name, um_ctx_seconds(ctx), &done);
    um_event_settle(event, rv, done);
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return done ? UM_OK : refuse_name(ctx, UM_MESSAGE_GROUP_TAKEN);
}

um_status_e um_group_find(um_ctx_t *ctx, const char *typed, const um_group_t **group)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *name = um_group_stored_name(ctx->pool, typed);

    *group = NULL;
    if (name && um_store_group_by_name(&call, name, group) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return *group ? UM_OK : UM_ABSENT;
}

um_status_e um_group_page(um_ctx_t *ctx, const char *name, int is_down, int most, apr_array_header_t **groups)
{
    um_store_call_t call = um_ctx_store(ctx);

    return um_store_group_page(&call, name, is_down, most, groups) == APR_SUCCESS ? UM_OK
           : um_ctx_unavailable(ctx, &call);
}

um_status_e um_group_count(um_ctx_t *ctx, apr_int64_t *count)
{
    um_store_call_t call = um_ctx_store(ctx);

    return um_store_group_count(&call, count) == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

/* Of a larger group, all callers are looked up anew. To read a million members would take longer than the database may
 * take for an answer. */
#define MOST_FORGOTTEN 1000

/* The members whose entries in the caller cache have the name of a group: at most one more than are forgotten each. */
static apr_status_t read_members(um_store_call_t *call, const char *name, apr_array_header_t **ids)
{
    return um_store_group_member_ids(call, name, MOST_FORGOTTEN + 1, ids);
}

static void forget_members(um_ctx_t *ctx, const apr_array_header_t *ids)
{
    if (ids->nelts > MOST_FORGOTTEN) {
        um_caller_cache_invalidate_all(ctx);
        return;
    }
    for (int i = 0; i < ids->nelts; i++) {
        um_caller_cache_invalidate(ctx, APR_ARRAY_IDX(ids, i, const char *));
    }
}

/* Nothing was renamed, or the database refused it: because another group has the name, or the group is gone. */
static um_status_e group_not_renamed(um_ctx_t *ctx, um_store_call_t *call, const char *name, apr_status_t rv)
{
    const um_group_t *other = NULL;

    if (um_store_group_by_name(call, name, &other) == APR_SUCCESS && other) {
        return refuse_name(ctx, UM_MESSAGE_GROUP_TAKEN);
    }
    return rv == APR_SUCCESS ? UM_ABSENT : um_ctx_unavailable(ctx, call);
}

um_status_e um_group_rename(um_ctx_t *ctx, const char *typed, const char *new_name, const char **name)
{
    um_store_call_t call = um_ctx_store(ctx);
    const um_group_t *group;
    apr_array_header_t *members;
    um_event_t *event;
    um_status_e status = um_group_find(ctx, typed, &group);
    apr_status_t rv;
    int done;

    *name = um_group_stored_name(ctx->pool, new_name);
    if (status != UM_OK) {
        return status;
    }
    if (!*name) {
        return refuse_name(ctx, UM_MESSAGE_GROUP_INVALID);
    }
    if (strcmp(group->name, *name) == 0) {
        return UM_OK;
    }
    if (read_members(&call, group->name, &members) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    event = um_event_begin(ctx, &call, UM_EVENT_GROUP_RENAMED, NULL,
                           apr_pstrcat(ctx->pool, group->name, " ", *name, NULL));
    rv = um_store_group_rename(&call, group->name, *name, &done);
    um_event_settle(event, rv, done);
    forget_members(ctx, members);
    return rv == APR_SUCCESS && done ? UM_OK : group_not_renamed(ctx, &call, *name, rv);
}

um_status_e um_group_delete(um_ctx_t *ctx, const char *typed)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *name = um_group_stored_name(ctx->pool, typed);
    apr_array_header_t *members;
    um_event_t *event;
    apr_status_t rv;
    int done;

    if (!name) {
        return UM_ABSENT;
    }
    if (read_members(&call, name, &members) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    event = um_event_begin(ctx, &call, UM_EVENT_GROUP_REMOVED, NULL, name);
    rv = um_store_group_delete(&call, name, &done);
    um_event_settle(event, rv, done);
    forget_members(ctx, members);
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return done ? UM_OK : UM_ABSENT;
}

um_status_e um_group_add(um_ctx_t *ctx, const char *typed, const char *user_id)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *name = um_group_stored_name(ctx->pool, typed);
    um_event_t *event;
    apr_status_t rv;
    int done, there;

    if (!name) {
        return UM_ABSENT;
    }
    event = um_event_begin(ctx, &call, UM_EVENT_GROUP_ADDED, user_id, name);
    rv = um_store_group_add(&call, user_id, name, &done);
    um_event_settle(event, rv, done);
    um_caller_cache_invalidate(ctx, user_id);
    if (rv == APR_SUCCESS && !done) {
        rv = um_store_group_look(&call, user_id, name, &there, &done);
    }
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return done ? UM_OK : UM_ABSENT;
}

um_status_e um_group_drop(um_ctx_t *ctx, const char *typed, const char *user_id)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *name = um_group_stored_name(ctx->pool, typed);
    um_event_t *event;
    apr_status_t rv;
    int done;

    if (!name) {
        return UM_ABSENT;
    }
    event = um_event_begin(ctx, &call, UM_EVENT_GROUP_DROPPED, user_id, name);
    rv = um_store_group_drop(&call, user_id, name, &done);
    um_event_settle(event, rv, done);
    um_caller_cache_invalidate(ctx, user_id);
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return done ? UM_OK : UM_ABSENT;
}

um_status_e um_group_list(um_ctx_t *ctx, apr_array_header_t **groups)
{
    um_store_call_t call = um_ctx_store(ctx);

    return um_store_group_list(&call, groups) == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

um_status_e um_group_members(um_ctx_t *ctx, const char *typed, apr_array_header_t **members)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *name = um_group_stored_name(ctx->pool, typed);
    int there = 0, member;

    if (name && um_store_group_look(&call, NULL, name, &there, &member) == APR_SUCCESS && there) {
        (void)um_store_group_members(&call, name, members);
    }
    if (call.cause) {
        return um_ctx_unavailable(ctx, &call);
    }
    return there ? UM_OK : UM_ABSENT;
}

um_status_e um_group_names(um_ctx_t *ctx, const char *user_id, const char **groups)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_user_t *user;

    if (um_store_group_user(&call, user_id, &user, groups) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return user ? UM_OK : UM_ABSENT;
}
