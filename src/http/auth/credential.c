/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"

#include "authenticate.h"
#include "failure.h"
#include "module.h"
#include "request.h"

static void verify(request_rec *r, um_credential_t *seen, const char *token, const um_csrf_request_t *ask)
{
    um_caller_t caller;
    um_ctx_t ctx;

    if (seen->source->kind == UM_TOKEN_SOURCE_COOKIE
        && !(ask ? um_csrf_allows_as(r, ask) : um_csrf_allows(r))) {
        seen->state = UM_CREDENTIAL_FOREIGN;
        return;
    }
    /* Not the time of the request's first line: whoever sends the rest slowly would have the past's rights. */
    um_ctx_init(&ctx, r->pool, um_server_of(r->server)->site, apr_time_now());
    switch (um_authenticate(&ctx, token, UM_CACHED, &caller)) {
    case UM_OK:
        seen->identity = caller.identity;
        seen->state = UM_CREDENTIAL_GOOD;
        seen->token = token;
        um_request_show(r, seen->source->kind);
        return;
    case UM_BAD_TOKEN:
    case UM_INACTIVE:
        seen->state = UM_CREDENTIAL_BAD;
        break;
    default:
        seen->state = UM_CREDENTIAL_UNAVAILABLE;
        um_failure_note(r, HTTP_SERVICE_UNAVAILABLE);
        break;
    }
    seen->cause = ctx.cause;
    seen->known = ctx.known;
}

/* Whether the request that r belongs to has shown a good one there. It may be gone from the headers since. */
static int adopt(request_rec *r, um_credential_t *seen)
{
    for (const request_rec *from = um_request_parent(r); from; from = um_request_parent(from)) {
        const um_request_t *known = um_request_look(from);

        if (known && known->credential.state == UM_CREDENTIAL_GOOD
            && um_token_source_same(known->credential.source, seen->source)) {
            seen->state = UM_CREDENTIAL_GOOD;
            seen->token = known->credential.token;
            seen->identity = known->credential.identity;
            um_request_show(r, seen->source->kind);
            return 1;
        }
    }
    return 0;
}

/* Whether the place decides. */
static int try(request_rec *r, um_credential_t *seen, const um_csrf_request_t *ask)
{
    const char *token;

    if (adopt(r, seen)) {
        return 1;
    }
    switch (um_token_source_find(r, seen->source, &token)) {
    case UM_BEARER_FOUND:
        verify(r, seen, token, ask);
        return 1;
    case UM_BEARER_NONE:
    case UM_BEARER_EMPTY:
        return 0;
    case UM_BEARER_TWICE:
        seen->state = UM_CREDENTIAL_MALFORMED;
        return 1;
    case UM_BEARER_SPACES:
    case UM_BEARER_CHARACTERS:
        break;
    }
    seen->state = UM_CREDENTIAL_BAD;
    seen->cause = "it has not the form of a token";
    return 1;
}

const um_credential_t *um_credential_look(request_rec *r, const apr_array_header_t *sources,
                                          const um_csrf_request_t *ask)
{
    um_credential_t *seen = &um_request_judge(r)->credential;

    if (seen->sources == sources) {
        return seen;
    }
    *seen = (um_credential_t){ .state = UM_CREDENTIAL_NONE, .sources = sources };
    for (int i = 0; i < sources->nelts; i++) {
        seen->source = &APR_ARRAY_IDX(sources, i, um_token_source_t);
        if (try(r, seen, ask)) {
            return seen;
        }
    }
    seen->source = NULL;
    return seen;
}

const um_credential_t *um_credential_of(request_rec *r)
{
    static const um_credential_t none = { .state = UM_CREDENTIAL_NONE };
    static um_token_source_t proxy = { UM_TOKEN_SOURCE_PROXY, NULL };
    static const apr_array_header_t for_proxies = { NULL, sizeof(proxy), 1, 1, (char *)&proxy };

    if (!um_server_of(r->server)->site) {
        return &none;
    }
    return um_credential_look(r, um_request_is_forward(r) ? &for_proxies : um_dir_config_of(r)->sources, NULL);
}
