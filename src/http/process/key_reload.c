/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"
#include "rotation.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <errno.h>
#include <http_config.h>
#include <http_core.h>
#include <http_main.h>
#include <mpm_common.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unixd.h>

/* From a changed file to the last child that knows: this long at most, if it is asked at all meanwhile. */
#define LOOK_MS 2000
#define SHORTEST_ROTATION 60
#define LONGEST_MAX_AGE 300
#define LONGEST_PAUSE_SECONDS 60

/* --- what httpd's user may do --- */

static int is_folder(apr_pool_t *ptemp, const char *path)
{
    apr_finfo_t info;

    return apr_stat(&info, path, APR_FINFO_TYPE, ptemp) == APR_SUCCESS && info.filetype == APR_DIR;
}

/* Whether a child would be able to, asked by being one: modes alone say nothing of access lists, of the folders above
 * and of a changed root. */
static int user_may(apr_pool_t *ptemp, const um_server_t *server, int folder_mode)
{
    const char *path = server->settings.signing_key;
    const apr_array_header_t *files = um_keyring_files(server->keys);
    int mode = is_folder(ptemp, path) ? folder_mode : R_OK;
    int status = 1;
    pid_t child = fork();

    if (child == 0) {
        int refused = ap_run_drop_privileges(ptemp, server->server) || access(path, mode) != 0;

        for (int i = 0; i < files->nelts && !refused; i++) {
            refused = access(APR_ARRAY_IDX(files, i, const char *), R_OK) != 0;
        }
        _exit(refused);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    return child > 0 && status == 0;
}

const char *um_key_reload_check_rotation(const um_server_t *server, apr_pool_t *ptemp)
{
    const um_settings_t *settings = &server->settings;
    const char *where = um_settings_where(ptemp, settings, UM_SET_UserMgmtKeyRotation);

    if (!settings->key_rotation) {
        return NULL;
    }
    if (settings->key_rotation < SHORTEST_ROTATION) {
        return apr_psprintf(ptemp, "%s: must be 0, or at least 1m", where);
    }
    if (!is_folder(ptemp, settings->signing_key)) {
        return apr_psprintf(ptemp, "%s: keys are changed in a folder, and %s is a file: put it into one and name that",
                            where, um_settings_where(ptemp, settings, UM_SET_UserMgmtSigningKey));
    }
    if (!user_may(ptemp, server, R_OK | W_OK | X_OK)) {
        return apr_psprintf(ptemp, "%s: the user that httpd runs as (%s) cannot read and write %s, where new keys are "
                            "made: give it folder and files, with: chown -R %s %s; or leave the changing of keys to "
                            "cron: usermgmt key rotate %s", where, ap_unixd_config.user_name, settings->signing_key,
                            ap_unixd_config.user_name, settings->signing_key, settings->signing_key);
    }
    return NULL;
}

/* The host before this one that has its keys from the same place; NULL: this is the first. */
static um_server_t *first_with(server_rec *main_server, const um_server_t *server)
{
    for (server_rec *s = main_server; s && s != server->server; s = s->next) {
        um_server_t *other = um_server_of(s);

        if (um_server_is_own(s) && other->keys
            && strcmp(other->settings.signing_key, server->settings.signing_key) == 0) {
            return other;
        }
    }
    return NULL;
}

static void tell_if_not_live(apr_pool_t *ptemp, const um_server_t *server)
{
    const char *path = server->settings.signing_key;
    char *group;

    if (server->keys_live) {
        return;
    }
    if (apr_gid_name_get(&group, ap_unixd_config.group_id, ptemp) != APR_SUCCESS) {
        group = apr_psprintf(ptemp, "%ld", (long)ap_unixd_config.group_id);
    }
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server->server, "UM601: %s: the user that httpd runs as (%s) cannot read "
                 "it, so new and retired keys count from the next graceful restart on. To have them count at once: "
                 "chgrp -R %s %s; chmod 750 %s; chmod 640 its files",
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
    for (server_rec *s = main_server; s; s = s->next) {
        um_server_t *server = um_server_of(s);
        const um_server_t *other;

        if (!um_server_is_own(s) || !server->keys) {
            continue;
        }
        other = first_with(main_server, server);
        if (other) {
            server->keys_live = other->keys_live;
        }
        else {
            server->keys_live = user_may(ptemp, server, R_OK | X_OK);
            tell_if_not_live(ptemp, server);
        }
    }
    return OK;
}

/* --- children follow --- */

static void tell(void *baton, int is_trouble, const char *text)
{
    const um_server_t *server = baton;

    if (is_trouble) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server->server, "UM602: keys could not all be taken up: %s", text);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, server->server, "UM603: keys were read again: %s", text);
    }
}

void um_key_reload_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    for (server_rec *s = main_server; s; s = s->next) {
        um_server_t *server = um_server_of(s);
        const um_keyring_follow_t how = { LOOK_MS, um_monotonic_tick, tell, server };

        if (um_server_is_own(s) && server->keys && server->keys_live) {
            um_keyring_follow(pchild, server->keys, &how);
        }
    }
}

/* --- the worker rotates --- */

/* When the worker of this process looked, by a clock that nobody sets back; 0: not yet. And for how long that does. */
static apr_uint32_t looked;
static apr_uint32_t pause_ms;

/* Hosts that share keys share them for tokens of different length. */
static apr_int64_t longest_token(const um_server_t *server)
{
    apr_int64_t longest = 0;

    for (server_rec *s = ap_server_conf; s; s = s->next) {
        const um_server_t *other = um_server_of(s);

        if (um_server_is_own(s) && other->keys && other->settings.core.token_lifetime > longest
            && strcmp(other->settings.signing_key, server->settings.signing_key) == 0) {
            longest = other->settings.core.token_lifetime;
        }
    }
    return longest;
}

static void rotate(apr_pool_t *pool, const um_server_t *server, const um_rotation_t *plan)
{
    apr_array_header_t *said = apr_array_make(pool, 4, sizeof(const char *));
    const char *why = NULL;
    apr_status_t rv = um_rotation_step(pool, server->settings.signing_key, plan, apr_time_now(), said, &why);

    for (int i = 0; i < said->nelts; i++) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server->server, "UM604: keys: %s",
                     APR_ARRAY_IDX(said, i, const char *));
    }
    if (rv != APR_SUCCESS && rv != APR_EBUSY) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server->server, "UM605: keys could not be changed: %s", why);
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
    for (server_rec *s = ap_server_conf; s; s = s->next) {
        const um_server_t *server = um_server_of(s);
        um_rotation_t plan;

        if (um_server_is_own(s) && server->keys && server->settings.key_rotation) {
            um_rotation_plan(&plan, server->settings.key_rotation, longest_token(server));
            pause = plan.publish / 4 < pause ? plan.publish / 4 : pause;
            rotate(scratch, server, &plan);
        }
    }
    apr_pool_destroy(scratch);
    pause_ms = (apr_uint32_t)pause * 1000;
    looked = um_monotonic_tick();
}

/* --- others fetch --- */

int um_key_reload_max_age(const um_server_t *server)
{
    um_rotation_t plan;

    if (!server->settings.key_rotation) {
        return LONGEST_MAX_AGE;
    }
    um_rotation_plan(&plan, server->settings.key_rotation, 0);
    return plan.publish / 2 < LONGEST_MAX_AGE ? (int)(plan.publish / 2) : LONGEST_MAX_AGE;
}
