/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "auth.h"
#include "identity.h"
#include "module.h"

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

static const um_auth_token_t *authenticate(um_call_t *call)
{
    static um_token_source_t sources[] = { { UM_TOKEN_SOURCE_HEADER, NULL }, { UM_TOKEN_SOURCE_COOKIE, NULL } };
    static const apr_array_header_t usual = { NULL, sizeof(sources[0]), 2, 2, (char *)sources };
    const um_dir_config_t *dir = um_dir_config_of(call->r);
    um_csrf_request_t request = forwarded_request(call);

    return um_auth_at(call->r, dir->is_set[UM_DIR_UserMgmtTokenSource] ? dir->sources : &usual, &request);
}

/* --- answers --- */

static int allow(um_call_t *call, const um_identity_t *identity)
{
    apr_table_t *headers = call->r->headers_out;
    unsigned which = um_dir_config_of(call->r)->identity_headers;

    if (!um_identity_set_headers(call->r, headers, identity, which ? which : um_identity_attribute_headers_on())) {
        return um_reply_detail(call, HTTP_INTERNAL_SERVER_ERROR, UM_MESSAGE_SERVER_ERROR);
    }
    apr_table_setn(headers, "Remote-User", um_identity_printable(call->ctx.pool, identity->username));
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
    const um_auth_token_t *found = authenticate(call);

    call->ctx.cause = found->cause;
    call->ctx.is_logged = found->is_logged;
    switch (found->state) {
    case UM_AUTH_VALID:
        return check_demand(call, found->identity);
    case UM_AUTH_NONE:
        return um_reply_unauthorized(call, NULL, UM_MESSAGE_NOT_AUTHENTICATED);
    case UM_AUTH_INVALID:
        return um_reply_status(call, UM_BAD_TOKEN);
    case UM_AUTH_AMBIGUOUS:
        /* nginx takes a 4xx other than 401 and 403 for a failure of this server. */
        return um_reply_unauthorized(call, "invalid_request", UM_MESSAGE_TOKENS_SEVERAL);
    case UM_AUTH_CROSS_SITE:
        return um_reply_csrf_failed(call);
    case UM_AUTH_FOUND:
    case UM_AUTH_UNAVAILABLE:
        break;
    }
    return um_reply_status(call, UM_UNAVAILABLE);
}
