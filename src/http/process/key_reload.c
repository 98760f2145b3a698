/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "event.h"
#include "keyring.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"
#include "rotation.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_main.h>
#include <string.h>
#include <unistd.h>
#include <unixd.h>

/* Longest time from a change of the folder to the child that notices it, while the child verifies or signs tokens. */
#define LOOK_MS 2000
#define SHORTEST_ROTATION 60
#define LONGEST_MAX_AGE 300
#define LONGEST_PAUSE_SECONDS 60

/* --- the rights of httpd's user ---------------------------------------------------------------------------------- */

static int is_folder(apr_pool_t *ptemp, const char *path)
{
    apr_finfo_t info;

    return apr_stat(&info, path, APR_FINFO_TYPE, ptemp) == APR_SUCCESS && info.filetype == APR_DIR;
}

typedef struct wanted_t {
    const um_server_t *server;
    int mode;                   /* of the folder */
} wanted_t;

static const char *try_access(apr_pool_t *pool, const void *baton, const char **why)
{
    const wanted_t *wanted = baton;
    const char *path = wanted->server->settings.signing_key;
    const apr_array_header_t *files = um_keyring_files(wanted->server->keys, NULL);
    int refused = access(path, is_folder(pool, path) ? wanted->mode : R_OK) != 0;

    (void)why;
    for (int i = 0; i < files->nelts && !refused; i++) {
        refused = access(APR_ARRAY_IDX(files, i, const char *), R_OK) != 0;
    }
    return refused ? NULL : "";
}

/* Whether a child can read the keys, and access their folder in this mode. A process of httpd's user tries it, because
 * the modes alone do not show access lists, the folders above, and a changed root. */
static int user_may(apr_pool_t *ptemp, const um_server_t *server, int mode)
{
    const wanted_t wanted = { server, mode };
    const char *answer;

    return um_as_user_run(ptemp, server->server, try_access, &wanted, &answer);
}

const char *um_key_reload_check_rotation(const um_config_check_t *check)
{
    const um_settings_t *settings = &check->server->settings;
    const char *path = settings->signing_key, *user = ap_unixd_config.user_name;

    if (!settings->key_rotation) {
        return NULL;
    }
    if (settings->key_rotation < SHORTEST_ROTATION) {
        return um_config_check_error(check, UM_SET_UserMgmtKeyRotation, "must be 0, or at least 1m");
    }
    if (!is_folder(check->ptemp, path)) {
        return um_config_check_error(check, UM_SET_UserMgmtKeyRotation, "keys are rotated in a folder, and %s is a "
                                     "file; move the file into a folder, and name the folder",
                                     um_settings_where(check->ptemp, settings, UM_SET_UserMgmtSigningKey));
    }
    if (!user_may(check->ptemp, check->server, R_OK | W_OK | X_OK)) {
        return um_config_check_error(check, UM_SET_UserMgmtKeyRotation, "the user that httpd runs as (%s) cannot read "
                                     "and write %s, where new keys are created; give folder and files to that user "
                                     "with: chown -R %s %s; or let cron rotate the keys: usermgmt key rotate %s", user,
                                     path, user, path, path);
    }
    return NULL;
}

static int has_same_keys(const um_server_t *one, const um_server_t *other)
{
    return one->keys && other->keys && strcmp(one->settings.signing_key, other->settings.signing_key) == 0;
}

/* The first host that has the same keys as this one, which may be this one. */
static const um_server_t *first_with_keys_of(const um_server_t *server, const server_rec *main_server)
{
    const um_server_t *other = um_server_of(main_server);

    while (!has_same_keys(other, server)) {
        other = um_server_next(other);
    }
    return other;
}

static void log_unreadable(apr_pool_t *ptemp, const um_server_t *server)
{
    const char *path = server->settings.signing_key;
    char *group;

    if (apr_gid_name_get(&group, ap_unixd_config.group_id, ptemp) != APR_SUCCESS) {
        group = apr_psprintf(ptemp, "%ld", (long)ap_unixd_config.group_id);
    }
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server->server, "UM601: %s: the user that httpd runs as (%s) cannot read "
                 "the keys, so a new or retired key takes effect at the next graceful restart. To let it take effect "
                 "at once: chgrp -R %s %s; chmod 750 %s; chmod 640 its files",
                 um_settings_where(ptemp, &server->settings, UM_SET_UserMgmtSigningKey), ap_unixd_config.user_name,
                 group, path, path);
}

int um_key_reload_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    for (um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        const um_server_t *first = server->keys ? first_with_keys_of(server, main_server) : NULL;

        if (first && first != server) {
            server->keys_readable = first->keys_readable;
        }
        else if (first) {
            server->keys_readable = user_may(ptemp, server, R_OK | X_OK);
            if (!server->keys_readable) {
                log_unreadable(ptemp, server);
            }
        }
    }
    return OK;
}

/* --- children reload keys --------------------------------------------------------------------------------------- */

static void log_reload(void *baton, int is_error, const char *text)
{
    const um_server_t *server = baton;

    if (is_error) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server->server, "UM602: not all keys could be reloaded: %s", text);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, server->server, "UM603: keys were reloaded: %s", text);
    }
}

void um_key_reload_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    for (um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        const um_keyring_follow_t how = { LOOK_MS, um_monotonic_tick, log_reload, server };

        if (server->keys && server->keys_readable) {
            um_keyring_follow(pchild, server->keys, &how);
        }
    }
}

/* --- the worker rotates keys ------------------------------------------------------------------------------------ */

/* The last look at the keys by the worker of this process, by the monotonic clock (0: none yet), and the time to the
 * next one. */
static apr_uint32_t looked;
static apr_uint32_t pause_ms;

/* The longest lifetime of a token that these keys sign: hosts with the same keys may have different lifetimes. */
static apr_int64_t longest_token(const um_server_t *server)
{
    apr_int64_t longest = 0;

    for (const um_server_t *other = um_server_of(ap_server_conf); other; other = um_server_next(other)) {
        if (has_same_keys(other, server) && other->settings.core.token_lifetime > longest) {
            longest = other->settings.core.token_lifetime;
        }
    }
    return longest;
}

/* The key has been changed already. If the database cannot store the event, the line UM604 is what is left of it. */
static void record_step(apr_pool_t *pool, const um_server_t *server, const char *step)
{
    um_ctx_t ctx;

    if (server->site) {
        um_ctx_init(&ctx, pool, server->site, apr_time_now());
        um_audit_describe_worker(&ctx, server);
        (void)um_event_store_alone(&ctx, UM_EVENT_KEY_ROTATED, step);
        um_audit_write(server, &ctx);
    }
}

static void rotate(apr_pool_t *pool, const um_server_t *server, const um_rotation_t *plan)
{
    apr_array_header_t *steps = apr_array_make(pool, 4, sizeof(const char *));
    const char *why = NULL;
    apr_status_t rv = um_rotation_step(pool, server->settings.signing_key, plan, apr_time_now(), steps, &why);

    for (int i = 0; i < steps->nelts; i++) {
        const char *step = APR_ARRAY_IDX(steps, i, const char *);

        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server->server, "UM604: keys: %s", step);
        record_step(pool, server, step);
    }
    if (rv != APR_SUCCESS && rv != APR_EBUSY) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server->server, "UM605: keys could not be rotated: %s", why);
    }
}

void um_key_reload_rotate(apr_pool_t *pool)
{
    apr_int64_t pause = LONGEST_PAUSE_SECONDS;
    apr_pool_t *scratch;

    if (looked && um_monotonic_tick() - looked < pause_ms) {
        return;
    }
    apr_pool_create(&scratch, pool);
    for (const um_server_t *server = um_server_of(ap_server_conf); server; server = um_server_next(server)) {
        um_rotation_t plan;

        if (server->keys && server->settings.key_rotation) {
            um_rotation_plan(&plan, server->settings.key_rotation, longest_token(server));
            pause = plan.publish / 4 < pause ? plan.publish / 4 : pause;
            rotate(scratch, server, &plan);
        }
    }
    apr_pool_destroy(scratch);
    pause_ms = (apr_uint32_t)pause * 1000;
    looked = um_monotonic_tick();
}

/* --- others fetch public keys ----------------------------------------------------------------------------------- */

int um_key_reload_max_age(const um_server_t *server)
{
    um_rotation_t plan;

    if (!server->settings.key_rotation) {
        return LONGEST_MAX_AGE;
    }
    um_rotation_plan(&plan, server->settings.key_rotation, 0);
    return plan.publish / 2 < LONGEST_MAX_AGE ? (int)(plan.publish / 2) : LONGEST_MAX_AGE;
}
