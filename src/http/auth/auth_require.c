/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "claims.h"
#include "identity.h"
#include "module.h"

#include <ap_expr.h>
#include <ap_provider.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_request.h>
#include <mod_auth.h>
#include <string.h>
#include <strings.h>

/* --- parsing the line; an argument may contain %{...}, which is evaluated with each request --- */

static const char *parse_expression(cmd_parms *cmd, const char *line, const void **parsed)
{
    const char *fault = NULL;

    *parsed = ap_expr_parse_cmd(cmd, line, AP_EXPR_FLAG_STRING_RESULT, &fault, NULL);
    return fault ? apr_pstrcat(cmd->pool, "Cannot parse the expression in Require: ", fault, NULL) : NULL;
}

static const char *parse_group(cmd_parms *cmd, const char *line, const void **parsed)
{
    return *line ? parse_expression(cmd, line, parsed) : "Require usermgmt-group needs the name of a group";
}

static const char *parse_staff(cmd_parms *cmd, const char *line, const void **parsed)
{
    (void)cmd;
    *parsed = NULL;
    return *line ? "Require usermgmt-staff takes no arguments" : NULL;
}

static const char *parse_claim(cmd_parms *cmd, const char *line, const void **parsed)
{
    const char *rest = line;

    do {
        const char *word = ap_getword_conf(cmd->temp_pool, &rest);

        if (!*word || (!strchr(word, ':') && !strchr(line, '%')) || *word == ':') {
            return "Require usermgmt-claim needs claims as NAME:VALUE";
        }
    } while (*rest);
    return parse_expression(cmd, line, parsed);
}

/* --- checking --- */

/* Whether authentication is still to come: httpd evaluates Require once before it. By then another module may have set
 * r->user with an AuthType of its own, as mod_ssl does for SSLUserName. A module that authenticates for the AuthType of
 * this directory sets that type. */
static int is_unauthenticated(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return !um_request_identity(r)
           && (!r->user || (type && (!r->ap_auth_type || strcasecmp(type, r->ap_auth_type) != 0)));
}

typedef int has_fn(const request_rec *r, const um_identity_t *identity, const void *baton, const char *word);

/* Whether has() is true for one of the words. An error is not "denied", because "Require not" would make "granted" of
 * it. */
static authz_status any_of(request_rec *r, const void *parsed, has_fn *has, const void *baton)
{
    const um_identity_t *identity = um_request_identity(r);
    const char *fault = NULL;
    const char *words;

    if (is_unauthenticated(r)) {
        return AUTHZ_DENIED_NO_USER;
    }
    words = ap_expr_str_exec(r, parsed, &fault);
    if (fault) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "UM405: an expression in Require could not be evaluated: %s", fault);
        return AUTHZ_GENERAL_ERROR;
    }
    while (identity && words && *words) {
        if (has(r, identity, baton, ap_getword_conf(r->pool, &words))) {
            return AUTHZ_GRANTED;
        }
    }
    return AUTHZ_DENIED;
}

static int in_group(const request_rec *r, const um_identity_t *identity, const void *baton, const char *word)
{
    (void)r;
    (void)baton;
    return um_identity_in_group(identity, word);
}

static authz_status check_group(request_rec *r, const char *line, const void *parsed)
{
    (void)line;
    return any_of(r, parsed, in_group, NULL);
}

static authz_status check_staff(request_rec *r, const char *line, const void *parsed)
{
    const um_identity_t *identity = um_request_identity(r);

    (void)line;
    (void)parsed;
    if (is_unauthenticated(r)) {
        return AUTHZ_DENIED_NO_USER;
    }
    return identity && identity->is_staff ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static int has_claim(const request_rec *r, const um_identity_t *identity, const void *baton, const char *word)
{
    const char *value = strchr(word, ':');

    (void)identity;
    return value && um_claims_has(r->pool, baton, apr_pstrmemdup(r->pool, word, (apr_size_t)(value - word)), value + 1);
}

/* A caller who was authenticated by password has no claims. */
static authz_status check_claim(request_rec *r, const char *line, const void *parsed)
{
    const char *token = um_request_token(r);
    const um_json_t *claims = token ? um_claims_of(r->pool, token) : NULL;

    (void)line;
    if (!is_unauthenticated(r) && !claims) {
        return AUTHZ_DENIED;
    }
    return any_of(r, parsed, has_claim, claims);
}

void um_auth_require_register(apr_pool_t *pool)
{
    static const authz_provider group = { check_group, parse_group };
    static const authz_provider staff = { check_staff, parse_staff };
    static const authz_provider claim = { check_claim, parse_claim };

    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "usermgmt-group", AUTHZ_PROVIDER_VERSION, &group,
                              AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "usermgmt-staff", AUTHZ_PROVIDER_VERSION, &staff,
                              AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "usermgmt-claim", AUTHZ_PROVIDER_VERSION, &claim,
                              AP_AUTH_INTERNAL_PER_CONF);
}
