/* SPDX-License-Identifier: Apache-2.0 */
#include "basic.h"

#include "caller_cache_login.h"
#include "concurrency_limit.h"
#include "core_settings.h"
#include "event.h"
#include "identity.h"
#include "login_name.h"
#include "metric.h"
#include "password.h"
#include "pwhash.h"
#include "single_flight.h"
#include "throttle.h"
#include "unicode.h"
#include "wipe.h"

#include <string.h>

/* The longest time of a hash on a slow machine, without the time that is spent waiting for a turn. */
#define HASH_TAKES apr_time_from_sec(5)

/* A single flight gives its followers one number: the status, and above it the reason. */
#define REASON_SHIFT 8
#define STATUS_MASK ((1 << REASON_SHIFT) - 1)

typedef struct credentials_t {
    const char *username;
    um_login_name_t name;
    um_secret_t password;
} credentials_t;

static int can_be_password(um_ctx_t *ctx, um_secret_t password)
{
    if (!password.len || !um_unicode_valid(password.text, password.len)) {
        return 0;
    }
    password = um_password_prepare(ctx, password);
    return um_unicode_count(password.text, password.len) <= (apr_size_t)ctx->settings->password_max_length;
}

static um_status_e hash_once(um_ctx_t *ctx, const credentials_t *in, um_basic_t *found)
{
    const um_user_t *user;
    um_status_e status = um_password_verify_user(ctx, in->username, in->password, &user);

    found->hashed = status != UM_UNAVAILABLE && status != UM_BUSY && status != UM_THROTTLED;
    if (status == UM_INVALID) {
        return user ? UM_INVALID : UM_ABSENT;
    }
    return status == UM_OK ? um_caller_cache_login_add(ctx, in->name.cache_key, in->password, user, &found->identity)
                           : status;
}

static um_status_e hash(um_ctx_t *ctx, const credentials_t *in, um_basic_t *found)
{
    um_status_e status = hash_once(ctx, in, found);

    /* The password was right, but the account was changed while it was hashed. Look again, because clients drop a
     * password that is refused. */
    if (status == UM_ABSENT && ctx->subject) {
        ctx->subject = NULL;
        status = hash_once(ctx, in, found);
    }
    if (status == UM_ABSENT && ctx->subject) {
        ctx->cause = "the account was changed meanwhile";
        ctx->reason = UM_REASON_CHANGED;
        return UM_INVALID;
    }
    return status;
}

/* UM_ABSENT: the password has to be hashed; also when the account that was found is throttled: then hash() refuses
 * it in the time of a wrong password. */
static um_status_e find_cached(um_ctx_t *ctx, const credentials_t *in, um_basic_t *found)
{
    um_status_e status = um_caller_cache_login(ctx, in->name.cache_key, in->password, &found->identity);

    um_metric_count(ctx, status == UM_OK ? UM_METRIC_PASSWORD_HITS : UM_METRIC_PASSWORD_MISSES);
    if (status == UM_OK
        && um_throttle_peek_found(ctx, um_login_name_account(ctx, found->identity->username)) != UM_OK) {
        found->identity = NULL;
        status = UM_ABSENT;
    }
    return status;
}

/* Hashes once for all requests that bring the same name and password at this moment. */
static um_status_e hash_together(um_ctx_t *ctx, const credentials_t *in, um_basic_t *found)
{
    const um_site_t *site = ctx->site;
    apr_size_t name = strlen(in->name.cache_key) + 1;
    apr_size_t len = sizeof(site) + name + in->password.len;
    char *key = apr_palloc(ctx->pool, len);
    apr_uint64_t who = um_throttle_client_number(ctx->throttle_client);
    um_single_flight_part_t part;
    apr_interval_time_t longest;
    int status, waits, is_first;

    memcpy(key, &site, sizeof(site));
    memcpy(key + sizeof(site), in->name.cache_key, name);
    memcpy(key + sizeof(site) + name, in->password.text, in->password.len);
    /* Waiting for the hash of another request occupies a thread, so it counts as waiting for a turn to hash. */
    waits = !site->hash_limit || um_concurrency_limit_join(site->hash_limit, who);
    longest = waits ? apr_time_from_sec(ctx->settings->hash_wait) + HASH_TAKES : 0;
    is_first = um_single_flight_begin(site->single_flight, &part, key, len, longest, UM_BUSY, &status);
    if (waits && site->hash_limit) {
        um_concurrency_limit_part(site->hash_limit, who);
    }
    if (is_first) {
        status = (int)hash(ctx, in, found);
        um_single_flight_end(site->single_flight, &part, status | ctx->reason << REASON_SHIFT);
    }
    else if ((status & STATUS_MASK) == UM_THROTTLED) {
        /* The other request may have come from another address. This one is counted by its own. */
        status = (int)hash(ctx, in, found);
    }
    else if ((status & STATUS_MASK) != UM_OK) {
        ctx->reason = status >> REASON_SHIFT;
        status &= STATUS_MASK;
        ctx->cause = status == UM_BUSY ? "too many passwords wait to be hashed"
                                      : "found by another request with the same name and password";
        ctx->is_logged = 1;
    }
    else if ((status = (int)find_cached(ctx, in, found)) == UM_ABSENT) {
        status = (int)hash(ctx, in, found);
    }
    um_wipe(key, len);
    return (um_status_e)status;
}

/* Refuses without a hash what no account can have. It counts for the address like a wrong password: otherwise a client
 * could try it, and have a line logged, as often as it likes. Not for the name: some clients ask first without a
 * password. */
static um_status_e refuse_impossible(um_ctx_t *ctx, um_status_e status, um_reason_e reason, const char *cause)
{
    um_throttle_uses_t uses;

    if (um_throttle_take_sign_in(ctx, NULL, &uses) != UM_OK) {
        return UM_THROTTLED;
    }
    ctx->cause = cause;
    ctx->reason = reason;
    return status;
}

static um_status_e find_caller(um_ctx_t *ctx, const char *username, um_secret_t password, um_basic_t *found)
{
    credentials_t in = { .username = username, .password = password };
    um_status_e status;

    *found = (um_basic_t){ NULL, 0 };
    if (!um_login_name_read(ctx, username, &in.name)) {
        return refuse_impossible(ctx, UM_ABSENT, UM_REASON_UNKNOWN_NAME, "no account can have such a name");
    }
    /* Before the cache: otherwise the answer would tell a guesser that a password is one that was right a moment ago.
     * */
    status = um_throttle_peek_sign_in(ctx, in.name.key);
    if (status == UM_OK && !can_be_password(ctx, password)) {
        return refuse_impossible(ctx, UM_INVALID, UM_REASON_WRONG_PASSWORD, "no account can have such a password");
    }
    if (status == UM_OK) {
        status = find_cached(ctx, &in, found);
    }
    if (status != UM_ABSENT) {
        return status;
    }
    return ctx->site->single_flight && ctx->settings->basic_cache ? hash_together(ctx, &in, found)
                                                                  : hash(ctx, &in, found);
}

/* A password that was verified a moment ago is no sign-in: browsers send it with each request. */
um_status_e um_basic_caller(um_ctx_t *ctx, const char *username, um_secret_t password, um_basic_t *found)
{
    um_status_e status = find_caller(ctx, username, password, found);

    if (status != UM_OK || found->hashed) {
        um_event_t *event = um_event_named(ctx, UM_EVENT_SIGN_IN, username);

        event->user_id = status == UM_OK ? found->identity->user_id : ctx->subject;
        um_event_settle_status(ctx, event, status);
    }
    return status;
}
