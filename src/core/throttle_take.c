/* SPDX-License-Identifier: Apache-2.0 */
#include "throttle_private.h"

#include "core_settings.h"
#include "event.h"
#include "metric.h"
#include "monotonic.h"
#include "refusal_log.h"
#include "store.h"
#include "store_session.h"

#include <apr_strings.h>
#include <string.h>

#define DAY 86400
#define MARK_YES_SECONDS (30 * DAY)     /* an address that signed in within this time is exempt */
#define MARK_NO_MS 3600000              /* how long it is remembered that an address has not */
#define ASK_US 10000                    /* how long it takes to find out that an address has not */
#define MOST_SESSIONS 200               /* of an account, the newest, that are searched for an address */
#define WIDE_FACTOR 10                  /* the allowance of a /48, in allowances of a /64 */
#define LONGEST_DELAY 900000            /* ms */

#define MINUTE 60000
#define HOUR (60 * MINUTE)

const um_throttle_rules_t um_throttle_defaults = { .limit = {
    [UM_THROTTLE_SIGN_IN] = {
        [UM_THROTTLE_ADDRESS] = { .interval = MINUTE / 20, .burst = 30 },
        [UM_THROTTLE_ACCOUNT] = { .interval = HOUR / 20, .burst = 50 },
        [UM_THROTTLE_BOTH] = { .interval = 1000, .burst = 5, .longest = LONGEST_DELAY },
    },
    [UM_THROTTLE_REGISTER] = { [UM_THROTTLE_ADDRESS] = { .interval = HOUR / 10, .burst = 20 } },
    [UM_THROTTLE_RESET] = {
        [UM_THROTTLE_ADDRESS] = { .interval = HOUR / 20, .burst = 20 },
        [UM_THROTTLE_ACCOUNT] = { .interval = HOUR / 12, .burst = 3 },
    },
    [UM_THROTTLE_CONFIRM] = { [UM_THROTTLE_ADDRESS] = { .interval = MINUTE / 30, .burst = 30 } },
    [UM_THROTTLE_REFRESH] = { [UM_THROTTLE_ADDRESS] = { .interval = 1000 / 100, .burst = 1000 } },
} };

/* --- refusing --- */

/* One key of a try. */
typedef struct try_t {
    apr_uint64_t hash;
    um_throttle_limit_t limit;
    um_throttle_class_e class;
    um_throttle_key_e by;
    const char *name;       /* or NULL */
} try_t;

static um_status_e refuse(um_ctx_t *ctx, const try_t *try, apr_int64_t wait, apr_int64_t now)
{
    const char *address = try->by == UM_THROTTLE_ACCOUNT ? "" : ctx->throttle_client->text;
    um_refusal_t refusal = {
        .hash = try->hash, .until = now + wait,
        .kind = (apr_uint32_t)try->class * UM_THROTTLE_KEYS + (apr_uint32_t)try->by,
    };
    const char *text = apr_pstrcat(ctx->pool, try->name ? try->name : "", try->name && *address ? " " : "", address,
                                   NULL);

    um_metric_count(ctx, UM_METRIC_THROTTLED + (unsigned)try->class);
    ctx->retry_after = (wait + 999) / 1000;
    ctx->cause = apr_psprintf(ctx->pool, "too many tries: %s, by %s", um_throttle_class_names[try->class],
                              try->by == UM_THROTTLE_BOTH ? "account and address" : um_throttle_key_names[try->by]);
    ctx->reason = UM_REASON_THROTTLED;
    /* The line of the log is for the first refusal of a series. */
    ctx->is_logged = !um_refusal_log_add(ctx->site->throttle->refusals, &refusal, text, now);
    return UM_THROTTLED;
}

static const um_throttle_limit_t *limit_of(const um_ctx_t *ctx, um_throttle_class_e class, um_throttle_key_e by)
{
    return &ctx->settings->throttle->limit[class][by];
}

static int is_on(const um_ctx_t *ctx)
{
    return ctx->throttle_client && ctx->site && ctx->site->throttle && ctx->settings->throttle;
}

/* Takes a use, or only looks (uses is NULL). */
static um_status_e pass(um_ctx_t *ctx, const try_t *try, um_throttle_uses_t *uses)
{
    apr_int64_t now = um_monotonic_ms();
    um_throttle_table_t *table = ctx->site->throttle->table;
    apr_int64_t wait = uses ? um_throttle_table_take(table, try->hash, &try->limit, now)
                       : um_throttle_table_peek(table, try->hash, &try->limit, now);

    if (wait) {
        return refuse(ctx, try, wait, now);
    }
    if (uses && try->limit.interval && uses->count < UM_THROTTLE_MOST) {
        uses->use[uses->count].hash = try->hash;
        uses->use[uses->count++].limit = try->limit;
    }
    return UM_OK;
}

void um_throttle_give_back(um_ctx_t *ctx, um_throttle_uses_t *uses)
{
    while (uses->count > 0) {
        uses->count--;
        um_throttle_table_give_back(ctx->site->throttle->table, uses->use[uses->count].hash,
                                    &uses->use[uses->count].limit, um_monotonic_ms());
    }
}

/* --- by address --- */

/* How many ways an address is counted: one, or for IPv6 two. */
static int address_tries(const um_throttle_client_t *client)
{
    return client->len == 16 ? 2 : 1;
}

/* is_wide: by the /48, with ten times the allowance. */
static try_t address_try(const um_ctx_t *ctx, int class, const um_throttle_limit_t *limit, int is_wide)
{
    const um_throttle_client_t *client = ctx->throttle_client;
    try_t try = { .limit = *limit, .class = (um_throttle_class_e)class, .by = UM_THROTTLE_ADDRESS };

    try.hash = um_throttle_key_address(ctx->site->throttle, ctx->site->throttle_scope, class, client,
                                       is_wide ? UM_THROTTLE_KEY_WIDE : um_throttle_key_bytes(client));
    if (is_wide) {
        try.limit.interval = limit->interval / WIDE_FACTOR ? limit->interval / WIDE_FACTOR : 1;
        try.limit.burst = limit->burst * WIDE_FACTOR;
    }
    return try;
}

static um_status_e pass_address(um_ctx_t *ctx, um_throttle_class_e class, um_throttle_uses_t *uses)
{
    const um_throttle_limit_t *limit = limit_of(ctx, class, UM_THROTTLE_ADDRESS);
    um_status_e status = UM_OK;

    for (int i = 0; i < address_tries(ctx->throttle_client) && limit->interval && status == UM_OK; i++) {
        try_t try = address_try(ctx, (int)class, limit, i);

        status = pass(ctx, &try, uses);
    }
    if (status != UM_OK && uses) {
        um_throttle_give_back(ctx, uses);
    }
    return status;
}

int um_throttle_may_log(um_ctx_t *ctx, int kind, const um_throttle_limit_t *limit)
{
    int may = 1;

    for (int i = 0; is_on(ctx) && may && i < address_tries(ctx->throttle_client); i++) {
        try_t try = address_try(ctx, UM_THROTTLE_CLASSES + kind, limit, i);

        may = !um_throttle_table_take(ctx->site->throttle->table, try.hash, &try.limit, um_monotonic_ms());
    }
    return may;
}

um_status_e um_throttle_take_address(um_ctx_t *ctx, um_throttle_class_e class, um_throttle_uses_t *uses)
{
    uses->count = 0;
    return is_on(ctx) && class != UM_THROTTLE_NONE ? pass_address(ctx, class, uses) : UM_OK;
}

um_status_e um_throttle_take_account(um_ctx_t *ctx, um_throttle_class_e class, const char *what, const char *key)
{
    um_throttle_uses_t uses = { 0 };
    try_t try = { .class = class, .by = UM_THROTTLE_ACCOUNT, .name = key };

    if (!is_on(ctx)) {
        return UM_OK;
    }
    try.limit = *limit_of(ctx, class, UM_THROTTLE_ACCOUNT);
    try.hash = um_throttle_key_account(ctx->site->throttle, ctx->site->throttle_scope, class, what, key);
    return pass(ctx, &try, &uses);
}

/* --- signing in --- */

/* The key of the note whether the address has signed in to the account. */
static apr_uint64_t mark_of(const um_ctx_t *ctx, const char *key)
{
    return um_throttle_key_pair(ctx->site->throttle, ctx->site->throttle_scope, 'm', ctx->throttle_client, key);
}

/* Whether the address is one of those from which the account was signed in to. 0: it is not, or nobody knows. */
static int ask_sessions(um_ctx_t *ctx, const char *key, apr_uint64_t mark)
{
    um_store_call_t call = um_ctx_store(ctx);
    const um_throttle_client_t *client = ctx->throttle_client;
    apr_int64_t since = um_ctx_seconds(ctx) - MARK_YES_SECONDS;
    apr_array_header_t *sessions;
    apr_int64_t signed_in = 0, ms = MARK_NO_MS;

    /* Where people sign in by address, a key may be one. */
    if (um_store_session_addresses(&call, key, ctx->settings->login == UM_LOGIN_USERNAME ? NULL : key, since,
                                   MOST_SESSIONS, &sessions) != APR_SUCCESS) {
        return 0;
    }
    for (int i = 0; i < sessions->nelts && !signed_in; i++) {
        const um_session_t *session = &APR_ARRAY_IDX(sessions, i, um_session_t);
        um_throttle_client_t other;

        if (um_throttle_client_parse(ctx->pool, session->address, &other) && other.len == client->len
            && memcmp(other.bytes, client->bytes, (apr_size_t)um_throttle_key_bytes(client)) == 0) {
            signed_in = session->created_at;
        }
    }
    if (signed_in) {
        ms = apr_time_as_msec(apr_time_from_sec(signed_in - since));
    }
    um_throttle_table_mark(ctx->site->throttle->table, mark, signed_in != 0, ms > 0 ? ms : 1, um_monotonic_ms());
    return signed_in != 0;
}

/* The query takes longer for an account with many sessions, so the time of a refusal could show that there is such an
 * account. Each refusal after this query takes the same time for that reason. A refusal by the account that was found
 * takes the time of a hash already; waiting here would show that one was found. */
static int is_exempt(um_ctx_t *ctx, const char *key, int is_found)
{
    apr_uint64_t mark = mark_of(ctx, key);
    apr_int64_t began = um_monotonic_us();
    int marked = um_throttle_table_marked(ctx->site->throttle->table, mark, um_monotonic_ms());

    if (marked < 0) {
        marked = ask_sessions(ctx, key, mark);
        if (!marked && !is_found) {
            um_monotonic_wait(began + ASK_US);
        }
    }
    return marked;
}

/* What is typed and accounts that are found have counts of their own, even under the same text. With one count for
 * both, tries by one name of an account would get visible refusals for tries by the other one. */
#define PAIR_TAG(is_found) ((is_found) ? UM_THROTTLE_PAIR_FOUND : UM_THROTTLE_PAIR_TYPED)

static um_status_e pass_account(um_ctx_t *ctx, const char *key, int is_found, um_throttle_uses_t *uses)
{
    try_t try = { .class = UM_THROTTLE_SIGN_IN, .by = UM_THROTTLE_ACCOUNT, .name = key };
    const um_throttle_t *throttle = ctx->site->throttle;

    try.limit = *limit_of(ctx, UM_THROTTLE_SIGN_IN, UM_THROTTLE_ACCOUNT);
    try.hash = um_throttle_key_account(throttle, ctx->site->throttle_scope, UM_THROTTLE_SIGN_IN, is_found ? "f" : "u",
                                       key);
    if (um_throttle_table_peek(throttle->table, try.hash, &try.limit, um_monotonic_ms())
        && is_exempt(ctx, key, is_found)) {
        return UM_OK;
    }
    return pass(ctx, &try, uses);
}

/* By name, and by name and address together. */
static um_status_e pass_name(um_ctx_t *ctx, const char *key, int is_found, um_throttle_uses_t *uses)
{
    const um_throttle_t *throttle = ctx->site->throttle;
    try_t try = { .class = UM_THROTTLE_SIGN_IN, .by = UM_THROTTLE_BOTH, .name = key };
    um_status_e status;

    try.limit = *limit_of(ctx, UM_THROTTLE_SIGN_IN, UM_THROTTLE_BOTH);
    try.hash = um_throttle_key_pair(throttle, ctx->site->throttle_scope, PAIR_TAG(is_found), ctx->throttle_client, key);
    status = pass(ctx, &try, uses);
    if (status == UM_OK) {
        status = pass_account(ctx, key, is_found, uses);
    }
    if (uses && status == UM_OK) {
        uses->pair[0] = try.hash;
        uses->pair[1] = um_throttle_key_pair(throttle, ctx->site->throttle_scope, PAIR_TAG(0), ctx->throttle_client,
                                             key);
        uses->mark = mark_of(ctx, key);
    }
    else if (uses) {
        um_throttle_give_back(ctx, uses);
    }
    return status;
}

static um_status_e pass_sign_in(um_ctx_t *ctx, const char *key, int is_found, um_throttle_uses_t *uses)
{
    um_status_e status;

    if (uses) {
        *uses = (um_throttle_uses_t){ 0 };
    }
    if (!is_on(ctx)) {
        return UM_OK;
    }
    status = pass_address(ctx, UM_THROTTLE_SIGN_IN, uses);
    return status == UM_OK && key ? pass_name(ctx, key, is_found, uses) : status;
}

um_status_e um_throttle_take_sign_in(um_ctx_t *ctx, const char *key, um_throttle_uses_t *uses)
{
    return pass_sign_in(ctx, key, 0, uses);
}

um_status_e um_throttle_peek_sign_in(um_ctx_t *ctx, const char *key)
{
    return pass_sign_in(ctx, key, 0, NULL);
}

um_status_e um_throttle_take_own(um_ctx_t *ctx, const char *key, um_throttle_uses_t *uses)
{
    return pass_sign_in(ctx, key, ctx->settings->login != UM_LOGIN_USERNAME, uses);
}

static um_status_e pass_found(um_ctx_t *ctx, const char *key, um_throttle_uses_t *uses)
{
    um_status_e status = is_on(ctx) && key ? pass_name(ctx, key, 1, uses) : UM_OK;

    if (status != UM_OK) {
        ctx->retry_after = 0;
        ctx->cause = NULL;
        ctx->reason = 0;
        ctx->is_logged = 0;
    }
    return status;
}

um_status_e um_throttle_take_found(um_ctx_t *ctx, const char *key, um_throttle_uses_t *uses)
{
    *uses = (um_throttle_uses_t){ 0 };
    return pass_found(ctx, key, uses);
}

um_status_e um_throttle_peek_found(um_ctx_t *ctx, const char *key)
{
    return pass_found(ctx, key, NULL);
}

void um_throttle_settle(um_ctx_t *ctx, um_throttle_uses_t *uses, um_status_e status)
{
    if (status == UM_INVALID || !is_on(ctx)) {
        return;
    }
    um_throttle_give_back(ctx, uses);
    if (status == UM_OK && uses->pair[0]) {
        um_throttle_table_forget(ctx->site->throttle->table, uses->pair[0], um_monotonic_ms());
        um_throttle_table_forget(ctx->site->throttle->table, uses->pair[1], um_monotonic_ms());
        um_throttle_table_mark(ctx->site->throttle->table, uses->mark, 1, MARK_YES_SECONDS * 1000LL,
                               um_monotonic_ms());
    }
}
