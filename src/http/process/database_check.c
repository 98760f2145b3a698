/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of mod_dbd's directives, before mod_dbd opens a connection. Messages do not show the connection string,
 * because it may contain a password. */
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

/* A message about DBDParams. */
__attribute__((format(printf, 3, 4)))
static const char *params_error(const um_config_check_t *check, const ap_directive_t *params, const char *format, ...)
{
    va_list args;
    const char *text;

    va_start(args, format);
    text = apr_pvsprintf(check->ptemp, format, args);
    va_end(args);
    return apr_psprintf(check->ptemp, "DBDParams (%s:%d): %s", params->filename, params->line_num, text);
}

/* --- SQLite ------------------------------------------------------------------------------------------------------ */

static const char *check_sqlite(const um_config_check_t *check, const ap_directive_t *params)
{
    apr_finfo_t info;
    const char *args, *path, *folder;

    if (!params) {
        return "DBDriver sqlite3 needs DBDParams with the path of the database file";
    }
    args = params->args;
    path = um_store_sqlite_file(check->pconf, ap_getword_conf(check->pconf, &args));
    if (!path) {
        return params_error(check, params, "with a database in memory each connection would have a database of its "
                            "own; name a file");
    }
    /* The path is not shown: with a wrong DBDriver it is a connection string of PostgreSQL. */
    if (*path != '/') {
        return params_error(check, params, "DBDriver sqlite3 needs the absolute path of the database file");
    }
    check->server->sqlite_file = um_sqlite_file_create(check->pconf, path);
    check->server->database_name = apr_pstrcat(check->pconf, "sqlite3 ", path, NULL);
    folder = um_store_sqlite_folder(check->ptemp, path);
    if (apr_stat(&info, folder, APR_FINFO_TYPE | APR_FINFO_PROT, check->ptemp) != APR_SUCCESS
        || info.filetype != APR_DIR) {
        return params_error(check, params, "there is no folder %s; create it with mode 0700, owned by the user that "
                            "httpd runs as", folder);
    }
    if (info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE | APR_FPROT_WEXECUTE)) {
        return params_error(check, params, "folder %s is open to all users, and so are the password hashes in it; "
                            "close it with: chmod o-rwx %s", folder, folder);
    }
    return NULL;
}

/* --- PostgreSQL -------------------------------------------------------------------------------------------------- */

/* The value of a keyword in a connection string of libpq; "" if it is not set. */
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

/* Driver, host and name of the database, for the log. */
static const char *pgsql_name(apr_pool_t *pool, const char *params)
{
    const char *host = keyword(pool, params, "host");
    const char *name = keyword(pool, params, "dbname");

    if (strncmp(params, "postgresql://", 13) == 0 || strncmp(params, "postgres://", 11) == 0) {
        const char *begin = strstr(params, "://") + 3, *at = begin + strcspn(begin, "@/"), *end, *host_at;

        /* As libpq sees it: a password may contain a question mark. Where it contains a slash, libpq takes the address
         * for another one and fails, and the password is not shown either. */
        host_at = *at == '@' ? at + 1 : begin;
        end = host_at + strcspn(host_at, "?");
        for (at = end; at > host_at && at[-1] != '@'; at--) {
            continue;
        }
        return apr_pstrcat(pool, "pgsql ", apr_pstrmemdup(pool, at, (apr_size_t)(end - at)), NULL);
    }
    return apr_pstrcat(pool, "pgsql ", *host ? host : "(no host)", "/", *name ? name : "(no dbname)", NULL);
}

/* Whether a connection string, as keywords or as a URI, sets a keyword. */
static int sets(apr_pool_t *pool, const char *params, const char *name)
{
    return strstr(params, "://") ? strstr(params, apr_pstrcat(pool, name, "=", NULL)) != NULL
           : *keyword(pool, params, name) != '\0';
}

/* Other sources of parameters are not read: a service file may set them. A socket in the file system needs no
 * tcp_user_timeout. */
void um_database_check_warn(const um_server_t *server, apr_pool_t *ptemp)
{
    int is_pgsql = server->database_name && !server->sqlite_file;
    const ap_directive_t *where = is_pgsql ? um_conftree_find(server->dbd, "DBDParams") : NULL;
    const char *args = where ? where->args : "", *params = ap_getword_conf(ptemp, &args);
    const char *host = keyword(ptemp, params, "host");
    int is_tcp = strstr(params, "://") || sets(ptemp, params, "hostaddr") || (*host && *host != '/');
    int has_connect = sets(ptemp, params, "connect_timeout") || getenv("PGCONNECT_TIMEOUT");
    int has_tcp = !is_tcp || sets(ptemp, params, "tcp_user_timeout");

    if (is_pgsql && !sets(ptemp, params, "service") && !(has_connect && has_tcp)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM112: DBDParams (%s:%d) lacks%s%s: threads that "
                     "connect to a database host that does not answer, or send to it, are blocked for minutes",
                     where ? where->filename : "-", where ? where->line_num : 0,
                     has_connect ? "" : " connect_timeout=2", has_tcp ? "" : " tcp_user_timeout=5000");
    }
}

/* --- all databases ------------------------------------------------------------------------------------------------ */

/* A number; mod_dbd itself refuses what is none. */
static int number_of(const ap_directive_t *directive, int preset)
{
    apr_int64_t number = directive ? apr_strtoi64(directive->args, NULL, 10) : preset;

    return number > 0 && number < 100000 ? (int)number : preset;
}

const char *um_database_check(const um_config_check_t *check)
{
    um_server_t *server = check->server;
    const ap_directive_t *driver, *params;
    const char *args, *name;

    um_virtual_host_choose_dbd(server, check->main_server);
    if (!ap_find_linked_module("mod_dbd.c")) {
        return "mod_dbd, which connects to the database, is not loaded: add LoadModule dbd_module";
    }
    driver = um_conftree_find(server->dbd, "DBDriver");
    params = um_conftree_find(server->dbd, "DBDParams");
    if (!driver) {
        return um_virtual_host_check_without_database(check);
    }
    server->dbd_max = number_of(um_conftree_find(server->dbd, "DBDMax"), DBD_MAX);
    args = driver->args;
    server->database = apr_pstrcat(check->pconf, args, " ", params ? params->args : "", NULL);
    name = ap_getword_conf(check->ptemp, &args);
    if (strcmp(name, "sqlite3") == 0) {
        return check_sqlite(check, params);
    }
    if (strcmp(name, "pgsql") != 0) {
        return apr_psprintf(check->ptemp, "DBDriver %s (%s:%d): must be sqlite3 or pgsql", name, driver->filename,
                            driver->line_num);
    }
    args = params ? params->args : "";
    name = ap_getword_conf(check->ptemp, &args);
    server->database_name = pgsql_name(check->pconf, name);
    return NULL;
}
