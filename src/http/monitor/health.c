/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this httpd can serve: each check by itself, so that a person sees at once what is wrong. The answer has no
 * more than these words; the reasons are in the log. */
#include "monitor.h"

#include "json.h"
#include "keyring.h"
#include "log_limit.h"
#include "mail_admin.h"
#include "module.h"
#include "schema.h"
#include "store.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#define HANDLER "usermgmt-health"

/* A monitor asks every few seconds, so what stays wrong is logged once in this time. */
#define LOG_SECONDS 60

typedef enum { DATABASE, SCHEMA, KEY, MAIL, CHECKS } check_e;

static const char *const names[] = { "database", "schema", "key", "mail" };

typedef struct health_t {
    request_rec *r;
    um_ctx_t ctx;
    const char *result[CHECKS];
    int is_failed;
} health_t;

/* why: for the log; NULL: it is there already. */
static void fail_check(health_t *health, check_e check, const char *why)
{
    static um_log_limit_t limits[CHECKS];

    health->result[check] = "failed";
    health->is_failed = 1;
    if (why && um_log_limit_allows_after(&limits[check], LOG_SECONDS)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, health->r, "UM306: not ready: %s: %s", names[check], why);
    }
}

/* What the database has of the schema; it is asked each time. */
static void check_database(health_t *health)
{
    um_store_call_t call = um_ctx_store(&health->ctx);
    um_schema_state_t state;

    if (um_schema_look(&call, &state) != APR_SUCCESS) {
        fail_check(health, DATABASE, call.is_logged ? NULL : call.cause);
        return;
    }
    health->result[DATABASE] = "ok";
    if (state.too_new) {
        fail_check(health, SCHEMA, um_schema_too_new(call.pool, &state));
    }
    else if (state.missing->nelts) {
        fail_check(health, SCHEMA, apr_pstrcat(call.pool, "the database lacks the step ",
                                               APR_ARRAY_IDX(state.missing, 0, const um_schema_step_t *)->name, NULL));
    }
    else if (state.wrong_column) {
        fail_check(health, SCHEMA, state.wrong_column);
    }
    else {
        health->result[SCHEMA] = "ok";
    }
}

/* A host with the API signs; another one needs a key to verify with. */
static void check_key(health_t *health, const um_server_t *server)
{
    const apr_array_header_t *keys;

    (void)um_keyring_files(server->keys, &keys);
    if (server->settings.enabled ? um_keyring_signing(server->keys) != NULL : keys->nelts > 0) {
        health->result[KEY] = "ok";
    }
    else {
        fail_check(health, KEY, "the key directory has no key that can be used");
    }
}

static void check_mail(health_t *health, apr_int64_t longest)
{
    apr_int64_t now = um_ctx_seconds(&health->ctx);
    um_mail_counts_t counts;

    if (!longest || !health->result[DATABASE] || health->result[SCHEMA] == NULL
        || strcmp(health->result[SCHEMA], "ok") != 0) {
        return;
    }
    if (um_mail_admin_counts(&health->ctx, now, &counts) != UM_OK) {
        fail_check(health, MAIL, health->ctx.cause);
    }
    else if (counts.oldest_due && now - counts.oldest_due > longest) {
        fail_check(health, MAIL, apr_psprintf(health->ctx.pool, "a mail is overdue for %" APR_INT64_T_FMT " seconds",
                                              now - counts.oldest_due));
    }
    else {
        health->result[MAIL] = "ok";
    }
}

static void run_checks(health_t *health)
{
    const um_server_t *server = um_server_of(health->r->server);

    if (!server->site) {
        fail_check(health, KEY, "this host has no keys or no database");
        return;
    }
    um_ctx_init(&health->ctx, health->r->pool, server->site, apr_time_now());
    check_database(health);
    check_key(health, server);
    check_mail(health, server->settings.health_mail_age);
}

static um_json_t *describe(const health_t *health)
{
    um_json_t *out = um_json_object(health->r->pool), *checks = um_json_object(health->r->pool);

    for (int i = 0; i < CHECKS; i++) {
        um_json_put_text(checks, names[i], health->result[i] ? health->result[i] : "not checked");
    }
    um_json_put_text(out, "status", health->is_failed ? "failed" : "ok");
    um_json_put(out, "checks", checks);
    return out;
}

static int is_live_path(const char *path)
{
    const char *last = strrchr(path, '/');

    return last && strcmp(last, "/live") == 0;
}

int um_health_handler(request_rec *r)
{
    health_t health = { .r = r };
    const char *text = "{\"status\":\"ok\"}";
    int status;

    if (!r->handler || strcmp(r->handler, HANDLER) != 0) {
        return DECLINED;
    }
    status = um_ready_begin(r);
    if (status != OK) {
        return status;
    }
    if (!is_live_path(r->uri)) {
        run_checks(&health);
        text = um_json_print(r->pool, describe(&health));
    }
    r->status = health.is_failed ? HTTP_SERVICE_UNAVAILABLE : HTTP_OK;
    ap_set_content_type(r, "application/json");
    ap_rputs(text, r);
    ap_rputs("\n", r);
    return OK;
}
