/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "claims.h"
#include "identity.h"
#include "module.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

/* A token that cannot be verified makes the expression fail. If it counted as no caller, "Require not" would let the
 * request pass. */
static const um_auth_token_t *verified_token(ap_expr_eval_ctx_t *ctx)
{
    const um_auth_token_t *found = um_auth_of(ctx->r);

    if (found->state == UM_AUTH_UNAVAILABLE) {
        *ctx->err = "the token could not be verified";
        ap_log_rerror(APLOG_MARK, found->is_logged ? APLOG_DEBUG : APLOG_ERR, 0, ctx->r,
                      "UM421: a token that an expression needs could not be verified: %s",
                      found->cause ? found->cause : "-");
    }
    return found;
}

static const um_identity_t *identity_of(ap_expr_eval_ctx_t *ctx)
{
    const um_identity_t *identity = ctx->r ? um_request_identity(ctx->r) : NULL;

    return identity || !ctx->r ? identity : verified_token(ctx)->identity;
}

/* data is the attribute. */
static const char *attribute_value(ap_expr_eval_ctx_t *ctx, const void *data)
{
    const um_identity_t *identity = identity_of(ctx);

    return identity ? um_identity_attribute_value(data, identity) : "";
}

static const char *claim(ap_expr_eval_ctx_t *ctx, const void *data, const char *name)
{
    const char *token = NULL;
    const um_json_t *claims;
    const char *value;

    (void)data;
    if (ctx->r) {
        token = um_request_identity(ctx->r) ? um_request_token(ctx->r) : verified_token(ctx)->token;
    }
    claims = token ? um_claims_of(ctx->p, token) : NULL;
    value = claims ? um_claims_text(ctx->p, claims, name) : NULL;
    return value ? value : "";
}

static apr_array_header_t *groups(ap_expr_eval_ctx_t *ctx, const void *data, const char *unused)
{
    const um_identity_t *identity = identity_of(ctx);
    apr_array_header_t *names = apr_array_make(ctx->p, 4, sizeof(char *));
    const char *all = identity ? identity->groups : "";

    (void)data;
    (void)unused;
    while (*all) {
        APR_ARRAY_PUSH(names, char *) = ap_getword(ctx->p, &all, ',');
    }
    return names;
}

static int variable(ap_expr_lookup_parms *parms)
{
    const um_identity_attribute_t *attribute;

    for (unsigned i = 0; (attribute = um_identity_attribute_at(i)) != NULL; i++) {
        if (strcasecmp(parms->name, attribute->variable) == 0) {
            *parms->func = (const void *)attribute_value;
            *parms->data = attribute;
            return OK;
        }
    }
    return DECLINED;
}

int um_auth_expr_lookup(ap_expr_lookup_parms *parms)
{
    switch (parms->type) {
    case AP_EXPR_FUNC_VAR:
        return variable(parms);
    case AP_EXPR_FUNC_STRING:
        if (strcasecmp(parms->name, "usermgmt_claim") == 0) {
            *parms->func = (const void *)claim;
            *parms->data = NULL;
            return OK;
        }
        return DECLINED;
    case AP_EXPR_FUNC_LIST:
        if (strcasecmp(parms->name, "usermgmt_groups") == 0) {
            *parms->func = (const void *)groups;
            *parms->data = NULL;
            return OK;
        }
        return DECLINED;
    default:
        return DECLINED;
    }
}
