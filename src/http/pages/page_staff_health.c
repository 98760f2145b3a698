/* SPDX-License-Identifier: Apache-2.0 */
/* Whether all is well, for staff: the database, the outbox, the keys, the module. */
#include "pages.h"

#include "api.h"
#include "json.h"
#include "jwk.h"
#include "key_directory.h"
#include "keyring.h"
#include "mail_admin.h"
#include "module.h"
#include "monotonic.h"
#include "schema.h"
#include "store.h"
#include "throttle.h"

#include <string.h>

#define DAY 86400
/* Seconds that a mail may be overdue before something is wrong: the worker looks each second. */
#define LATE 300

/* --- the database --- */

/* The last step of the schema that this program knows. */
static const char *last_step(um_dialect_e dialect)
{
    const um_schema_step_t *step;
    const char *name = "";

    for (int i = 0; (step = um_schema_step(dialect, i)) != NULL; i++) {
        name = step->name;
    }
    return name;
}

static um_status_e add_database(um_call_t *call)
{
    um_store_call_t store = um_ctx_store(&call->ctx);
    um_dialect_e dialect = um_store_dialect(store.store);
    apr_int64_t began = um_monotonic_ms();
    um_schema_state_t state;

    if (um_schema_look(&store, &state) != APR_SUCCESS) {
        return um_ctx_unavailable(&call->ctx, &store);
    }
    um_json_put_int(call->out, "answer_ms", um_monotonic_ms() - began);
    um_json_put_text(call->out, "driver", dialect == UM_DIALECT_PGSQL ? "PostgreSQL" : "SQLite");
    um_json_put_bool(call->out, "database_ok", !state.missing->nelts && !state.too_new && !state.wrong_column);
    um_json_put_text(call->out, "schema_step",
                     state.too_new ? state.too_new
                     : state.missing->nelts ? APR_ARRAY_IDX(state.missing, 0, const um_schema_step_t *)->name
                     : last_step(dialect));
    return UM_OK;
}

/* --- the outbox --- */

static um_status_e add_outbox(um_call_t *call)
{
    apr_int64_t now = um_ctx_seconds(&call->ctx);
    um_mail_counts_t counts;
    um_status_e status = um_mail_admin_counts(&call->ctx, now - DAY, &counts);

    if (status != UM_OK) {
        return status;
    }
    um_json_put_int(call->out, "mails_waiting", counts.waiting);
    um_json_put_int(call->out, "mails_given_up", counts.given_up);
    um_json_put_text(call->out, "oldest_due",
                     counts.oldest_due ? um_reply_time(call->ctx.pool, counts.oldest_due) : NULL);
    um_json_put_bool(call->out, "mail_ok", !counts.given_up
                                           && (!counts.oldest_due || counts.oldest_due > now - LATE));
    return UM_OK;
}

/* --- the keys --- */

/* Since when a key file has its state; 0: this process may not look at it. */
static apr_int64_t since(um_call_t *call, const char *path)
{
    const char *why;
    apr_array_header_t *files;

    if (um_key_directory_list(call->ctx.pool, call->settings->signing_key, &files, &why) != APR_SUCCESS) {
        return 0;
    }
    for (int i = 0; i < files->nelts; i++) {
        const um_key_directory_file_t *file = &APR_ARRAY_IDX(files, i, um_key_directory_file_t);

        if (strcmp(file->path, path) == 0) {
            return apr_time_sec(um_key_directory_since(file, call->ctx.now));
        }
    }
    return 0;
}

static void add_keys(um_call_t *call)
{
    const um_keyring_t *keyring = call->server->keys;
    const apr_array_header_t *keys, *files = um_keyring_files(keyring, &keys);
    const um_jwk_t *signing = um_keyring_signing(keyring);
    um_json_t *list = um_json_list(call->ctx.pool);

    for (int i = 0; i < keys->nelts; i++) {
        const um_jwk_t *key = APR_ARRAY_IDX(keys, i, const um_jwk_t *);
        apr_int64_t time = since(call, APR_ARRAY_IDX(files, i, const char *));
        um_json_t *out = um_json_object(call->ctx.pool);

        um_json_put_text(out, "kid", um_jwk_kid(key));
        um_json_put_text(out, "algorithm", um_jwk_alg(key));
        um_json_put_bool(out, "is_signing", key == signing);
        um_json_put_text(out, "created_at", time ? um_reply_time(call->ctx.pool, time) : NULL);
        um_json_push(list, out);
    }
    um_json_put(call->out, "keys", list);
    um_json_put_bool(call->out, "keys_ok", signing != NULL);
}

/* --- all of it --- */

static um_status_e show_health(um_call_t *call)
{
    um_status_e status;

    call->out = um_json_object(call->ctx.pool);
    status = add_database(call);
    if (status == UM_OK) {
        status = add_outbox(call);
    }
    add_keys(call);
    um_json_put_text(call->out, "version", UM_VERSION);
    um_json_put_text(call->out, "node", call->ctx.node);
    return status;
}

const um_route_t um_page_staff_health_route = {
    .path = "staff/health/", .method = "GET", .access = UM_ACCESS_STAFF, .throttle = UM_THROTTLE_API, .success = 200,
    .function = show_health, .name = "Health",
};
