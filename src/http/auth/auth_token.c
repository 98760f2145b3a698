/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "authenticate.h"
#include "browser.h"
#include "module.h"

/* --- finding --- */

/* The valid token that a request to which r belongs had at this source; NULL: none. It may have been removed since from
 * the headers that r shares with that request. */
static const um_auth_token_t *find_earlier(const request_rec *r, const um_token_source_t *source)
{
    for (r = um_request_parent(r); r; r = um_request_parent(r)) {
        const um_request_t *record = um_request_get(r);

        if (record && record->token.state == UM_AUTH_VALID && um_token_source_same(record->token.source, source)) {
            return &record->token;
        }
    }
    return NULL;
}

/* Whether found->source decides. */
static int find_at_source(const request_rec *r, const um_csrf_request_t *request, um_auth_token_t *found)
{
    const um_auth_token_t *earlier = find_earlier(r, found->source);
    const char *token = NULL;

    found->form = earlier ? UM_BEARER_FOUND : um_token_extract(r, found->source, &token);
    found->token = token;
    switch (found->form) {
    case UM_BEARER_FOUND:
        if (earlier) {
            found->state = UM_AUTH_VALID;
            found->token = earlier->token;
            found->identity = earlier->identity;
        }
        else if (found->source->kind == UM_TOKEN_SOURCE_COOKIE && !um_csrf_allows(r, request)) {
            found->state = UM_AUTH_CROSS_SITE;
            found->token = NULL;
        }
        else {
            found->state = UM_AUTH_FOUND;
        }
        return 1;
    case UM_BEARER_NONE:
    case UM_BEARER_EMPTY:
        return 0;
    case UM_BEARER_TWICE:
        found->state = UM_AUTH_AMBIGUOUS;
        return 1;
    case UM_BEARER_SPACES:
    case UM_BEARER_CHARACTERS:
        break;
    }
    found->state = UM_AUTH_INVALID;
    found->cause = "it does not have the form of a token";
    return 1;
}

void um_auth_find(const request_rec *r, const apr_array_header_t *sources, const um_csrf_request_t *request,
                  um_auth_token_t *found)
{
    *found = (um_auth_token_t){ .state = UM_AUTH_NONE, .form = UM_BEARER_NONE, .sources = sources };
    for (int i = 0; i < sources->nelts; i++) {
        found->source = &APR_ARRAY_IDX(sources, i, um_token_source_t);
        if (find_at_source(r, request, found)) {
            return;
        }
    }
    found->source = NULL;
}

/* --- verifying --- */

static void verify(request_rec *r, um_auth_token_t *found)
{
    um_caller_t caller;
    um_ctx_t ctx;

    /* The time of the check, not r->request_time: a client that sends its request slowly must not use a token that was
     * revoked meanwhile. */
    um_ctx_init(&ctx, r->pool, um_server_of(r->server)->site, apr_time_now());
    switch (um_authenticate(&ctx, found->token, UM_CACHED, &caller)) {
    case UM_OK:
        found->state = UM_AUTH_VALID;
        found->identity = caller.identity;
        um_request_show(r, found->source->kind);
        return;
    case UM_BAD_TOKEN:
    case UM_INACTIVE:
        found->state = UM_AUTH_INVALID;
        break;
    default:
        found->state = UM_AUTH_UNAVAILABLE;
        um_failure_note(r, HTTP_SERVICE_UNAVAILABLE, 0);
        break;
    }
    found->token = NULL;
    found->cause = ctx.cause;
    found->is_logged = ctx.is_logged;
}

/* --- renewing --- */

static int is_cookie(const um_token_source_t *source, int is_own)
{
    return source && source->kind == UM_TOKEN_SOURCE_COOKIE && !(is_own && source->name);
}

const um_token_source_t *um_auth_missing_cookie(const um_auth_token_t *found, int is_own)
{
    if (found->state == UM_AUTH_INVALID) {
        return is_cookie(found->source, is_own) ? found->source : NULL;
    }
    for (int i = 0; found->state == UM_AUTH_NONE && i < found->sources->nelts; i++) {
        const um_token_source_t *source = &APR_ARRAY_IDX(found->sources, i, um_token_source_t);

        if (is_cookie(source, is_own)) {
            return source;
        }
    }
    return NULL;
}

static void renew_session(request_rec *r, um_auth_token_t *found)
{
    const um_token_source_t *source = um_auth_missing_cookie(found, 1);
    const um_renewal_t *renewal = source ? um_renewal_of(r) : NULL;

    if (!renewal || renewal->status == UM_ABSENT) {
        return;
    }
    *found = (um_auth_token_t){ .state = UM_AUTH_NONE, .form = UM_BEARER_NONE, .sources = found->sources };
    switch (renewal->status) {
    case UM_OK:
        found->state = UM_AUTH_FOUND;
        found->form = UM_BEARER_FOUND;
        found->source = source;
        found->token = renewal->token;
        verify(r, found);
        break;
    case UM_BAD_TOKEN:
    case UM_INACTIVE:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "UM406: a session was not renewed: %s",
                      renewal->cause ? renewal->cause : "-");
        break;
    default:
        found->state = UM_AUTH_UNAVAILABLE;
        found->cause = renewal->cause;
        found->retry_after = renewal->status == UM_THROTTLED ? renewal->retry_after : 0;
        found->is_logged = renewal->is_logged || found->retry_after;
        um_failure_note(r, found->retry_after ? HTTP_TOO_MANY_REQUESTS : HTTP_SERVICE_UNAVAILABLE,
                        found->retry_after);
        break;
    }
}

const um_auth_token_t *um_auth_at(request_rec *r, const apr_array_header_t *sources, const um_csrf_request_t *request)
{
    um_auth_token_t *found = &um_request_begin(r)->token;

    /* What was found for r itself, as for an expression, has not passed the CSRF check of another request. */
    if (found->sources == sources && !request) {
        return found;
    }
    um_auth_find(r, sources, request, found);
    if (found->state == UM_AUTH_FOUND) {
        verify(r, found);
    }
    if (!request && (found->state == UM_AUTH_NONE || found->state == UM_AUTH_INVALID)) {
        renew_session(r, found);
    }
    return found;
}

const um_auth_token_t *um_auth_of(request_rec *r)
{
    static const um_auth_token_t none = { .state = UM_AUTH_NONE, .form = UM_BEARER_NONE };
    static um_token_source_t proxy = { UM_TOKEN_SOURCE_PROXY, NULL };
    static const apr_array_header_t for_proxies = { NULL, sizeof(proxy), 1, 1, (char *)&proxy };

    if (!um_server_of(r->server)->site) {
        return &none;
    }
    return um_auth_at(r, um_request_is_forward(r) ? &for_proxies : um_dir_config_sources(um_dir_config_of(r)), NULL);
}
