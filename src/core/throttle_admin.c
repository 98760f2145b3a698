/* SPDX-License-Identifier: Apache-2.0 */
#include "throttle_admin.h"

#include "throttle_private.h"

#include "email.h"
#include "event.h"
#include "unicode.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* A pair of a name and an address, as the list of the refused has it. 0: the text is none. */
static int split_pair(apr_pool_t *pool, const char *text, const char **name, um_throttle_client_t *client)
{
    const char *space = strrchr(text, ' ');

    *name = space ? apr_pstrmemdup(pool, text, (apr_size_t)(space - text)) : NULL;
    return space && um_throttle_client_parse(pool, space + 1, client);
}

/* --- the list --- */

static int is_of_address(apr_pool_t *pool, const um_throttle_t *throttle, apr_uint64_t scope,
                         const um_refusal_t *refusal)
{
    int class = (int)(refusal->kind / UM_THROTTLE_KEYS);
    um_throttle_client_t client;

    return um_throttle_client_parse(pool, refusal->text, &client)
           && (refusal->hash == um_throttle_key_address(throttle, scope, class, &client, um_throttle_key_bytes(&client))
               || refusal->hash == um_throttle_key_address(throttle, scope, class, &client, UM_THROTTLE_KEY_WIDE));
}

static int is_of_account(const um_throttle_t *throttle, apr_uint64_t scope, const um_refusal_t *refusal)
{
    static const char *const kinds[] = { "u", "f", "r", "v" };
    int class = (int)(refusal->kind / UM_THROTTLE_KEYS), is = 0;

    for (int i = 0; i < 4; i++) {
        is |= refusal->hash == um_throttle_key_account(throttle, scope, class, kinds[i], refusal->text);
    }
    return is;
}

/* Whether the count of a refusal is one of a scope: its key gives the same hash there. */
static int is_of_scope(apr_pool_t *pool, const um_throttle_t *throttle, apr_uint64_t scope, const um_refusal_t *refusal)
{
    um_throttle_client_t client;
    const char *name;

    if (refusal->kind >= UM_THROTTLE_CLASSES * UM_THROTTLE_KEYS) {
        return 0;
    }
    switch ((um_throttle_key_e)(refusal->kind % UM_THROTTLE_KEYS)) {
    case UM_THROTTLE_ADDRESS:
        return !scope || is_of_address(pool, throttle, scope, refusal);
    case UM_THROTTLE_ACCOUNT:
        return !scope || is_of_account(throttle, scope, refusal);
    case UM_THROTTLE_BOTH:
    case UM_THROTTLE_KEYS:
        break;
    }
    return !scope || (split_pair(pool, refusal->text, &name, &client)
                      && (refusal->hash == um_throttle_key_pair(throttle, scope, UM_THROTTLE_PAIR_TYPED, &client, name)
                          || refusal->hash == um_throttle_key_pair(throttle, scope, UM_THROTTLE_PAIR_FOUND, &client,
                                                                   name)));
}

static int is_earlier(const void *one, const void *other)
{
    apr_int64_t a = ((const um_refusal_t *)one)->last, b = ((const um_refusal_t *)other)->last;

    return a < b ? 1 : a > b ? -1 : 0;
}

apr_array_header_t *um_throttle_admin_list(apr_pool_t *pool, const um_throttle_t *throttle, apr_uint64_t scope)
{
    apr_array_header_t *list = apr_array_make(pool, 16, sizeof(um_refusal_t));
    um_refusal_t refusal;

    for (int i = 0; i < UM_REFUSAL_LOG_SLOTS; i++) {
        if (um_refusal_log_read(throttle->refusals, i, &refusal) && is_of_scope(pool, throttle, scope, &refusal)) {
            APR_ARRAY_PUSH(list, um_refusal_t) = refusal;
        }
    }
    qsort(list->elts, (size_t)list->nelts, sizeof(um_refusal_t), is_earlier);
    return list;
}

/* --- clearing --- */

/* The pairs of a name and an address of which either one is cleared, as far as the list of the refused has them. */
static int clear_pairs(apr_pool_t *pool, const um_throttle_t *throttle, apr_uint64_t scope, const char *key,
                       const um_throttle_client_t *client)
{
    apr_array_header_t *list = um_throttle_admin_list(pool, throttle, scope);
    int count = 0;

    for (int i = 0; i < list->nelts; i++) {
        const um_refusal_t *refusal = &APR_ARRAY_IDX(list, i, um_refusal_t);
        um_throttle_client_t other;
        const char *name;

        if (refusal->kind == UM_THROTTLE_SIGN_IN * UM_THROTTLE_KEYS + UM_THROTTLE_BOTH
            && split_pair(pool, refusal->text, &name, &other)
            && (key ? strcmp(key, name) == 0
                    : um_throttle_client_number(&other) == um_throttle_client_number(client))) {
            count += um_throttle_clear(throttle, scope, name, &other);
        }
    }
    return count;
}

int um_throttle_admin_clear(apr_pool_t *pool, const um_throttle_t *throttle, apr_uint64_t scope, const char *text)
{
    um_throttle_client_t client;
    const char *key = NULL, *email_key, *name;
    int count;

    if (split_pair(pool, text, &name, &client)) {
        return um_throttle_clear(throttle, scope, name, &client);
    }
    if (!um_throttle_client_parse(pool, text, &client) && um_unicode_key(pool, text, &key) != APR_SUCCESS) {
        return -1;
    }
    count = clear_pairs(pool, throttle, scope, key, &client);
    count += um_throttle_clear(throttle, scope, key, key ? NULL : &client);
    /* An e-mail address is counted under another key than a name, if its domain is international. */
    email_key = key && um_email_valid(pool, text) ? um_email_key(pool, text) : NULL;
    if (email_key && strcmp(email_key, key) != 0) {
        count += clear_pairs(pool, throttle, scope, email_key, &client);
        count += um_throttle_clear(throttle, scope, email_key, NULL);
    }
    return count;
}

um_status_e um_throttle_admin_clear_site(um_ctx_t *ctx, const char *text)
{
    const um_site_t *site = ctx->site;

    if (!*text
        || (site->throttle && um_throttle_admin_clear(ctx->pool, site->throttle, site->throttle_scope, text) < 0)) {
        return UM_INVALID;
    }
    return um_event_store_alone(ctx, UM_EVENT_THROTTLE_CLEARED, text);
}
