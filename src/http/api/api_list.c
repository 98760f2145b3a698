/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "base64url.h"
#include "json.h"
#include "random.h"
#include "store_user.h"
#include "user_list.h"

#include <apr_strings.h>
#include <openssl/evp.h>
#include <string.h>

/* --- the query --- */

static const char *text_or_null(um_call_t *call, const char *name)
{
    const char *text = um_query_text(call, name);

    return text && *text ? text : NULL;
}

static void read_order(um_call_t *call, um_user_query_t *query)
{
    static const struct { const char *name; um_user_order_e order; } orders[] = {
        { "created_at", UM_USER_ORDER_CREATED }, { "username", UM_USER_ORDER_USERNAME },
        { "email", UM_USER_ORDER_EMAIL },
    };
    const char *text = text_or_null(call, "ordering");

    query->order = UM_USER_ORDER_CREATED;
    query->is_descending = !text || *text == '-';
    for (int i = 0; text && i < 3; i++) {
        if (strcmp(text + query->is_descending, orders[i].name) == 0) {
            query->order = orders[i].order;
            return;
        }
    }
    if (text) {
        um_ctx_error_with(&call->ctx, "ordering", UM_MESSAGE_NOT_A_CHOICE, text);
    }
}

/* --- cursors --- */

/* A cursor is a checksum and a text: way, range, kind of the count, count, id, key. The checksum covers the query too,
 * so a cursor is good for the same query only. It keeps nobody from making cursors: staff may see every account, and a
 * cursor says only where a page begins. */
#define SUM_BYTES 8

static const char *piece(const char *text)
{
    return text ? text : "\x1E";
}

static int sum_of(um_call_t *call, const um_user_query_t *query, const char *text, unsigned char sum[EVP_MAX_MD_SIZE])
{
    const char *all = apr_pstrcat(call->ctx.pool, piece(query->search), "\x1F", piece(query->username), "\x1F",
                                  piece(query->email), "\x1F", piece(query->group), "\x1F",
                                  apr_psprintf(call->ctx.pool, "%d %d %d %d", query->is_active, query->is_staff,
                                               (int)query->order, query->is_descending),
                                  "\x1F", text, NULL);

    return um_precondition_digest(call, all, sum);
}

static const char *cursor_of(um_call_t *call, const um_user_query_t *query, const um_user_place_t *place,
                             const um_user_count_t *count)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    const char *text;
    char *bytes;
    apr_size_t len;

    if (!place) {
        return NULL;
    }
    text = apr_psprintf(call->ctx.pool, "%c%d%d %" APR_INT64_T_FMT " %s %s", place->is_backward ? '-' : '+',
                        place->stage, (int)count->kind, count->number, place->id, place->key);
    len = strlen(text);
    if (!sum_of(call, query, text, sum)) {
        return NULL;
    }
    bytes = apr_palloc(call->ctx.pool, SUM_BYTES + len);
    memcpy(bytes, sum, SUM_BYTES);
    memcpy(bytes + SUM_BYTES, text, len);
    return um_base64url_encode(call->ctx.pool, bytes, SUM_BYTES + len);
}

/* Reads the text of a cursor whose checksum is right. */
static int read_place(um_call_t *call, const char *text, um_user_place_t *place, um_user_count_t *count)
{
    char *rest;
    const char *id;

    if ((text[0] != '+' && text[0] != '-') || text[1] < '0' || text[1] > '9' || text[2] < '0'
        || text[2] > '0' + UM_COUNT_AT_LEAST || text[3] != ' ') {
        return 0;
    }
    place->is_backward = text[0] == '-';
    place->stage = text[1] - '0';
    count->kind = (um_count_e)(text[2] - '0');
    count->number = apr_strtoi64(text + 4, &rest, 10);
    if (*rest != ' ' || count->number < 0 || !strchr(rest + 1, ' ')) {
        return 0;
    }
    place->key = strchr(rest + 1, ' ') + 1;
    id = apr_pstrmemdup(call->ctx.pool, rest + 1, (apr_size_t)(place->key - rest - 2));
    place->id = um_random_uuid_parse(call->ctx.pool, id);
    return place->id != NULL;
}

static int read_cursor(um_call_t *call, const um_user_query_t *query, const char *cursor, um_user_place_t *place,
                       um_user_count_t *count)
{
    unsigned char sum[EVP_MAX_MD_SIZE], *bytes;
    apr_size_t len;

    return um_base64url_decode(call->ctx.pool, cursor, strlen(cursor), &bytes, &len) == APR_SUCCESS
           && len > SUM_BYTES && !memchr(bytes + SUM_BYTES, '\0', len - SUM_BYTES)
           && sum_of(call, query, (const char *)bytes + SUM_BYTES, sum) && memcmp(sum, bytes, SUM_BYTES) == 0
           && read_place(call, (const char *)bytes + SUM_BYTES, place, count)
           && um_user_list_is_place(&call->ctx, query, place);
}

/* --- the answer --- */

static void show_page(um_call_t *call, const um_user_query_t *query, const char *path, const um_user_page_t *page,
                   const um_user_count_t *count)
{
    static const char *const kinds[] = {
        [UM_COUNT_EXACT] = "exact", [UM_COUNT_ESTIMATE] = "estimate", [UM_COUNT_AT_LEAST] = "at_least",
    };
    um_json_t *results = um_json_list(call->ctx.pool);

    for (int i = 0; i < page->rows->nelts; i++) {
        const um_list_row_t *row = &APR_ARRAY_IDX(page->rows, i, um_list_row_t);

        um_json_push(results, um_api_user_show_to_staff(call, row->user, row->groups));
    }
    call->out = um_json_object(call->ctx.pool);
    um_json_put_int(call->out, "count", count->number);
    um_json_put_text(call->out, "count_is", kinds[count->kind]);
    um_json_put_text(call->out, "next", um_query_link(call, path, cursor_of(call, query, page->next, count)));
    um_json_put_text(call->out, "previous", um_query_link(call, path, cursor_of(call, query, page->previous, count)));
    um_json_put(call->out, "results", results);
}

um_status_e um_api_list_accounts(um_call_t *call, um_user_query_t *query, const char *path)
{
    const char *cursor = text_or_null(call, "cursor");
    um_user_place_t place;
    um_user_count_t count;
    um_user_page_t page;
    um_status_e status = UM_OK;
    int is_given;

    if (call->ctx.errors->nelts) {
        return UM_INVALID;
    }
    if (cursor && !read_cursor(call, query, cursor, &place, &count)) {
        call->bad_cursor = 1;
        return UM_ABSENT;
    }
    /* Counting costs more than the page. So it is done once, and the cursors carry what was found. */
    if (!cursor) {
        status = um_user_list_count(&call->ctx, query, &count);
    }
    if (status == UM_OK) {
        status = um_user_list_page(&call->ctx, query, cursor ? &place : NULL, um_query_page_size(call, &is_given),
                                   &page);
    }
    if (status == UM_OK) {
        show_page(call, query, path, &page, &count);
    }
    return status;
}

um_status_e um_api_list_users(um_call_t *call)
{
    um_user_query_t query = {
        .search = text_or_null(call, "search"), .username = text_or_null(call, "username"),
        .email = text_or_null(call, "email"), .group = text_or_null(call, "group"),
    };

    query.is_active = um_query_flag(call, "is_active");
    query.is_staff = um_query_flag(call, "is_staff");
    read_order(call, &query);
    return um_api_list_accounts(call, &query, call->route->path);
}
