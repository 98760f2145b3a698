/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "authenticate.h"
#include "event.h"
#include "json.h"
#include "random.h"
#include "store.h"
#include "store_event.h"
#include "store_user.h"

#include <apr_strings.h>
#include <http_core.h>
#include <string.h>

/* What the query asks for. */
typedef struct page_t {
    int size;
    int has_size;               /* the query says so */
    const char *cursor;         /* the id of an event; NULL: the first page */
    int is_newer;               /* the events after the cursor, and not those before it */
} page_t;

/* 0: the cursor is none of ours. */
static int read_page(um_call_t *call, page_t *page)
{
    const char *cursor = um_query_text(call, "cursor");

    *page = (page_t){ 0 };
    page->size = um_query_page_size(call, &page->has_size);
    page->is_newer = cursor && *cursor == '-';
    page->cursor = cursor ? um_random_uuid_parse(call->ctx.pool, cursor + page->is_newer) : NULL;
    return !cursor || page->cursor;
}

/* Reads one event more than the page has, to see whether there are more. *events: in the order of reading. */
static apr_status_t read_events(um_store_call_t *store, const char *user_id, const page_t *page,
                                apr_array_header_t **events, apr_int64_t *count)
{
    apr_status_t rv = um_store_event_count(store, user_id, count);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return page->is_newer ? um_store_event_after(store, user_id, page->cursor, page->size + 1, events)
                          : um_store_event_before(store, user_id, page->cursor ? page->cursor : UM_STORE_EVENT_LAST,
                                                  page->size + 1, events);
}

/* Who did it, as far as the caller may know: other accounts than the caller's are staff. */
static const char *show_actor(const um_call_t *call, const um_store_event_t *event)
{
    unsigned char bytes[UM_RANDOM_UUID_BYTES];

    return !*event->actor ? NULL
           : call->caller->user->is_staff || strcmp(event->actor, call->user->id) == 0
             || !um_random_uuid_bytes(event->actor, bytes) ? event->actor : "staff";
}

/* The address and the agent are those of who did it. Other people's are for staff only. */
static um_json_t *show_event(um_call_t *call, const um_store_event_t *event)
{
    um_json_t *out = um_json_object(call->ctx.pool);
    int is_open = call->caller->user->is_staff || !*event->actor || strcmp(event->actor, call->user->id) == 0;
    char time[UM_EVENT_TIME_SIZE];

    um_event_line_time(event->at_ms, time);
    um_json_put_text(out, "id", event->id);
    um_json_put_text(out, "time", time);
    um_json_put_text(out, "event", event->kind);
    um_json_put_text(out, "by", show_actor(call, event));
    um_json_put_text(out, "session", is_open ? event->session_id : NULL);
    um_json_put_text(out, "address", is_open && *event->address ? event->address : NULL);
    um_json_put_text(out, "user_agent", is_open && *event->user_agent ? event->user_agent : NULL);
    um_json_put_text(out, "detail", *event->detail ? event->detail : NULL);
    return out;
}

/* The link to another page; NULL: there is none. */
static const char *link_to(um_call_t *call, const page_t *page, const char *direction, const char *id)
{
    apr_pool_t *pool = call->ctx.pool;
    const char *size = page->has_size ? apr_psprintf(pool, "&page_size=%d", page->size) : "";

    return !id ? NULL : ap_construct_url(pool, apr_pstrcat(pool, "/api/v1/users/", call->user->id, "/events/?cursor=",
                                                           direction, id, size, NULL), call->r);
}

static void answer_page(um_call_t *call, const page_t *page, const apr_array_header_t *events, apr_int64_t count)
{
    int shown = events->nelts < page->size ? events->nelts : page->size;
    int has_more = events->nelts > shown;
    um_json_t *results = um_json_list(call->ctx.pool);
    const char *newest = NULL, *oldest = NULL;

    for (int i = 0; i < shown; i++) {
        const um_store_event_t *event = &APR_ARRAY_IDX(events, page->is_newer ? shown - 1 - i : i, um_store_event_t);

        um_json_push(results, show_event(call, event));
        newest = newest ? newest : event->id;
        oldest = event->id;
    }
    /* The page that led here is on the other side. */
    call->out = um_json_object(call->ctx.pool);
    um_json_put_int(call->out, "count", count);
    um_json_put_text(call->out, "next", link_to(call, page, "", page->is_newer || has_more ? oldest : NULL));
    um_json_put_text(call->out, "previous", link_to(call, page, "-", page->is_newer ? has_more ? newest : NULL
                                                    : page->cursor ? newest ? newest : page->cursor : NULL));
    um_json_put(call->out, "results", results);
}

um_status_e um_api_event_list(um_call_t *call)
{
    um_store_call_t store = um_ctx_store(&call->ctx);
    apr_array_header_t *events;
    apr_int64_t count;
    page_t page;

    if (!read_page(call, &page)) {
        return UM_ABSENT;
    }
    if (read_events(&store, call->user->id, &page, &events, &count) != APR_SUCCESS) {
        return um_ctx_unavailable(&call->ctx, &store);
    }
    answer_page(call, &page, events, count);
    return UM_OK;
}
