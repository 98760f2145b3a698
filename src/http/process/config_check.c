/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
#include "keyring.h"
#include "module.h"
#include "process.h"
#include "reserved.h"
#include "wordlist.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>

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

/* --- keys, lists, numbers --- */

static int check_keys(um_server_t *server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const char *path = server->settings.signing_key, *why = NULL;
    apr_finfo_t info;

    if (!path) {
        return fault(server, "%s, but no UserMgmtSigningKey: make a key with \"usermgmt key new FOLDER\" and name "
                     "the folder", where(ptemp, server, UM_SET_UserMgmt));
    }
    if (um_keyring_read(pconf, path, &server->keys, &why) != APR_SUCCESS) {
        return fault(server, "%s: %s%s", where(ptemp, server, UM_SET_UserMgmtSigningKey), why,
                     APR_STATUS_IS_ENOENT(apr_stat(&info, path, APR_FINFO_TYPE, ptemp))
                     ? "; make a folder with a key with: usermgmt key new FOLDER" : "");
    }
    why = um_key_reload_check_rotation(server, ptemp);
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

static int check_names(um_server_t *server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const char *path = server->settings.reserved_names, *why = NULL;

    server->reserved = path && !*path ? um_reserved_default(pconf) : NULL;
    if (path && *path && um_reserved_read(pconf, path, &server->reserved, &why) != APR_SUCCESS) {
        return fault(server, "%s: %s", where(ptemp, server, UM_SET_UserMgmtReservedNames), why);
    }
    return 1;
}

static int check_mail(um_server_t *server, server_rec *main_server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const char *why = um_mail_setup_check(server, main_server, pconf, ptemp);

    return why ? fault(server, "%s", why) : 1;
}

/* A host that only protects its Locations needs keys and database too; one that does neither needs nothing. */
static int has_part(const server_rec *s)
{
    const um_server_t *server = um_server_of(s);

    return um_server_is_own(s) && (server->settings.enabled || server->settings.signing_key);
}

static int check_database(um_server_t *server, server_rec *main_server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const char *why = um_database_check(server, main_server, pconf, ptemp);

    return why ? fault(server, "%s", why) : 1;
}

static int check_issuer(um_server_t *server, server_rec *main_server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const char *why = um_virtual_host_check_issuer(server, main_server, pconf, ptemp);

    return why ? fault(server, "%s", why) : 1;
}

/* httpd would add the trailers of a body to the headers after ours were set and forged ones removed, and mod_proxy_fcgi
 * reads them only then. */
static int check_trailers(const server_rec *s)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    const um_server_t *server = um_server_of(s);
    const ap_directive_t *set = um_conftree_find(s, "MergeTrailers");

    if (core->merge_trailers != AP_MERGE_TRAILERS_ENABLE || !server->identity_headers
        || !server->settings.signing_key) {
        return 1;
    }
    return fault(server, "MergeTrailers On (%s:%d) lets a client forge identity headers in the trailer of a body, and "
                 "this host has %s: set MergeTrailers Off for it", set ? set->filename : "-", set ? set->line_num : 0,
                 server->identity_headers);
}

int um_config_check_run(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    int good = 1;

    (void)plog;
    for (server_rec *s = main_server; s; s = s->next) {
        um_server_t *server = um_server_of(s);

        good &= check_trailers(s);
        if (has_part(s)) {
            good &= check_keys(server, pconf, ptemp);
            good &= check_database(server, main_server, pconf, ptemp);
            good &= check_passwords(server, pconf, ptemp);
            good &= check_names(server, pconf, ptemp);
            good &= check_clients(server, pconf, ptemp);
            good &= check_mail(server, main_server, pconf, ptemp);
        }
    }
    for (server_rec *s = main_server; s; s = s->next) {
        if (has_part(s)) {
            good &= check_issuer(um_server_of(s), main_server, pconf, ptemp);
        }
    }
    return good ? OK : HTTP_INTERNAL_SERVER_ERROR;
}
