/* SPDX-License-Identifier: Apache-2.0 */
#include "checks.h"

#include "client.h"
#include "keys.h"
#include "mailer.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_config.h>
#include <strings.h>

/* The one way to complain: the host, then what is wrong and what to do. Always 0, for "not good". */
__attribute__((format(printf, 2, 3)))
static int fault(const um_server_t *server, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    apr_vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ap_log_error(APLOG_MARK, APLOG_EMERG | APLOG_NOERRNO, 0, server->server, "UM201: %s", text);
    return 0;
}

static const char *where(apr_pool_t *ptemp, const um_server_t *server, um_directive_e directive)
{
    return um_settings_where(ptemp, &server->settings, directive);
}

/* --- mod_dbd's directives, which it keeps to itself --- */

static const ap_directive_t *find(const ap_directive_t *node, const char *name)
{
    const ap_directive_t *last = NULL;

    for (; node; node = node->next) {
        if (strcasecmp(node->directive, name) == 0) {
            last = node;
        }
    }
    return last;
}

/* The host's own, else the main server's. */
static const ap_directive_t *find_for(const um_server_t *server, const char *name)
{
    const server_rec *s = server->server;
    const ap_directive_t *found = NULL;

    for (const ap_directive_t *node = ap_conftree; node && s->is_virtual && !found; node = node->next) {
        if (strcasecmp(node->directive, "<VirtualHost") == 0 && s->defn_name
            && (unsigned)node->line_num == s->defn_line_number && strcmp(node->filename, s->defn_name) == 0) {
            found = find(node->first_child, name);
        }
    }
    return found ? found : find(ap_conftree, name);
}

/* --- the database --- */

/* The folder of a SQLite database, which keeps its write-ahead log beside it. NULL: it is not in a file. */
static const char *sqlite_folder(apr_pool_t *ptemp, const char *params)
{
    const char *path = params;
    const char *slash;

    if (strncmp(path, "file:", 5) == 0) {
        path = apr_pstrndup(ptemp, path + 5, strcspn(path + 5, "?"));
        path += strncmp(path, "///", 3) == 0 ? 2 : 0;
    }
    slash = strrchr(path, '/');
    if (!slash) {
        return strcmp(path, ":memory:") == 0 ? NULL : ".";
    }
    return slash == path ? "/" : apr_pstrmemdup(ptemp, path, (apr_size_t)(slash - path));
}

static int check_sqlite(const um_server_t *server, apr_pool_t *ptemp)
{
    const ap_directive_t *params = find_for(server, "DBDParams");
    apr_finfo_t info;
    const char *args;
    const char *folder;

    if (!params) {
        return fault(server, "DBDriver sqlite3 needs DBDParams with the path of the database file");
    }
    args = params->args;
    folder = sqlite_folder(ptemp, ap_getword_conf(ptemp, &args));
    if (!folder) {
        return fault(server, "DBDParams (%s:%d): a database in memory would be another one for each connection; name a "
                     "file", params->filename, params->line_num);
    }
    if (apr_stat(&info, folder, APR_FINFO_TYPE | APR_FINFO_PROT, ptemp) != APR_SUCCESS || info.filetype != APR_DIR) {
        return fault(server, "DBDParams (%s:%d): there is no folder %s; make it with mode 0700 and give it to the user "
                     "that httpd runs as", params->filename, params->line_num, folder);
    }
    if (info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE | APR_FPROT_WEXECUTE)) {
        return fault(server, "DBDParams (%s:%d): folder %s is open to others, and with it all password hashes; "
                     "close it with: chmod o-rwx %s", params->filename, params->line_num, folder, folder);
    }
    return 1;
}

static int check_database(um_server_t *server, apr_pool_t *ptemp)
{
    const ap_directive_t *driver = find_for(server, "DBDriver");
    const ap_directive_t *params = find_for(server, "DBDParams");
    const char *args;
    const char *name;

    if (!ap_find_linked_module("mod_dbd.c")) {
        return fault(server, "accounts are kept through mod_dbd, which is not loaded: add LoadModule dbd_module");
    }
    if (!driver) {
        return fault(server, "no DBDriver: add \"DBDriver sqlite3\" or \"DBDriver pgsql\", and DBDParams");
    }
    args = driver->args;
    server->database = apr_pstrcat(server->server->process->pconf, args, " ", params ? params->args : "", NULL);
    name = ap_getword_conf(ptemp, &args);
    if (strcmp(name, "pgsql") == 0) {
        server->dialect = UM_DIALECT_PGSQL;
        return 1;
    }
    if (strcmp(name, "sqlite3") == 0) {
        server->dialect = UM_DIALECT_SQLITE3;
        return check_sqlite(server, ptemp);
    }
    return fault(server, "DBDriver %s (%s:%d): must be sqlite3 or pgsql", name, driver->filename, driver->line_num);
}

/* --- keys, lists, numbers --- */

static int check_keys(um_server_t *server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const char *why = NULL;

    if (!server->settings.signing_key) {
        return fault(server, "%s, but no UserMgmtSigningKey: make a key with \"usermgmt key new FOLDER\" and name "
                     "the folder", where(ptemp, server, UM_SET_UserMgmt));
    }
    if (um_key_ring(pconf, server->settings.signing_key, &server->keys, &why) != APR_SUCCESS) {
        return fault(server, "%s: %s", where(ptemp, server, UM_SET_UserMgmtSigningKey), why);
    }
    why = um_keys_check(server, ptemp);
    return why ? fault(server, "%s", why) : 1;
}

static int check_clients(um_server_t *server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const um_settings_t *settings = &server->settings;
    const char *file = settings->client_token;
    const char *why = NULL;
    apr_finfo_t info;

    if (!file) {
        return !settings->require_client_token
               || fault(server, "%s, but no UserMgmtClientToken: make a client with \"usermgmt client new FILE NAME\" "
                        "and name the file", where(ptemp, server, UM_SET_UserMgmtRequireClientToken));
    }
    if (um_client_read(pconf, file, &server->clients, &why) != APR_SUCCESS) {
        return fault(server, "%s: %s: %s", where(ptemp, server, UM_SET_UserMgmtClientToken), file, why);
    }
    if (apr_stat(&info, file, APR_FINFO_PROT, ptemp) != APR_SUCCESS
        || (info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE))) {
        return fault(server, "%s: %s can be read or written by others, who could add a client of theirs; close it "
                     "with: chmod 600 %s", where(ptemp, server, UM_SET_UserMgmtClientToken), file, file);
    }
    return 1;
}

static int check_passwords(um_server_t *server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const um_settings_t *settings = &server->settings;
    const char *why = NULL;

    if (settings->common_passwords
        && um_wordlist_open(pconf, settings->common_passwords, &server->common, &why) != APR_SUCCESS) {
        return fault(server, "%s: %s", where(ptemp, server, UM_SET_UserMgmtCommonPasswords), why);
    }
    return 1;
}

static int check_mail(um_server_t *server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const char *why = um_mailer_check(server, pconf, ptemp);

    return why ? fault(server, "%s", why) : 1;
}

int um_checks_run(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    int good = 1;

    (void)plog;
    for (server_rec *s = main_server; s; s = s->next) {
        um_server_t *server = um_server_of(s);

        /* A host that only protects its Locations needs keys and database too; one that does neither needs nothing. */
        if (um_server_is_own(s) && (server->settings.enabled || server->settings.signing_key)) {
            good &= check_keys(server, pconf, ptemp);
            good &= check_database(server, ptemp);
            good &= check_passwords(server, pconf, ptemp);
            good &= check_clients(server, pconf, ptemp);
            good &= check_mail(server, pconf, ptemp);
        }
    }
    return good ? OK : HTTP_INTERNAL_SERVER_ERROR;
}
