/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"
#include "credential.h"
#include "csrf.h"
#include "identity.h"
#include "identity_headers_set.h"
#include "module.h"
#include "tls.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

/* --- rights that the query demands --- */

typedef struct demand_t {
    int groups;                 /* number of groups that the query names */
    int in_group;               /* the caller is in one of them */
    int staff;                  /* the caller must be staff */
} demand_t;

/* Reads the query. 0: it is not understood; a mistyped demand must not be ignored. */
static int read_demand(um_call_t *call, const um_identity_t *identity, demand_t *demand)
{
    const char *rest = call->r->args;

    *demand = (demand_t){ 0, 0, 0 };
    while (rest && *rest) {
        char *name = ap_getword(call->ctx.pool, &rest, '&');
        char *value = strchr(name, '=');

        if (value) {
            *value++ = '\0';
        }
        if (value && strcmp(name, "group") == 0 && ap_unescape_urlencoded(value) == OK && *value) {
            demand->groups++;
            demand->in_group |= identity && um_identity_in_group(identity, value);
        }
        else if (value && strcmp(name, "staff") == 0 && strcmp(value, "1") == 0) {
            demand->staff = 1;
        }
        else {
            return 0;
        }
    }
    return 1;
}

/* --- the request that the proxy asks about --- */

/* The last of several values, because the proxy that asks has appended it. Earlier values came with the request of its
 * client, and cannot be trusted. An empty value is neither a method nor a host. */
static const char *forwarded(const um_call_t *call, const char *name)
{
    const char *value = apr_table_get(call->r->headers_in, name);
    const char *comma = value ? strrchr(value, ',') : NULL;

    return comma ? comma + 1 + strspn(comma + 1, " \t") : value;
}

/* The request about which the proxy asks. */
static um_csrf_request_t forwarded_request(const um_call_t *call)
{
    const char *host = forwarded(call, "X-Forwarded-Host");
    const char *method = forwarded(call, "X-Forwarded-Method");
    const char *scheme = forwarded(call, "X-Forwarded-Proto");

    return (um_csrf_request_t){
        /* An unknown method may be one that changes something. */
        .method = method ? method : "-",
        .host = host ? host : apr_table_get(call->r->headers_in, "Host"),
        .is_tls = scheme ? strcasecmp(scheme, "https") == 0 : um_tls_is_on(call->r),
    };
}

static const um_credential_t *find_credential(um_call_t *call)
{
    static um_token_source_t usual[] = { { UM_TOKEN_SOURCE_HEADER, NULL }, { UM_TOKEN_SOURCE_COOKIE, NULL } };
    const um_dir_config_t *dir = um_dir_config_of(call->r);
    um_csrf_request_t ask = forwarded_request(call);
    apr_array_header_t *sources;

    if (dir->is_set[UM_DIR_UserMgmtTokenSource]) {
        return um_credential_look(call->r, dir->sources, &ask);
    }
    sources = apr_array_make(call->ctx.pool, 2, sizeof(um_token_source_t));
    APR_ARRAY_PUSH(sources, um_token_source_t) = usual[0];
    APR_ARRAY_PUSH(sources, um_token_source_t) = usual[1];
    return um_credential_look(call->r, sources, &ask);
}

/* --- answers --- */

static int allow(um_call_t *call, const um_identity_t *identity)
{
    apr_table_t *headers = call->r->headers_out;

    unsigned which = um_dir_config_of(call->r)->identity_headers;

    if (!um_identity_headers_set(call->r, headers, identity, which ? which : um_identity_attribute_headers_on())) {
        return um_reply_detail(call, HTTP_INTERNAL_SERVER_ERROR, UM_MESSAGE_SERVER_ERROR);
    }
    apr_table_setn(headers, "Remote-User", um_identity_headers_printable(call->ctx.pool, identity->username));
    return um_reply_json(call, HTTP_NO_CONTENT, NULL);
}

static int check_demand(um_call_t *call, const um_identity_t *identity)
{
    demand_t demand;

    if (!read_demand(call, identity, &demand)) {
        return um_reply_detail(call, HTTP_BAD_REQUEST, UM_MESSAGE_QUERY_INVALID);
    }
    if ((demand.groups && !demand.in_group) || (demand.staff && !identity->is_staff)) {
        return um_reply_status(call, UM_DENIED);
    }
    return allow(call, identity);
}

int um_api_forward_auth(um_call_t *call)
{
    const um_credential_t *shown = find_credential(call);

    call->ctx.cause = shown->cause;
    call->ctx.known = shown->known;
    switch (shown->state) {
    case UM_CREDENTIAL_GOOD:
        return check_demand(call, shown->identity);
    case UM_CREDENTIAL_NONE:
        return um_reply_unauthorized(call, NULL, UM_MESSAGE_NOT_AUTHENTICATED);
    case UM_CREDENTIAL_BAD:
        return um_reply_status(call, UM_BAD_TOKEN);
    case UM_CREDENTIAL_MALFORMED:
        /* nginx takes a 4xx other than 401 and 403 for a failure of this server. */
        return um_reply_unauthorized(call, "invalid_request", UM_MESSAGE_TOKENS_SEVERAL);
    case UM_CREDENTIAL_FOREIGN:
        return um_reply_csrf_failed(call);
    case UM_CREDENTIAL_UNAVAILABLE:
        break;
    }
    return um_reply_status(call, UM_UNAVAILABLE);
}
