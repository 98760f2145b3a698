/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "basic.h"
#include "identity.h"
#include "log_limit.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_request.h>
#include <mod_auth.h>
#include <mod_core.h>
#include <string.h>
#include <strings.h>

static authn_status accept_caller(request_rec *r, const um_basic_t *found)
{
    /* The name as it is stored, because Require user compares that spelling. */
    r->user = apr_pstrdup(r->pool, found->identity->username);
    um_request_set_identity(r, found->identity);
    if (found->hashed) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "UM411: verified the password of %s", found->identity->user_id);
    }
    return AUTH_GRANTED;
}

static authn_status refuse_password(request_rec *r, um_ctx_t *ctx, const char *username, authn_status status)
{
    const char *type = ap_auth_type(r);

    /* mod_auth_basic asks the next provider when the name does not exist here. The status that mod_auth_form gives
     * depends on its pages, so the line is logged now. */
    if (status == AUTH_USER_NOT_FOUND && type && strcasecmp(type, "Basic") == 0) {
        um_login_failure_log_if_final(r, ctx, username);
        um_audit_keep(r, ctx);
    }
    else {
        um_login_failure_log(r, ctx, username);
    }
    return status;
}

static authn_status fail_unverified(request_rec *r, const um_ctx_t *ctx, int level)
{
    ap_log_rerror(APLOG_MARK, ctx->is_logged ? APLOG_DEBUG : level, 0, r, "UM415: a password could not be verified: %s",
                  ctx->cause);
    um_failure_note(r, HTTP_SERVICE_UNAVAILABLE, 0);
    return AUTH_GENERAL_ERROR;
}

static authn_status verify_password(request_rec *r, um_ctx_t *ctx, const char *username, const char *password)
{
    um_basic_t found;

    switch (um_basic_caller(ctx, username, (um_secret_t){ password, strlen(password) }, &found)) {
    case UM_OK:
        return accept_caller(r, &found);
    case UM_ABSENT:
        return refuse_password(r, ctx, username, AUTH_USER_NOT_FOUND);
    case UM_INVALID:
        return refuse_password(r, ctx, username, AUTH_DENIED);
    case UM_THROTTLED:
        um_client_address_log_throttled(r, ctx);
        um_failure_note(r, HTTP_TOO_MANY_REQUESTS, ctx->retry_after);
        return AUTH_GENERAL_ERROR;
    case UM_BUSY:
        return fail_unverified(r, ctx, APLOG_WARNING);
    default:
        return fail_unverified(r, ctx, APLOG_ERR);
    }
}

/* The status that the answer will have, if no other provider knows the name. */
static int status_of(const request_rec *r, authn_status status)
{
    const um_request_t *record = um_request_get(r);

    return status == AUTH_GRANTED ? HTTP_OK : status != AUTH_GENERAL_ERROR ? HTTP_UNAUTHORIZED
           : record && record->failed ? record->failed : HTTP_INTERNAL_SERVER_ERROR;
}

static authn_status check_password(request_rec *r, const char *username, const char *password)
{
    um_server_t *server = um_server_of(r->server);
    apr_int64_t began = um_monotonic_us();
    authn_status status;
    um_ctx_t ctx;

    if (!server->site) {
        ap_log_rerror(APLOG_MARK, um_log_limit_allows(server->misplaced_log) ? APLOG_ERR : APLOG_DEBUG, 0, r,
                      "UM413: the provider usermgmt needs UserMgmtSigningKey and a database for this host");
        return AUTH_GENERAL_ERROR;
    }
    if (server->settings.require_tls && !um_tls_is_on_or_local(r)) {
        ap_log_rerror(APLOG_MARK, um_log_limit_allows(server->misplaced_log) ? APLOG_WARNING : APLOG_DEBUG, 0, r,
                      "UM414: a password that came in clear text was not verified (UserMgmtRequireTLS)");
        um_failure_note(r, HTTP_FORBIDDEN, 0);
        return AUTH_GENERAL_ERROR;
    }
    um_ctx_init(&ctx, r->pool, server->site, apr_time_now());
    um_audit_describe(&ctx, r);
    um_client_address_set(r, &ctx);
    status = verify_password(r, &ctx, username, password);
    if (status != AUTH_GRANTED) {
        um_request_id_send(r);
    }
    um_request_metrics_note(server, UM_REQUEST_BASIC, UM_REQUEST_KIND_BASIC, status_of(r, status), began);
    um_audit_write(server, &ctx);
    return status;
}

static const authn_provider provider = { check_password, NULL };

void um_auth_basic_register(apr_pool_t *pool)
{
    ap_register_auth_provider(pool, AUTHN_PROVIDER_GROUP, "usermgmt", AUTHN_PROVIDER_VERSION, &provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}
