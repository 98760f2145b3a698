/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SITE_H
#define UM_SITE_H
/* A whole site for tests of core and store: SQLite in memory, a signing key in a temporary folder, the cheapest hash,
 * and a clock that the test sets. One connection, which can be made unavailable. */
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <unistd.h>

#include "authenticate.h"
#include "core_settings.h"
#include "ctx.h"
#include "jwk.h"
#include "keyring.h"
#include "password.h"
#include "profile_input.h"
#include "pwhash.h"
#include "registration.h"
#include "session.h"
#include "store.h"
#include "store_request.h"
#include "store_user.h"
#include "tap.h"
#include "user.h"

typedef struct site_t {
    apr_pool_t *pool;
    um_site_t site;
    um_ctx_t *last;              /**< of the last call */
    um_core_settings_t settings; /**< the site's */
    um_pwhash_params_t hash;     /**< settings.password_hash */
    um_dbconn_t conn;
    apr_time_t now;
    int asked;             /**< how often a connection was asked for */
    int refuse;            /**< how many of the next askings get none */
    int in_use;            /**< connections that are in use now */
    int locked;            /**< how often the write lock is held now: never more than once */
    int misused;           /**< asked for a second connection or lock while one was held */
    apr_status_t lock_status; /**< what asking for the write lock answers; not APR_SUCCESS: it is not given */
    void (*on_ask)(struct site_t *s); /**< what others do just before a connection is acquired; NULL: nothing */
    void (*on_lock)(struct site_t *s); /**< and just before the write lock is given */
} site_t;

#define SITE_NOW 1700000000
#define SITE_PASSWORD "correct horse battery"

static apr_pool_t *site_root;
static const char *site_folder;
static um_keyring_t *site_keys;

static const char *site_file(const char *name)
{
    return apr_pstrcat(site_root, site_folder, "/", name, NULL);
}

/* First in main(): the folder and the key. */
static void site_begin(void)
{
    const char *base, *why = NULL;

    apr_initialize();
    apr_pool_create(&site_root, NULL);
    apr_temp_dir_get(&base, site_root);
    site_folder = mkdtemp(apr_pstrcat(site_root, base, "/usermgmt-test.XXXXXX", NULL));
    if (!site_folder || um_jwk_create(site_root, "EdDSA", site_file("key.pem"), &why) != APR_SUCCESS
        || um_keyring_read(site_root, site_file("key.pem"), &site_keys, &why) != APR_SUCCESS) {
        printf("Bail out! no key: %s\n", why ? why : "no temporary folder");
        exit(1);
    }
    if (apr_dbd_init(site_root) != APR_SUCCESS) {
        printf("Bail out! no drivers\n");
        exit(1);
    }
}

/* Last in main(). */
static int site_end(void)
{
    unlink(site_file("key.pem"));
    ok(rmdir(site_folder) == 0, "no file is left behind");
    apr_pool_destroy(site_root);
    apr_terminate();
    return tap_done();
}

static apr_status_t site_acquire(void *baton, apr_pool_t *pool, um_dbconn_t *conn)
{
    site_t *s = baton;

    (void)pool;
    s->asked++;
    s->misused += s->in_use != 0;
    if (s->on_ask) {
        s->on_ask(s);
    }
    if (s->refuse) {
        s->refuse--;
        return APR_EGENERAL;
    }
    s->in_use++;
    *conn = s->conn;
    return APR_SUCCESS;
}

static void site_release(void *baton, um_dbconn_t *conn)
{
    (void)conn;
    ((site_t *)baton)->in_use--;
}

static apr_status_t site_lock(void *baton)
{
    site_t *s = baton;

    if (s->on_lock) {
        s->on_lock(s);
    }
    if (s->lock_status != APR_SUCCESS) {
        return s->lock_status;
    }
    s->misused += s->locked++ != 0;
    return APR_SUCCESS;
}

static void site_unlock(void *baton)
{
    ((site_t *)baton)->locked--;
}

/* A new process's store, which believes the database to be of that dialect. */
static um_store_t *site_store(site_t *s, um_dialect_e dialect)
{
    um_connection_pool_t connections = { .baton = s, .acquire = site_acquire, .release = site_release };
    um_store_t *store;

    s->conn.prepared = apr_hash_make(s->conn.pool);
    if (dialect == UM_DIALECT_SQLITE3) {
        connections.lock = site_lock;
        connections.unlock = site_unlock;
    }
    store = um_store_create(s->pool, dialect, &connections, 1);
    um_store_request_batch(s->pool, store);
    return store;
}

/* A site of its own, with an empty database. */
__attribute__((unused))
static void site_open(site_t *s)
{
    const char *why = NULL;

    memset(s, 0, sizeof(*s));
    apr_pool_create(&s->pool, site_root);
    s->now = apr_time_from_sec(SITE_NOW);
    if (apr_dbd_get_driver(s->pool, "sqlite3", &s->conn.driver) != APR_SUCCESS
        || apr_dbd_open_ex(s->conn.driver, s->pool, ":memory:", &s->conn.handle, &why) != APR_SUCCESS) {
        printf("Bail out! no SQLite (Debian: libaprutil1-dbd-sqlite3): %s\n", why ? why : "no driver");
        exit(1);
    }
    apr_pool_create(&s->conn.pool, s->pool);
    s->hash = (um_pwhash_params_t){ "scrypt", 10, 1, 1 };
    s->settings = (um_core_settings_t){
        .password_hash = &s->hash, .password_min_length = 8, .password_max_length = 1024, .token_lifetime = 3600,
        .session_lifetime = 7776000,
    };
    s->site = (um_site_t){
        .store = site_store(s, UM_DIALECT_SQLITE3), .keys = site_keys, .settings = &s->settings,
        .issuer = "https://accounts.example", .audience = "accounts",
    };
}

__attribute__((unused))
static void site_close(site_t *s)
{
    apr_dbd_close(s->conn.driver, s->conn.handle);
    apr_pool_destroy(s->pool);
}

/* A new call into core at the site's time. */
__attribute__((unused))
static um_ctx_t *site_ctx(site_t *s)
{
    um_ctx_t *ctx = apr_palloc(s->pool, sizeof(*ctx));

    um_ctx_init(ctx, s->pool, &s->site, s->now);
    ctx->address = "192.0.2.1";
    ctx->user_agent = "test";
    s->last = ctx;
    return ctx;
}

/* The first value of the first row, past the store. NULL: none, or it failed. */
__attribute__((unused))
static const char *site_ask(site_t *s, const char *sql)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *value = NULL;

    if (apr_dbd_select(s->conn.driver, s->pool, s->conn.handle, &results, sql, 1) == 0
        && apr_dbd_get_row(s->conn.driver, s->pool, results, &row, -1) == 0) {
        value = apr_pstrdup(s->pool, apr_dbd_get_entry(s->conn.driver, row, 0));
        while (apr_dbd_get_row(s->conn.driver, s->pool, results, &row, -1) == 0) {
            continue;
        }
    }
    return value;
}

/* Does SQL that answers nothing, past the store. */
__attribute__((unused))
static int site_do(site_t *s, const char *sql)
{
    int changed;

    return apr_dbd_query(s->conn.driver, s->conn.handle, &changed, apr_pstrdup(s->pool, sql)) == 0;
}

/* What was wrong: "username unique, email invalid". */
__attribute__((unused))
static const char *site_errors(const um_ctx_t *ctx)
{
    const char *text = "";

    for (int i = 0; i < ctx->errors->nelts; i++) {
        const um_error_t *error = &APR_ARRAY_IDX(ctx->errors, i, um_error_t);

        text = apr_pstrcat(ctx->pool, text, i ? ", " : "", error->field, " ", error->code, NULL);
    }
    return text;
}

__attribute__((unused))
static um_secret_t site_secret(const char *text)
{
    return (um_secret_t){ text, strlen(text) };
}

/* Signs in when it does not matter who it is. */
__attribute__((unused))
static um_status_e site_login(um_ctx_t *ctx, const char *username, um_secret_t password, const char **token)
{
    um_session_new_t session = { .token = NULL };
    const um_user_t *who;
    um_status_e status = um_password_login(ctx, username, password, &who, &session);

    *token = session.token;
    return status;
}

typedef um_profile_input_t site_input_t;

__attribute__((unused))
static um_status_e site_enrol(um_ctx_t *ctx, const site_input_t *input, const um_user_t **user, const char **token)
{
    return um_registration_create(ctx, input, user, token, NULL);
}

/* Registers with SITE_PASSWORD; NULL when that did not succeed. */
__attribute__((unused))
static const um_user_t *site_register(site_t *s, const char *username, const char *email, const char **token)
{
    site_input_t input = { .username = username, .email = email, .password = site_secret(SITE_PASSWORD) };
    const um_user_t *user = NULL;
    const char *unwanted;

    return site_enrol(site_ctx(s), &input, &user, token ? token : &unwanted) == UM_OK ? user : NULL;
}

/* How a call with that token ends. */
__attribute__((unused))
static um_status_e site_call(site_t *s, const char *token)
{
    um_caller_t caller;

    return um_authenticate(site_ctx(s), token, UM_FRESH, &caller);
}
#endif
