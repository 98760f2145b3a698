/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a site, and what to mend. Files are looked at first, with the caller's rights; root gives them up
 * for the database. */
#include "cli.h"
#include "json.h"
#include "key_directory.h"
#include "keyring.h"
#include "schema.h"
#include "store.h"
#include "store_admin.h"
#include "store_mail_admin.h"
#include "transport.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLOCK_WARNING 2000      /* ms */
#define CLOCK_CRITICAL 30000
#define OVERDUE 600             /* s that a mail may be overdue: the worker looks for mails every second */
#define DAY 86400

typedef struct finding_t {
    um_cli_mark_e level;
    const char *name, *text;
} finding_t;

typedef struct check_t {
    um_cli_t *cli;
    const um_json_t *host;
    apr_array_header_t *findings;   /* finding_t */
} check_t;

__attribute__((format(printf, 4, 5)))
static void found(check_t *check, um_cli_mark_e level, const char *name, const char *format, ...)
{
    const char *text;
    va_list args;

    va_start(args, format);
    text = apr_pvsprintf(check->cli->pool, format, args);
    va_end(args);
    /* httpd says what several hosts have in common for each of them. */
    for (int i = 0; i < check->findings->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(check->findings, i, finding_t).text, text) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(check->findings, finding_t) = (finding_t){ level, name, text };
}

/* --- configuration ------------------------------------------------------------------------------------------------ */

/* The text of a line of httpd's log, behind its time and module; NULL: it is about nothing of this module. */
static const char *message_of(char *line)
{
    char *text = strstr(line, "UM");

    while (text && (text[2] < '0' || text[2] > '9')) {
        text = strstr(text + 2, "UM");
    }
    return text;
}

/* httpd checks the configuration as root. Without root's rights it cannot open what is closed to others. */
static void check_configuration(check_t *check)
{
    um_cli_httpd_t result;
    int count = 0;
    char *rest = NULL;

    if (um_cli_httpd_test(check->cli, 0, &result) != UM_CLI_DONE) {
        found(check, UM_CLI_BAD, "configuration", "%s cannot be tested", um_cli_site_config(check->cli));
        return;
    }
    for (char *line = apr_strtok(apr_pstrdup(check->cli->pool, result.error), "\n", &rest); line;
         line = apr_strtok(NULL, "\n", &rest)) {
        const char *text = message_of(line);
        int is_error = strstr(line, "emerg]") != NULL || strstr(line, "UM201") != NULL;
        int is_denied = geteuid() != 0 && strstr(line, "ermission denied");

        if (text) {
            found(check, is_error && !is_denied ? UM_CLI_BAD : UM_CLI_WARNING, "configuration", "%s%s", text,
                  is_denied ? " (call the program as root to check this)" : "");
            count++;
        }
    }
    if (!result.is_good && !count) {
        found(check, UM_CLI_BAD, "configuration", "httpd refuses %s: %s", um_cli_site_config(check->cli),
              apr_strtok(apr_pstrdup(check->cli->pool, result.error), "\n", &rest));
    }
    else if (!count) {
        found(check, UM_CLI_GOOD, "configuration", "%s, host %s", um_cli_site_config(check->cli),
              um_cli_site_text(check->host, "name"));
    }
}

static void check_httpd(check_t *check)
{
    const char *file = um_cli_site_text(check->cli->site, "pid_file");
    char text[32] = "";
    apr_file_t *in;
    long pid = 0;

    if (file && apr_file_open(&in, file, APR_READ, APR_OS_DEFAULT, check->cli->pool) == APR_SUCCESS) {
        (void)apr_file_gets(text, sizeof(text), in);
        apr_file_close(in);
        pid = strtol(text, NULL, 10);
    }
    if (pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM)) {
        found(check, UM_CLI_GOOD, "httpd", "runs, process %ld", pid);
    }
    else {
        found(check, UM_CLI_BAD, "httpd", "does not run: %s names no process; start it", file ? file : "PidFile");
    }
}

/* --- files -------------------------------------------------------------------------------------------------------- */

/* A file whose content is secret. */
static void check_secret(check_t *check, const char *directive)
{
    const char *path = um_cli_site_text(check->host, directive);
    struct stat info;

    if (!path || strcasecmp(path, "none") == 0) {
        return;
    }
    if (stat(path, &info) != 0) {
        found(check, geteuid() == 0 || errno != EACCES ? UM_CLI_BAD : UM_CLI_WARNING, directive, "%s: %s", path,
              strerror(errno));
    }
    else if (info.st_mode & (S_IROTH | S_IWOTH)) {
        found(check, UM_CLI_BAD, directive, "%s can be read or written by all users; close it with: chmod o-rwx %s",
              path, path);
    }
    else {
        found(check, UM_CLI_GOOD, directive, "%s, mode %04o", path, (unsigned)info.st_mode & 07777);
    }
}

/* Since when a key signs; 0: none does. */
static apr_time_t signs_since(const apr_array_header_t *files, apr_time_t now, int *count)
{
    apr_time_t since = 0;

    *count = 0;
    for (int i = 0; i < files->nelts; i++) {
        const um_key_directory_file_t *file = &APR_ARRAY_IDX(files, i, um_key_directory_file_t);

        if (file->state == UM_KEY_IN_USE) {
            since = um_key_directory_since(file, now);
            ++*count;
        }
    }
    return since;
}

static void check_keys(check_t *check)
{
    static const char name[] = "UserMgmtSigningKey";
    const char *path = um_cli_site_text(check->host, name), *why = NULL;
    apr_int64_t every = (apr_int64_t)um_json_get(check->host, "UserMgmtKeyRotation").number, age;
    apr_time_t now = apr_time_now();
    apr_array_header_t *files;
    um_keyring_t *keys;
    int count;

    if (!path) {
        found(check, UM_CLI_BAD, name, "is not set: create a key with: usermgmt key new FOLDER");
        return;
    }
    if (geteuid() != 0 && access(path, R_OK) != 0 && errno == EACCES) {
        found(check, UM_CLI_WARNING, name, "%s is closed to this user: call the program as root to check it", path);
        return;
    }
    if (um_key_directory_list(check->cli->pool, path, &files, &why) != APR_SUCCESS
        || um_keyring_read(check->cli->pool, path, &keys, &why) != APR_SUCCESS) {
        found(check, UM_CLI_BAD, name, "%s", why);
        return;
    }
    age = apr_time_sec(now - signs_since(files, now, &count)) / DAY;
    if (every && age * DAY > every + 2 * DAY) {
        found(check, UM_CLI_WARNING, name, "the key that signs in %s is %" APR_INT64_T_FMT " days old, and "
              "UserMgmtKeyRotation is %" APR_INT64_T_FMT " days: the error log has the reason (UM6)", path, age,
              every / DAY);
        return;
    }
    found(check, UM_CLI_GOOD, name, "%s: %d in use, the one that signs since %" APR_INT64_T_FMT " days", path, count,
          age);
}

/* --- mail --------------------------------------------------------------------------------------------------------- */

static void check_mail_server(check_t *check)
{
    const char *url = um_cli_site_text(check->host, "UserMgmtMail"), *why = NULL;
    um_transport_t *transport;

    if (!um_cli_mail_transport(check->cli, check->host, &transport, &why)) {
        found(check, geteuid() != 0 && strstr(why, "ermission denied") ? UM_CLI_WARNING : UM_CLI_BAD, "UserMgmtMail",
              "%s: %s", url, why);
        return;
    }
    if (!transport) {
        return;
    }
    if (um_transport_probe(transport, check->cli->pool, &why) != UM_TRANSPORT_SENT) {
        found(check, UM_CLI_BAD, "UserMgmtMail", "%s: %s", url, why);
        return;
    }
    found(check, UM_CLI_GOOD, "UserMgmtMail", "%s is ready", url);
}

static void check_outbox(check_t *check, um_store_call_t *call)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    um_mail_counts_t counts;

    if (um_store_mail_admin_counts(call, now, now - DAY, &counts) != APR_SUCCESS) {
        found(check, UM_CLI_BAD, "mails", "%s", call->cause);
        return;
    }
    if (counts.oldest_due && now - counts.oldest_due > OVERDUE) {
        found(check, UM_CLI_WARNING, "mails", "%" APR_INT64_T_FMT " wait, and one is overdue since %" APR_INT64_T_FMT
              " s: does httpd run with mod_watchdog?", counts.waiting, now - counts.oldest_due);
    }
    else if (counts.given_up) {
        found(check, UM_CLI_WARNING, "mails", "%" APR_INT64_T_FMT " were given up within a day, see: usermgmt mail "
              "list", counts.given_up);
    }
    else {
        found(check, UM_CLI_GOOD, "mails", "%" APR_INT64_T_FMT " wait", counts.waiting);
    }
}

/* --- the database ------------------------------------------------------------------------------------------------- */

static void check_schema(check_t *check, um_store_call_t *call)
{
    um_schema_state_t state;

    if (um_schema_look(call, &state) != APR_SUCCESS) {
        found(check, UM_CLI_BAD, "schema", "%s", call->cause);
        return;
    }
    if (state.missing->nelts) {
        found(check, UM_CLI_BAD, "schema", "%d steps are missing, the first is %s; apply them with: usermgmt schema "
              "upgrade", state.missing->nelts, APR_ARRAY_IDX(state.missing, 0, const um_schema_step_t *)->name);
    }
    else if (state.too_new || state.wrong_column) {
        found(check, UM_CLI_BAD, "schema", "%s", state.too_new ? um_schema_too_new(check->cli->pool, &state)
                                                 : state.wrong_column);
    }
    else {
        found(check, UM_CLI_GOOD, "schema", "has all steps");
    }
}

static void check_clock(check_t *check, um_store_call_t *call)
{
    apr_int64_t theirs, before = apr_time_as_msec(apr_time_now()), away;

    if (um_store_admin_clock(call, &theirs) != APR_SUCCESS) {
        found(check, UM_CLI_BAD, "clock", "%s", call->cause);
        return;
    }
    /* The answer was made between before and now. */
    away = theirs < before ? before - theirs : theirs - apr_time_as_msec(apr_time_now());
    away = away < 0 ? 0 : away;
    found(check, away > CLOCK_CRITICAL ? UM_CLI_BAD : away > CLOCK_WARNING ? UM_CLI_WARNING : UM_CLI_GOOD, "clock",
          "differs by %" APR_INT64_T_FMT " ms from the clock of the database%s", away,
          away > CLOCK_WARNING ? ": run an NTP client on both machines" : "");
}

/* Whether the SQLite file can be opened by httpd's user alone. */
static void check_database_file(check_t *check)
{
    const char *file = um_store_sqlite_file(check->cli->pool, check->cli->params);
    apr_int64_t uid = (apr_int64_t)um_json_get(check->cli->site, "uid").number;
    struct stat info, folder;

    if (!file || stat(file, &info) != 0 || stat(um_store_sqlite_folder(check->cli->pool, file), &folder) != 0) {
        found(check, UM_CLI_BAD, "database file", "%s: %s", file ? file : check->cli->params, strerror(errno));
    }
    else if ((info.st_mode | folder.st_mode) & S_IWOTH || ((info.st_mode & S_IROTH) && (folder.st_mode & S_IXOTH))) {
        found(check, UM_CLI_BAD, "database file", "%s is open to all users; close its folder with: chmod 700 %s", file,
              um_store_sqlite_folder(check->cli->pool, file));
    }
    else if (uid >= 0 && uid < 4294967295 && (apr_int64_t)info.st_uid != uid) {
        found(check, UM_CLI_WARNING, "database file", "%s does not belong to httpd's user %s", file,
              um_cli_site_text(check->cli->site, "user"));
    }
    else {
        found(check, UM_CLI_GOOD, "database file", "%s, %.1f MiB", file, (double)info.st_size / 1048576);
    }
}

static void check_database(check_t *check)
{
    um_store_call_t call;

    if (strcmp(check->cli->driver, "sqlite3") == 0) {
        check_database_file(check);
    }
    if (um_cli_database_open_schema(check->cli, 0, &call) != UM_CLI_DONE) {
        found(check, UM_CLI_BAD, "database", "cannot be opened");
        return;
    }
    if (um_store_ready(&call) != APR_SUCCESS) {
        found(check, UM_CLI_BAD, "database", "%s", call.cause);
        check_schema(check, &call);
        return;
    }
    found(check, UM_CLI_GOOD, "database", "%s", um_cli_site_text(check->host, "database"));
    check_schema(check, &call);
    check_clock(check, &call);
    check_outbox(check, &call);
}

/* --- the result --------------------------------------------------------------------------------------------------- */

static int print_findings(const check_t *check)
{
    static const char *const marks[] = { "ok", "warning", "critical" };
    static const char *const states[] = { "OK", "WARNING", "CRITICAL" };
    um_json_t *object = um_json_object(check->cli->pool), *list = um_json_list(check->cli->pool);
    const finding_t *findings = (const finding_t *)check->findings->elts;
    int worst = UM_CLI_GOOD, bad = 0;
    const char *first = "all is well";

    for (int i = 0; i < check->findings->nelts; i++) {
        um_json_t *one = um_json_object(check->cli->pool);

        um_json_put_text(one, "name", findings[i].name);
        um_json_put_text(one, "status", marks[findings[i].level]);
        um_json_put_text(one, "text", findings[i].text);
        um_json_push(list, one);
        bad += findings[i].level != UM_CLI_GOOD;
        if ((int)findings[i].level > worst) {
            worst = (int)findings[i].level;
            first = apr_pstrcat(check->cli->pool, findings[i].name, ": ", findings[i].text, NULL);
        }
    }
    um_json_put_text(object, "status", marks[worst]);
    um_json_put(object, "checks", list);
    if (check->cli->json) {
        um_cli_show(check->cli, object);
        return worst;
    }
    um_cli_list(check->cli, NULL, "USERMGMT %s - %s%s", states[worst], first,
                bad > 1 ? apr_psprintf(check->cli->pool, " (and %d more)", bad - 1) : "");
    for (int i = 0; i < check->findings->nelts; i++) {
        um_cli_say_marked(check->cli, findings[i].level, marks[findings[i].level], "%s: %s", findings[i].name,
                          findings[i].text);
    }
    return worst;
}

static int check_site(um_cli_t *cli)
{
    check_t check = { .cli = cli, .findings = apr_array_make(cli->pool, 16, sizeof(finding_t)) };
    int code = um_cli_site_host(cli, "databases", "driver params", &check.host);

    if (code != UM_CLI_DONE) {
        /* For monitoring: 2 is critical. */
        return UM_CLI_MISUSE;
    }
    cli->driver = um_cli_site_text(check.host, "driver");
    cli->params = um_cli_site_text(check.host, "params");
    check_configuration(&check);
    check_httpd(&check);
    check_keys(&check);
    check_secret(&check, "UserMgmtClientToken");
    check_secret(&check, "UserMgmtPasswordPepper");
    check_secret(&check, "UserMgmtMailLogin");
    check_mail_server(&check);
    if (cli->driver && cli->params) {
        check_database(&check);
    }
    else {
        found(&check, UM_CLI_BAD, "database", "there is no DBDriver or DBDParams");
    }
    return print_findings(&check);
}

const um_cli_command_t um_cli_check[] = {
    { .verb = "", .synopsis = "", .options = "json", .function = check_site,
      .help = "check configuration, files, keys, mail server, database and clock; for monitoring" },
    { .function = NULL },
};
