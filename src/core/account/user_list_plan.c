/* SPDX-License-Identifier: Apache-2.0 */
#include "user_list_plan.h"

#include "email.h"
#include "store_user.h"
#include "unicode.h"

#include <apr_strings.h>
#include <string.h>

/* Behind each text that begins with a prefix: the last code point, which no name has. Behind a text itself: a control
 * character, which no name has either. */
#define PREFIX_END "\xF4\x8F\xBF\xBF"
#define EXACT_END  "\x01"
/* Behind all keys that are numbers. */
#define NUMBER_END "9223372036854775807"

static const char *flag(int value)
{
    return value < 0 ? NULL : value ? "1" : "0";
}

/* The key of a text as typed; NULL: no account has such a key. */
static const char *folded(um_ctx_t *ctx, const char *typed)
{
    const char *key;

    return um_unicode_valid(typed, strlen(typed)) && um_unicode_key(ctx->pool, typed, &key) == APR_SUCCESS
           && *key ? key : NULL;
}

/* The beginning of the key of an address. Only a whole domain has its final key, so letters are folded one by one. */
static const char *email_prefix(um_ctx_t *ctx, const char *typed)
{
    const char *key = um_email_valid(ctx->pool, typed) ? um_email_key(ctx->pool, typed) : NULL;

    return key ? key : folded(ctx, typed);
}

static um_list_keys_t with_prefix(um_ctx_t *ctx, const char *prefix)
{
    return (um_list_keys_t){ prefix, apr_pstrcat(ctx->pool, prefix, PREFIX_END, NULL) };
}

static void add_stage(um_list_plan_t *plan, um_list_index_e index, um_list_keys_t keys, const um_list_filter_t *filter)
{
    plan->stage[plan->count++] = (um_list_stage_t){ { index, keys.low, keys.high }, *filter };
}

static void plan_search(um_ctx_t *ctx, const char *prefix, const char *email, um_list_filter_t *filter,
                        um_list_plan_t *plan)
{
    um_list_keys_t keys = with_prefix(ctx, prefix), address = with_prefix(ctx, email);

    /* An account is given once: where a former range has it, a later one leaves it out. */
    add_stage(plan, UM_LIST_BY_USERNAME, keys, filter);
    filter->not_username = keys;
    add_stage(plan, UM_LIST_BY_EMAIL, address, filter);
    filter->not_email = address;
    add_stage(plan, UM_LIST_BY_FIRST_NAME, keys, filter);
    filter->not_first_name = keys;
    add_stage(plan, UM_LIST_BY_LAST_NAME, keys, filter);
}

/* By the index that has fewest of the other accounts. */
static void plan_order(const um_user_query_t *query, const um_list_filter_t *filter, um_list_plan_t *plan)
{
    static const um_list_index_e all[] = { UM_LIST_BY_CREATED, UM_LIST_BY_USERNAME, UM_LIST_BY_EMAIL };
    static const um_list_index_e staff[] = { UM_LIST_BY_STAFF_CREATED, UM_LIST_BY_STAFF_USERNAME,
                                             UM_LIST_BY_STAFF_EMAIL };
    static const um_list_index_e off[] = { UM_LIST_BY_OFF_CREATED, UM_LIST_BY_OFF_USERNAME, UM_LIST_BY_OFF_EMAIL };
    const um_list_index_e *indexes = query->is_staff == 1 ? staff : query->is_active == 0 ? off : all;
    um_list_keys_t numbers = { "0", NUMBER_END }, texts = { "", PREFIX_END };

    add_stage(plan, indexes[query->order], query->order == UM_USER_ORDER_CREATED ? numbers : texts, filter);
    plan->is_descending = query->is_descending;
    plan->is_whole = indexes == all;
}

int um_user_list_plan(um_ctx_t *ctx, const um_user_query_t *query, um_list_plan_t *plan)
{
    const char *username = query->username ? folded(ctx, query->username) : NULL;
    const char *email = query->email ? email_prefix(ctx, query->email) : NULL;
    const char *group = NULL;
    um_list_filter_t filter = {
        .is_active = flag(query->is_active), .is_staff = flag(query->is_staff),
        .username_key = username, .email_key = email, .not_username = { "", "" }, .not_email = { "", "" },
        .not_first_name = { "", "" },
    };

    *plan = (um_list_plan_t){ 0 };
    if ((query->username && !username) || (query->email && !email)
        || (query->group && (!um_unicode_valid(query->group, strlen(query->group))
                             || um_unicode_nfkc(ctx->pool, query->group, &group) != APR_SUCCESS))) {
        return 0;
    }
    filter.group = group;
    if (query->search) {
        plan->prefix = folded(ctx, query->search);
        plan->email_prefix = email_prefix(ctx, query->search);
        if (!plan->prefix || !plan->email_prefix) {
            return 0;
        }
    }
    if (username) {
        add_stage(plan, UM_LIST_BY_USERNAME,
                  (um_list_keys_t){ username, apr_pstrcat(ctx->pool, username, EXACT_END, NULL) }, &filter);
    }
    else if (email) {
        add_stage(plan, UM_LIST_BY_EMAIL,
                  (um_list_keys_t){ email, apr_pstrcat(ctx->pool, email, EXACT_END, NULL) }, &filter);
    }
    else if (query->search) {
        plan_search(ctx, plan->prefix, plan->email_prefix, &filter, plan);
        plan->prefix = NULL;
    }
    else if (group) {
        filter.group = NULL;
        add_stage(plan, UM_LIST_BY_GROUP, (um_list_keys_t){ group, "" }, &filter);
    }
    else {
        plan_order(query, &filter, plan);
    }
    return 1;
}

int um_user_list_has_prefix(um_ctx_t *ctx, const um_list_plan_t *plan, const um_user_t *user)
{
    const char *const names[] = { user->username, user->first_name, user->last_name };
    const char *key = plan->prefix ? um_email_key(ctx->pool, user->email) : NULL;
    int has = !plan->prefix || (key && strncmp(key, plan->email_prefix, strlen(plan->email_prefix)) == 0);

    for (int i = 0; i < 3 && !has; i++) {
        has = um_unicode_key(ctx->pool, names[i], &key) == APR_SUCCESS
              && strncmp(key, plan->prefix, strlen(plan->prefix)) == 0;
    }
    return has;
}
