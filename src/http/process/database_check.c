/* SPDX-License-Identifier: Apache-2.0 */
/* What mod_dbd's directives say of a host's database, looked at before mod_dbd opens anything. */
#include "module.h"
#include "process.h"
#include "store.h"

#include <apr_file_info.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <stdlib.h>
#include <string.h>

/* mod_dbd's default. */
#define DBD_MAX 10

/* --- SQLite --- */

static const char *check_sqlite(um_server_t *server, const ap_directive_t *params, apr_pool_t *pconf,
                                apr_pool_t *ptemp)
{
    apr_finfo_t info;
    const char *args, *path, *folder;

    if (!params) {
        return "DBDriver sqlite3 needs DBDParams with the path of the database file";
    }
    args = params->args;
    path = um_store_sqlite_file(pconf, ap_getword_conf(pconf, &args));
    if (!path) {
        return apr_psprintf(ptemp, "DBDParams (%s:%d): a database in memory would be another one for each connection; "
                            "name a file", params->filename, params->line_num);
    }
    /* A connection string of PostgreSQL comes here too, with a wrong DBDriver: it may hold a password. */
    if (*path != '/') {
        return apr_psprintf(ptemp, "DBDParams (%s:%d): DBDriver sqlite3 needs the whole path of the database file, "
                            "from / on", params->filename, params->line_num);
    }
    server->file = um_sqlitefile_create(pconf, path);
    server->database_name = apr_pstrcat(pconf, "sqlite3 ", path, NULL);
    folder = um_store_sqlite_folder(ptemp, path);
    if (apr_stat(&info, folder, APR_FINFO_TYPE | APR_FINFO_PROT, ptemp) != APR_SUCCESS || info.filetype != APR_DIR) {
        return apr_psprintf(ptemp, "DBDParams (%s:%d): there is no folder %s; make it with mode 0700 and give it to "
                            "the user that httpd runs as", params->filename, params->line_num, folder);
    }
    if (info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE | APR_FPROT_WEXECUTE)) {
        return apr_psprintf(ptemp, "DBDParams (%s:%d): folder %s is open to others, and with it all password hashes; "
                            "close it with: chmod o-rwx %s", params->filename, params->line_num, folder, folder);
    }
    return NULL;
}

/* --- PostgreSQL --- */

/* The value of a keyword in libpq's connection string, "" where it is not set. */
static const char *keyword(apr_pool_t *pool, const char *text, const char *wanted)
{
    const char *found = "";

    while (*text) {
        const char *name, *equals;
        char *value, *out;
        char quote = 0;

        text += strspn(text, " \t\r\n");
        name = text;
        equals = strchr(text, '=');
        if (!equals) {
            break;
        }
        text = equals + 1 + strspn(equals + 1, " \t\r\n");
        quote = *text == '\'' ? *text++ : 0;
        value = out = apr_palloc(pool, strlen(text) + 1);
        while (*text && (quote ? *text != quote : !apr_isspace(*text))) {
            text += *text == '\\' && text[1] != '\0';
            *out++ = *text++;
        }
        *out = '\0';
        text += quote && *text;
        if (strncmp(name, wanted, strlen(wanted)) == 0 && strchr(" \t=", name[strlen(wanted)])) {
            found = value;
        }
    }
    return found;
}

/* Host and name alone: what else stands there may be a password. */
static const char *pgsql_name(apr_pool_t *pool, const char *params)
{
    const char *host = keyword(pool, params, "host");
    const char *name = keyword(pool, params, "dbname");

    if (strncmp(params, "postgresql://", 13) == 0 || strncmp(params, "postgres://", 11) == 0) {
        const char *begin = strstr(params, "://") + 3;
        const char *at = begin + strcspn(begin, "/?");

        while (at > begin && at[-1] != '@') {
            at--;
        }
        return apr_pstrcat(pool, "pgsql ", apr_pstrmemdup(pool, at, strcspn(at, "?")), NULL);
    }
    return apr_pstrcat(pool, "pgsql ", *host ? host : "(no host)", "/", *name ? name : "(no dbname)", NULL);
}

/* Whether the connection string, of either form, sets a keyword. */
static int sets(apr_pool_t *pool, const char *params, const char *name)
{
    return strstr(params, "://") ? strstr(params, apr_pstrcat(pool, name, "=", NULL)) != NULL
           : *keyword(pool, params, name) != '\0';
}

/* A host that does not answer is given up soon only where the connection string says so. Other sources of settings than
 * the string are not read: a service file may have them, and a socket in the file system has no TCP. */
static void check_timeouts(const um_server_t *server, const ap_directive_t *where, const char *params,
                           apr_pool_t *ptemp)
{
    const char *host = keyword(ptemp, params, "host");
    int is_tcp = strstr(params, "://") || sets(ptemp, params, "hostaddr") || (*host && *host != '/');
    int has_connect = sets(ptemp, params, "connect_timeout") || getenv("PGCONNECT_TIMEOUT");
    int has_tcp = !is_tcp || sets(ptemp, params, "tcp_user_timeout");

    if (sets(ptemp, params, "service") || (has_connect && has_tcp)
        || (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG
            && ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_CONFIG_TEST)) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM112: DBDParams (%s:%d) lacks%s%s: a database host "
                 "that does not answer holds up the threads that connect or send for minutes",
                 where ? where->filename : "-", where ? where->line_num : 0, has_connect ? "" : " connect_timeout=2",
                 has_tcp ? "" : " tcp_user_timeout=5000");
}

/* --- any --- */

/* mod_dbd checks what is in it. */
static int number_of(const ap_directive_t *directive, int preset)
{
    apr_int64_t number = directive ? apr_strtoi64(directive->args, NULL, 10) : preset;

    return number > 0 && number < 100000 ? (int)number : preset;
}

const char *um_database_check(um_server_t *server, server_rec *main_server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const ap_directive_t *driver, *params;
    const char *args, *name;

    um_virtual_host_choose_dbd(server, main_server);
    if (!ap_find_linked_module("mod_dbd.c")) {
        return "accounts are kept through mod_dbd, which is not loaded: add LoadModule dbd_module";
    }
    driver = um_conftree_find(server->dbd, "DBDriver");
    params = um_conftree_find(server->dbd, "DBDParams");
    if (!driver) {
        return um_virtual_host_check_without_database(server, main_server, ptemp);
    }
    server->dbd_max = number_of(um_conftree_find(server->dbd, "DBDMax"), DBD_MAX);
    args = driver->args;
    server->database = apr_pstrcat(pconf, args, " ", params ? params->args : "", NULL);
    name = ap_getword_conf(ptemp, &args);
    if (strcmp(name, "pgsql") == 0) {
        args = params ? params->args : "";
        name = ap_getword_conf(ptemp, &args);
        server->database_name = pgsql_name(pconf, name);
        check_timeouts(server, params, name, ptemp);
        return NULL;
    }
    if (strcmp(name, "sqlite3") == 0) {
        return check_sqlite(server, params, pconf, ptemp);
    }
    return apr_psprintf(ptemp, "DBDriver %s (%s:%d): must be sqlite3 or pgsql", name, driver->filename,
                        driver->line_num);
}
