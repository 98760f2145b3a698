/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_check.h"
#include "json.h"
#include "schema.h"
#include "store.h"
#include "store_admin.h"
#include "store_mail_admin.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CLOCK_WARNING 2000      /* ms */
#define CLOCK_CRITICAL 30000
#define OVERDUE 600             /* s that a mail may be overdue: the worker looks for mails every second */
#define DAY 86400

static void check_outbox(check_t *check, um_store_call_t *call)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    um_mail_counts_t counts;

    if (um_store_mail_admin_counts(call, now, now - DAY, &counts) != APR_SUCCESS) {
        um_cli_found(check, UM_CLI_BAD, "mails", "%s", call->cause);
        return;
    }
    if (counts.oldest_due && now - counts.oldest_due > OVERDUE) {
        um_cli_found(check, UM_CLI_WARNING, "mails", "%" APR_INT64_T_FMT " wait, and one is overdue since %"
                     APR_INT64_T_FMT " s: does httpd run with mod_watchdog?", counts.waiting, now - counts.oldest_due);
    }
    else if (counts.given_up) {
        um_cli_found(check, UM_CLI_WARNING, "mails", "%" APR_INT64_T_FMT " were given up within a day, see: "
                     "usermgmt mail list", counts.given_up);
    }
    else {
        um_cli_found(check, UM_CLI_GOOD, "mails", "%" APR_INT64_T_FMT " wait", counts.waiting);
    }
}

/* --- the database ------------------------------------------------------------------------------------------------- */

static void check_schema(check_t *check, um_store_call_t *call)
{
    um_schema_state_t state;

    if (um_schema_look(call, &state) != APR_SUCCESS) {
        um_cli_found(check, UM_CLI_BAD, "schema", "%s", call->cause);
        return;
    }
    if (state.missing->nelts) {
        um_cli_found(check, UM_CLI_BAD, "schema", "%d steps are missing, the first is %s; apply them with: "
                     "usermgmt schema upgrade", state.missing->nelts,
                     APR_ARRAY_IDX(state.missing, 0, const um_schema_step_t *)->name);
    }
    else if (state.too_new || state.wrong_column) {
        um_cli_found(check, UM_CLI_BAD, "schema", "%s", state.too_new ? um_schema_too_new(check->cli->pool, &state)
                                                        : state.wrong_column);
    }
    else {
        um_cli_found(check, UM_CLI_GOOD, "schema", "has all steps");
    }
}

static void check_clock(check_t *check, um_store_call_t *call)
{
    apr_int64_t theirs, before = apr_time_as_msec(apr_time_now()), away;

    if (um_store_admin_clock(call, &theirs) != APR_SUCCESS) {
        um_cli_found(check, UM_CLI_BAD, "clock", "%s", call->cause);
        return;
    }
    /* The answer was made between before and now. */
    away = theirs < before ? before - theirs : theirs - apr_time_as_msec(apr_time_now());
    away = away < 0 ? 0 : away;
    um_cli_found(check, away > CLOCK_CRITICAL ? UM_CLI_BAD : away > CLOCK_WARNING ? UM_CLI_WARNING : UM_CLI_GOOD,
                 "clock", "differs by %" APR_INT64_T_FMT " ms from the clock of the database%s", away,
                 away > CLOCK_WARNING ? ": run an NTP client on both machines" : "");
}

/* Whether a user who is not its owner may write a file or folder, perhaps: by a group. */
static int may_write(const struct stat *info, apr_int64_t uid)
{
    return uid < 0 || uid >= 4294967295 || (apr_int64_t)info->st_uid == uid || (info->st_mode & S_IWGRP);
}

/* Whether the SQLite file can be opened by httpd's user, and by no other. */
static void check_database_file(check_t *check)
{
    static const char name[] = "database file";
    const char *file = um_store_sqlite_file(check->cli->pool, check->cli->params), *folder, *user, *closed;
    apr_int64_t uid = (apr_int64_t)um_json_get(check->cli->site, "uid").number;
    struct stat info, around;

    folder = file ? um_store_sqlite_folder(check->cli->pool, file) : NULL;
    if (!file || stat(file, &info) != 0 || stat(folder, &around) != 0) {
        um_cli_found(check, UM_CLI_BAD, name, "%s: %s", file ? file : check->cli->params, strerror(errno));
        return;
    }
    user = um_cli_site_text(check->cli->site, "user");
    closed = !may_write(&around, uid) ? folder : !may_write(&info, uid) ? file : NULL;
    if ((info.st_mode | around.st_mode) & S_IWOTH || ((info.st_mode & S_IROTH) && (around.st_mode & S_IXOTH))) {
        um_cli_found(check, UM_CLI_BAD, name, "%s is open to all users; close its folder with: chmod 700 %s", file,
                     folder);
    }
    else if (closed) {
        um_cli_found(check, UM_CLI_BAD, name, "httpd's user %s cannot write to %s, and requests are answered 503; give "
                     "it back and restart httpd, with: chown %s %s", user, closed, user, closed);
    }
    else if (uid >= 0 && uid < 4294967295 && (apr_int64_t)info.st_uid != uid) {
        um_cli_found(check, UM_CLI_WARNING, name, "%s does not belong to httpd's user %s", file, user);
    }
    else {
        um_cli_found(check, UM_CLI_GOOD, name, "%s, %.1f MiB", file, (double)info.st_size / 1048576);
    }
}

void um_cli_check_database(check_t *check)
{
    um_store_call_t call;

    check->failure = NULL;
    if (strcmp(check->cli->driver, "sqlite3") == 0) {
        check_database_file(check);
    }
    if (um_cli_database_open_schema(check->cli, 0, &call) != UM_CLI_DONE) {
        um_cli_found(check, UM_CLI_BAD, "database", "%s", check->failure);
        return;
    }
    if (um_store_ready(&call) != APR_SUCCESS) {
        um_cli_found(check, UM_CLI_BAD, "database", "%s", call.cause);
        check_schema(check, &call);
        return;
    }
    um_cli_found(check, UM_CLI_GOOD, "database", "%s", um_cli_site_text(check->host, "database"));
    check_schema(check, &call);
    check_clock(check, &call);
    check_outbox(check, &call);
}
