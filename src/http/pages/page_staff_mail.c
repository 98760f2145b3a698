/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox, for staff: which mails are not sent, and why. */
#include "pages.h"

#include "api.h"
#include "json.h"
#include "mail_admin.h"
#include "random.h"
#include "throttle.h"

#include <apr_strings.h>
#include <string.h>

/* Each has two forms. */
#define PAGE 12

/* --- showing --- */

/* The text of a word of the outbox; without one, the word itself. */
static const char *word_text(const um_page_request_t *page, const char *prefix, const char *word)
{
    char *key = apr_pstrcat(page->call->ctx.pool, prefix, word, NULL);
    const char *text;

    for (char *c = key; *c; c++) {
        *c = *c == ' ' || *c == '-' ? '_' : *c;
    }
    text = um_page_view_text(page, key, NULL);
    return text ? text : word;
}

static um_json_t *show_mail(um_page_request_t *page, const um_mail_row_t *mail)
{
    apr_pool_t *pool = page->call->ctx.pool;
    um_json_t *out = um_json_object(pool);
    int is_given_up = strcmp(mail->state, "given up") == 0, is_sent = strcmp(mail->state, "sent") == 0;
    int is_waiting = strcmp(mail->state, "waiting") == 0, is_requested = strcmp(mail->state, "requested") == 0;

    um_json_put_text(out, "id", mail->id);
    um_json_put_text(out, "kind_text", word_text(page, "mail.", mail->kind));
    um_json_put_text(out, "username", mail->username);
    um_json_put_text(out, "address", mail->address);
    um_json_put_text(out, "state_text", word_text(page, "state.", mail->state));
    um_json_put_bool(out, "is_given_up", is_given_up);
    um_json_put_bool(out, "is_sent", is_sent);
    um_json_put_int(out, "attempts", mail->attempts);
    um_json_put_text(out, "created_at", um_reply_time(pool, mail->created_at));
    um_json_put_text(out, "due_at", is_waiting && mail->due_at ? um_reply_time(pool, mail->due_at) : NULL);
    /* What the mail server said of a mail that was sent is no problem. */
    um_json_put_text(out, "last_error", is_sent ? "" : mail->last_error);
    um_json_put_bool(out, "can_retry", is_waiting || is_given_up);
    um_json_put_bool(out, "can_drop", is_waiting || is_given_up || is_requested);
    return out;
}

um_json_t *um_page_staff_mail_show(um_page_request_t *page, const apr_array_header_t *mails)
{
    um_json_t *list = um_json_list(page->call->ctx.pool);

    for (int i = 0; i < mails->nelts; i++) {
        um_json_push(list, show_mail(page, &APR_ARRAY_IDX(mails, i, um_mail_row_t)));
    }
    return list;
}

/* --- the list --- */

static um_status_e list_mails(um_call_t *call)
{
    const char *cursor = um_query_text(call, "cursor");
    const char *after = cursor ? um_random_uuid_parse(call->ctx.pool, cursor) : NULL;
    apr_array_header_t *mails;
    um_status_e status = um_mail_admin_list(&call->ctx, after, PAGE + 1, &mails);

    if (status != UM_OK) {
        return status;
    }
    call->out = um_json_object(call->ctx.pool);
    if (mails->nelts > PAGE) {
        (void)apr_array_pop(mails);
        um_json_put_text(call->out, "next", apr_pstrcat(call->ctx.pool, "?cursor=",
                                                        APR_ARRAY_IDX(mails, PAGE - 1, um_mail_row_t).id, NULL));
    }
    /* The list is read in one direction only. */
    um_json_put_text(call->out, "previous", after ? "" : NULL);
    um_json_put(call->out, "mails", um_page_staff_mail_show(um_page_of(call), mails));
    um_json_put_bool(call->out, "has_mails", mails->nelts > 0);
    return UM_OK;
}

const um_route_t um_page_staff_mail_list_route = {
    .path = "staff/mails/", .method = "GET", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API, .success = 200,
    .function = list_mails, .name = "Mails",
};

/* --- changing --- */

/* The id of the mail that a form is about; NULL: it is none. */
static const char *id_of(const um_call_t *call)
{
    const char *text = um_page_view_field(um_page_of(call), "id");

    return text ? um_random_uuid_parse(call->ctx.pool, text) : NULL;
}

static um_status_e retry(um_call_t *call)
{
    const char *id = id_of(call);
    int count = 0;
    um_status_e status = id ? um_mail_admin_retry(&call->ctx, id, &count) : UM_ABSENT;

    return status == UM_OK && !count ? UM_ABSENT : status;
}

static um_status_e retry_all(um_call_t *call)
{
    int count;

    return um_mail_admin_retry(&call->ctx, NULL, &count);
}

static um_status_e drop(um_call_t *call)
{
    const char *id = id_of(call);

    return id ? um_mail_admin_drop(&call->ctx, id) : UM_ABSENT;
}

const um_route_t um_page_staff_mail_retry_route = {
    .path = "staff/mails/", .method = "POST", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API, .success = 204,
    .function = retry, .name = "Retry Mail",
};

const um_route_t um_page_staff_mail_retry_all_route = {
    .path = "staff/mails/", .method = "POST", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API, .success = 204,
    .function = retry_all, .name = "Retry Mails",
};

const um_route_t um_page_staff_mail_drop_route = {
    .path = "staff/mails/", .method = "POST", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API, .success = 204,
    .function = drop, .name = "Drop Mail",
};
