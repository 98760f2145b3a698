/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a site, and what to mend. Files are looked at first, with the caller's rights; root gives them up
 * for the database. */
#include "cli_check.h"
#include "json.h"
#include "key_directory.h"
#include "keyring.h"
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

#define DAY 86400

typedef struct finding_t {
    um_cli_mark_e level;
    const char *name, *text;
} finding_t;

void um_cli_found(check_t *check, um_cli_mark_e level, const char *name, const char *format, ...)
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

    check->failure = NULL;
    if (um_cli_httpd_test(check->cli, 0, &result) != UM_CLI_DONE) {
        um_cli_found(check, UM_CLI_BAD, "configuration", "%s", check->failure);
        return;
    }
    for (char *line = apr_strtok(apr_pstrdup(check->cli->pool, result.error), "\n", &rest); line;
         line = apr_strtok(NULL, "\n", &rest)) {
        const char *text = message_of(line);
        int is_error = strstr(line, "emerg]") != NULL || strstr(line, "UM201") != NULL;
        int is_denied = geteuid() != 0 && strstr(line, "ermission denied");

        if (text) {
            um_cli_found(check, is_error && !is_denied ? UM_CLI_BAD : UM_CLI_WARNING, "configuration", "%s%s", text,
                         is_denied ? " (call the program as root to check this)" : "");
            count++;
        }
    }
    if (!result.is_good && !count) {
        um_cli_found(check, UM_CLI_BAD, "configuration", "httpd refuses %s: %s", um_cli_site_config(check->cli),
                     um_cli_site_refusal(check->cli, result.error));
    }
    else if (!count) {
        um_cli_found(check, UM_CLI_GOOD, "configuration", "%s, host %s", um_cli_site_config(check->cli),
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
        um_cli_found(check, UM_CLI_GOOD, "httpd", "runs, process %ld", pid);
    }
    else {
        um_cli_found(check, UM_CLI_BAD, "httpd", "does not run: %s names no process; start it",
                     file ? file : "PidFile");
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
        um_cli_found(check, geteuid() == 0 || errno != EACCES ? UM_CLI_BAD : UM_CLI_WARNING, directive, "%s: %s", path,
                     strerror(errno));
    }
    else if (info.st_mode & (S_IROTH | S_IWOTH)) {
        um_cli_found(check, UM_CLI_BAD, directive, "%s can be read or written by all users; close it with: "
                     "chmod o-rwx %s", path, path);
    }
    else {
        um_cli_found(check, UM_CLI_GOOD, directive, "%s, mode %04o", path, (unsigned)info.st_mode & 07777);
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
        um_cli_found(check, UM_CLI_BAD, name, "is not set: create a key with: usermgmt key new FOLDER");
        return;
    }
    if (geteuid() != 0 && access(path, R_OK) != 0 && errno == EACCES) {
        um_cli_found(check, UM_CLI_WARNING, name, "%s is closed to this user: call the program as root to check it",
                     path);
        return;
    }
    if (um_key_directory_list(check->cli->pool, path, &files, &why) != APR_SUCCESS
        || um_keyring_read(check->cli->pool, path, &keys, &why) != APR_SUCCESS) {
        um_cli_found(check, UM_CLI_BAD, name, "%s", why);
        return;
    }
    age = apr_time_sec(now - signs_since(files, now, &count)) / DAY;
    if (every && age * DAY > every + 2 * DAY) {
        um_cli_found(check, UM_CLI_WARNING, name, "the key that signs in %s is %" APR_INT64_T_FMT " days old, and "
                     "UserMgmtKeyRotation is %" APR_INT64_T_FMT " days: the error log has the reason (UM6)", path, age,
                     every / DAY);
        return;
    }
    um_cli_found(check, UM_CLI_GOOD, name, "%s: %d in use, the one that signs since %" APR_INT64_T_FMT " days", path,
                 count, age);
}

/* --- mail --------------------------------------------------------------------------------------------------------- */

static void check_mail_server(check_t *check)
{
    const char *url = um_cli_site_text(check->host, "UserMgmtMail"), *why = NULL;
    um_transport_t *transport;

    if (!um_cli_mail_transport(check->cli, check->host, &transport, &why)) {
        um_cli_found(check, geteuid() != 0 && strstr(why, "ermission denied") ? UM_CLI_WARNING : UM_CLI_BAD,
                     "UserMgmtMail", "%s: %s", url, why);
        return;
    }
    if (!transport) {
        return;
    }
    if (um_transport_probe(transport, check->cli->pool, &why) != UM_TRANSPORT_SENT) {
        um_cli_found(check, UM_CLI_BAD, "UserMgmtMail", "%s: %s", url, why);
        return;
    }
    um_cli_found(check, UM_CLI_GOOD, "UserMgmtMail", "%s is ready", url);
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

static void check_host(check_t *check)
{
    um_cli_t *cli = check->cli;

    cli->driver = um_cli_site_text(check->host, "driver");
    cli->params = um_cli_site_text(check->host, "params");
    check_configuration(check);
    check_httpd(check);
    check_keys(check);
    check_secret(check, "UserMgmtClientToken");
    check_secret(check, "UserMgmtPasswordPepper");
    check_secret(check, "UserMgmtMailLogin");
    check_mail_server(check);
    if (cli->driver && cli->params) {
        um_cli_check_database(check);
    }
    else {
        um_cli_found(check, UM_CLI_BAD, "database", "there is no DBDriver or DBDParams");
    }
}

static int check_site(um_cli_t *cli)
{
    check_t check = { .cli = cli, .findings = apr_array_make(cli->pool, 16, sizeof(finding_t)) };

    cli->failure = &check.failure;
    if (um_cli_site_host(cli, "databases", "driver params", &check.host) == UM_CLI_DONE) {
        check_host(&check);
    }
    else {
        um_cli_found(&check, UM_CLI_BAD, "configuration", "%s", check.failure);
    }
    cli->failure = NULL;
    return print_findings(&check);
}

const um_cli_command_t um_cli_check[] = {
    { .verb = "", .synopsis = "", .options = "json", .function = check_site,
      .help = "check configuration, files, keys, mail server, database and clock; for monitoring" },
    { .function = NULL },
};
