/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include "caller_cache.h"
#include "core_settings.h"
#include "event.h"
#include "random.h"
#include "store.h"
#include "store_user.h"
#include "token.h"

#include <apr_strings.h>
#include <string.h>

/* Enough for people to recognise a session. */
#define MAX_USER_AGENT 255

/* Headers may contain bytes that are not UTF-8, which PostgreSQL refuses. So only printable ASCII is kept. */
const char *um_session_plain(apr_pool_t *pool, const char *text)
{
    char *copy = apr_pstrndup(pool, text ? text : "", MAX_USER_AGENT);

    for (char *c = copy; *c; c++) {
        if (*c < ' ' || *c > '~') {
            *c = '?';
        }
    }
    return copy;
}

apr_int64_t um_session_until(const um_ctx_t *ctx, apr_int64_t seconds, apr_int64_t ends_at)
{
    apr_int64_t until = um_ctx_seconds(ctx) + seconds;

    return until < ends_at ? until : ends_at;
}

um_status_e um_session_make(um_ctx_t *ctx, const um_user_t *user, um_session_new_t *session)
{
    apr_int64_t now = um_ctx_seconds(ctx);
    apr_int64_t ends_at = now + ctx->settings->session_lifetime;
    const char *id;

    if (um_random_uuid(ctx->pool, ctx->now, &id) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    session->record = (um_session_t){
        .id = id,
        .user_id = user->id,
        .user_version = user->version,
        .created_at = now,
        .expires_at = um_session_until(ctx, ctx->settings->token_lifetime, ends_at),
        .ends_at = ends_at,
        .address = um_session_plain(ctx->pool, ctx->address),
        .user_agent = um_session_plain(ctx->pool, ctx->user_agent),
        .family_hash = "",
        .refresh_hash = "",
    };
    session->refresh_token = NULL;
    session->token_expires_at = session->record.expires_at;
    return um_token_issue(ctx, user, id, session->token_expires_at, &session->token);
}

um_status_e um_session_open(um_ctx_t *ctx, const um_session_new_t *session)
{
    um_store_call_t call = um_ctx_store(ctx);
    int done;

    if (um_store_session_insert(&call, &session->record, &done) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return done ? UM_OK : UM_BAD_TOKEN;
}

um_status_e um_session_verdict(um_ctx_t *ctx, um_status_e verdict)
{
    if (verdict != UM_OK) {
        ctx->cause = verdict == UM_INACTIVE ? "the account is inactive" : "the session has ended";
    }
    return verdict;
}

um_status_e um_session_judge(um_ctx_t *ctx, const um_session_state_t *state, const char *user_id)
{
    if (!state->user || strcmp(state->user->id, user_id) != 0) {
        return um_session_verdict(ctx, UM_BAD_TOKEN);
    }
    if (!state->user->is_active) {
        return um_session_verdict(ctx, UM_INACTIVE);
    }
    return um_session_verdict(ctx, state->is_valid && state->expires_at > um_ctx_seconds(ctx) ? UM_OK : UM_BAD_TOKEN);
}

um_status_e um_session_list(um_ctx_t *ctx, const char *user_id, apr_array_header_t **sessions)
{
    um_store_call_t call = um_ctx_store(ctx);

    return um_store_session_list(&call, user_id, um_ctx_seconds(ctx), UM_SESSION_LIST_MAX, sessions) == APR_SUCCESS
           ? UM_OK : um_ctx_unavailable(ctx, &call);
}

um_status_e um_session_end(um_ctx_t *ctx, const char *user_id, const char *session_id, int is_reused)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = um_event_add(ctx, is_reused ? UM_EVENT_REFRESH_REUSED : UM_EVENT_SESSION_ENDED, user_id);
    apr_status_t rv;
    int done;

    event->session_id = session_id;
    call.event = um_event_row(ctx, event);
    rv = um_store_session_end(&call, session_id, user_id, um_ctx_seconds(ctx), &done);
    um_event_settle(event, rv, done);
    um_caller_cache_invalidate(ctx, user_id);
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return done ? UM_OK : UM_ABSENT;
}

um_status_e um_session_end_all(um_ctx_t *ctx, const char *user_id)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = um_event_add(ctx, UM_EVENT_SESSIONS_ENDED, user_id);
    const char *version;
    apr_status_t rv;
    int done;

    if (um_random_uuid(ctx->pool, ctx->now, &version) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    call.event = um_event_row(ctx, event);
    rv = um_store_session_end_all(&call, user_id, version, um_ctx_seconds(ctx), &done);
    um_event_settle(event, rv, done);
    um_caller_cache_invalidate(ctx, user_id);
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return done ? UM_OK : UM_ABSENT;
}
