/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
#include "keyring.h"
#include "module.h"
#include "pepper.h"
#include "process.h"
#include "reserved.h"
#include "wordlist.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <errno.h>
#include <http_core.h>
#include <string.h>
#include <unistd.h>

const char *um_config_check_error(const um_config_check_t *check, um_directive_e directive, const char *format, ...)
{
    va_list args;
    const char *text;

    va_start(args, format);
    text = apr_pvsprintf(check->ptemp, format, args);
    va_end(args);
    return apr_pstrcat(check->ptemp, um_settings_where(check->ptemp, &check->server->settings, directive), ": ", text,
                       NULL);
}

const char *um_config_check_mode(const um_config_check_t *check, um_directive_e directive, const char *file)
{
    apr_finfo_t info;

    if (apr_stat(&info, file, APR_FINFO_PROT, check->ptemp) != APR_SUCCESS
        || !(info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE))) {
        return NULL;
    }
    return um_config_check_error(check, directive, "%s can be read or written by all users; close it with: chmod 600 "
                                 "%s", file, file);
}

/* --- files that the settings name ------------------------------------------------------------------------------- */

static const char *check_keys(const um_config_check_t *check)
{
    const char *path = check->server->settings.signing_key, *why = NULL;
    apr_finfo_t info;

    if (!path) {
        return um_config_check_error(check, UM_SET_UserMgmt, "there is no UserMgmtSigningKey; create a key with: "
                                     "usermgmt key new FOLDER, and set UserMgmtSigningKey FOLDER");
    }
    if (um_keyring_read(check->pconf, path, &check->server->keys, &why) != APR_SUCCESS) {
        return um_config_check_error(check, UM_SET_UserMgmtSigningKey, "%s%s", why,
                                     APR_STATUS_IS_ENOENT(apr_stat(&info, path, APR_FINFO_TYPE, check->ptemp))
                                     ? "; create a folder with a key with: usermgmt key new FOLDER" : "");
    }
    return um_key_reload_check_rotation(check);
}

static const char *check_clients(const um_config_check_t *check)
{
    const char *file = check->server->settings.client_token, *why = NULL;

    if (!file) {
        return !check->server->settings.require_client_token ? NULL
               : um_config_check_error(check, UM_SET_UserMgmtRequireClientToken, "there is no UserMgmtClientToken; "
                                       "create a client with: usermgmt client new FILE NAME, and set "
                                       "UserMgmtClientToken FILE");
    }
    if (um_client_read(check->pconf, file, &check->server->clients, &why) != APR_SUCCESS) {
        return um_config_check_error(check, UM_SET_UserMgmtClientToken, "%s: %s", file, why);
    }
    /* Whoever can write to the file could add a client. */
    return um_config_check_mode(check, UM_SET_UserMgmtClientToken, file);
}

static const char *check_pepper(const um_config_check_t *check)
{
    const char *file = check->server->settings.password_pepper, *why = NULL;

    if (!file) {
        return NULL;
    }
    if (um_pepper_read(check->pconf, file, &check->server->pepper, &why) != APR_SUCCESS) {
        return um_config_check_error(check, UM_SET_UserMgmtPasswordPepper, "%s: %s", file, why);
    }
    return um_config_check_mode(check, UM_SET_UserMgmtPasswordPepper, file);
}

static const char *check_common_passwords(const um_config_check_t *check)
{
    const char *file = check->server->settings.common_passwords, *why = NULL;

    return !file || um_wordlist_open(check->pconf, file, &check->server->common_passwords, &why) == APR_SUCCESS
           ? NULL : um_config_check_error(check, UM_SET_UserMgmtCommonPasswords, "%s; name a list of common passwords, "
                                          "or none", why);
}

static const char *check_reserved_names(const um_config_check_t *check)
{
    const char *file = check->server->settings.reserved_names, *why = NULL;

    check->server->reserved = file && !*file ? um_reserved_default(check->pconf) : NULL;
    return !file || !*file || um_reserved_read(check->pconf, file, &check->server->reserved, &why) == APR_SUCCESS
           ? NULL : um_config_check_error(check, UM_SET_UserMgmtReservedNames, "%s", why);
}

/* Of two accounts with one address, nobody could say whose password counts. */
static const char *check_login(const um_config_check_t *check)
{
    const um_core_settings_t *core = &check->server->settings.core;

    return core->login == UM_LOGIN_USERNAME || core->unique_email ? NULL
           : um_config_check_error(check, UM_SET_UserMgmtLogin, "%s: several accounts could have one address; set "
                                   "UserMgmtUniqueEmail On",
                                   um_settings_where(check->ptemp, &check->server->settings,
                                                     UM_SET_UserMgmtUniqueEmail));
}

/* The pages know people by the cookie alone. */
static const char *check_account_pages(const um_config_check_t *check)
{
    um_settings_t *settings = &check->server->settings;

    if (!settings->pages) {
        return NULL;
    }
    if (!settings->enabled) {
        return um_config_check_error(check, UM_SET_UserMgmtPages, "the pages need UserMgmt On for this host");
    }
    if (!settings->cookie && settings->definition[UM_SET_UserMgmtCookie].file) {
        return um_config_check_error(check, UM_SET_UserMgmtPages, "%s: the pages need a cookie; name one, or leave "
                                     "UserMgmtCookie out",
                                     um_settings_where(check->ptemp, settings, UM_SET_UserMgmtCookie));
    }
    settings->cookie = settings->cookie ? settings->cookie : "usermgmt";
    return NULL;
}

static const char *why_not(const um_config_check_t *check, const char *path, int error)
{
    char text[128];

    return um_config_check_error(check, UM_SET_UserMgmtAuditLog, "%s: %s", path,
                                 apr_strerror(error, text, sizeof(text)));
}

/* httpd looks for a program without a path in its working directory, which depends on how it was started. */
static const char *check_audit_program(const um_config_check_t *check, const char *command)
{
    char **words;

    if (apr_tokenize_to_argv(command, &words, check->ptemp) != APR_SUCCESS || !words[0]) {
        return NULL;
    }
    if (*words[0] != '/') {
        return um_config_check_error(check, UM_SET_UserMgmtAuditLog, "%s: name the program with its whole path",
                                     words[0]);
    }
    return access(words[0], X_OK) == 0 ? NULL : why_not(check, words[0], errno);
}

/* The log is opened later, when a failure would end an httpd that restarts. "httpd -t" tells it before. */
static const char *check_audit_log(const um_config_check_t *check)
{
    const char *target = check->server->settings.audit_log, *folder;
    apr_finfo_t info = { 0 };

    if (!target) {
        return NULL;
    }
    if (*target == '|') {
        return target[1] == '$' ? NULL : check_audit_program(check, target + 1 + strspn(target + 1, "|"));
    }
    if (!APR_STATUS_IS_ENOENT(apr_stat(&info, target, APR_FINFO_TYPE, check->ptemp))) {
        return info.filetype == APR_DIR ? why_not(check, target, EISDIR)
               : access(target, W_OK) == 0 ? NULL : why_not(check, target, errno);
    }
    folder = ap_make_dirstr_parent(check->ptemp, target);
    return access(folder, W_OK | X_OK) == 0 ? NULL : why_not(check, folder, errno);
}

/* httpd adds the trailers of a body to the headers after the module has removed forged headers and set its own, and
 * mod_proxy_fcgi reads the headers only then. A host without a record of its own is checked, too: it may have another
 * MergeTrailers than the main server. */
static const char *check_trailers(apr_pool_t *ptemp, const server_rec *s)
{
    const um_server_t *server = um_server_of(s);
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    const ap_directive_t *set = um_conftree_find(s, "MergeTrailers");

    if (core->merge_trailers != AP_MERGE_TRAILERS_ENABLE || !server->identity_headers
        || !server->settings.signing_key) {
        return NULL;
    }
    return apr_psprintf(ptemp, "MergeTrailers On (%s:%d): a client can forge identity headers in the trailer of a "
                        "body, and this host has %s; set MergeTrailers Off for it", set ? set->filename : "-",
                        set ? set->line_num : 0, server->identity_headers);
}

/* Where the main server has it in a directory, any host may serve that directory. */
static const char *check_sign_in_page(apr_pool_t *ptemp, const server_rec *s, const server_rec *main_server)
{
    const um_server_t *server = um_server_of(s);
    int has_pages = server->settings.pages != NULL;

    for (const um_server_t *any = um_server_of(main_server); any && s == main_server; any = um_server_next(any)) {
        has_pages |= any->settings.pages != NULL;
    }
    return !server->sign_in_auto || server->server != s || has_pages ? NULL
           : apr_pstrcat(ptemp, server->sign_in_auto, ": this host has no pages; set UserMgmtPages On, or name the "
                         "address of a sign-in page", NULL);
}

/* TRACE sends the headers of a request back as httpd got them, the token among them. */
static void warn_of_trace(apr_pool_t *ptemp, const server_rec *main_server)
{
    const server_rec *first = NULL;
    int count = 0;

    for (const server_rec *s = main_server; s; s = s->next) {
        const core_server_config *core = ap_get_core_module_config(s->module_config);

        if (um_server_of(s)->settings.signing_key && core->trace_enable != AP_TRACE_DISABLE) {
            first = first ? first : s;
            count++;
        }
    }
    if (first) {
        const char *others = apr_psprintf(ptemp, " and %d more", count - 1);

        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_NOERRNO, 0, first, "UM223: %s%s: TRACE is answered with the "
                     "headers of the request, tokens and cookies among them, because TraceEnable is not Off; set "
                     "TraceEnable Off outside of all virtual hosts", um_virtual_host_describe(ptemp, first),
                     count > 1 ? others : "");
    }
}

/* Whether a host has a key, or the main server, whose sections apply to all hosts, for one of them. */
static int accepts_tokens(const server_rec *server)
{
    int can = um_server_of(server)->settings.signing_key != NULL;

    for (const server_rec *s = server->is_virtual ? NULL : server->next; s && !can; s = s->next) {
        can = um_server_of(s)->settings.signing_key != NULL;
    }
    return can;
}

/* Such a place is open to everybody whom a Require around it lets in, "Require all granted" of the files for one. */
static void warn_of_missing_require(apr_pool_t *ptemp, const server_rec *main_server)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        const ap_directive_t *first = NULL;
        int count = accepts_tokens(s) ? um_conftree_require_missing(ptemp, s, &first) : 0;
        const char *others = count > 1 ? apr_psprintf(ptemp, " and %d more", count - 1) : "";

        if (count) {
            ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_NOERRNO, 0, s, "UM224: %s: AuthType %s (%s:%d)%s: "
                         "no token is required there, because no Require for an authenticated user can apply; add "
                         "Require valid-user beside it, or Require all granted if everybody may come in",
                         um_virtual_host_describe(ptemp, s), first->args, first->filename, first->line_num, others);
        }
    }
}

/* Such a source never has a token. Where the main server has it in a directory, any host may serve that directory. */
static void warn_of_missing_cookie(apr_pool_t *ptemp, const server_rec *main_server)
{
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        int has_cookie = server->settings.cookie != NULL;

        for (const um_server_t *any = server; any && !server->server->is_virtual; any = um_server_next(any)) {
            has_cookie |= any->settings.cookie != NULL;
        }
        if (server->cookie_source && server->settings.signing_key && !has_cookie) {
            ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_NOERRNO, 0, server->server, "UM225: %s: %s: no token is "
                         "found in a cookie, because there is no UserMgmtCookie; set it, or name the cookie of "
                         "another program as cookie=NAME", um_virtual_host_describe(ptemp, server->server),
                         server->cookie_source);
        }
    }
}

static void warn_of_all(apr_pool_t *ptemp, const server_rec *main_server)
{
    warn_of_trace(ptemp, main_server);
    warn_of_missing_require(ptemp, main_server);
    warn_of_missing_cookie(ptemp, main_server);
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        um_database_check_warn(server, ptemp);
    }
}

/* Not in the hook check_config: a httpd that goes into the background has closed its standard error by then, and has
 * not opened its log yet. */
int um_config_check_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG) {
        warn_of_all(ptemp, main_server);
    }
    return OK;
}

/* --- all checks --------------------------------------------------------------------------------------------------- */

typedef const char *check_fn(const um_config_check_t *check);

/* Each check is made, so that all errors of a host are logged at once. The check of the issuer needs the databases of
 * all hosts, so it comes in a second round. */
static check_fn *const checks[] = { check_keys, um_database_check, check_common_passwords, check_reserved_names,
                                    check_login, check_account_pages, check_pepper, check_clients, check_audit_log,
                                    um_mail_setup_check, um_webhook_setup_check, NULL };
static check_fn *const late_checks[] = { um_virtual_host_check_issuer, NULL };

/* Logs an error. Whether there is none. */
static int is_good(const server_rec *server, const char *error)
{
    if (error) {
        ap_log_error(APLOG_MARK, APLOG_EMERG | APLOG_NOERRNO, 0, server, "UM201: %s", error);
    }
    return !error;
}

/* A host that only protects Locations needs keys and a database, too. Another host needs nothing. */
static int check_all(const um_config_check_t *check, check_fn *const *all)
{
    const um_server_t *server = check->server;
    int good = 1;

    for (int i = 0; all[i] && (server->settings.enabled || server->settings.signing_key); i++) {
        good &= is_good(server->server, all[i](check));
    }
    return good;
}

int um_config_check_run(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    int good = 1;

    (void)plog;
    if (um_config_dump_wanted()) {
        return um_config_dump_run(pconf, ptemp, main_server);
    }
    for (const server_rec *s = main_server; s; s = s->next) {
        good &= is_good(s, check_trailers(ptemp, s));
        good &= is_good(s, check_sign_in_page(ptemp, s, main_server));
    }
    for (int round = 0; round < 2; round++) {
        for (um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
            const um_config_check_t check = { server, main_server, pconf, ptemp };

            good &= check_all(&check, round ? late_checks : checks);
        }
    }
    /* It makes no other hook run. */
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        warn_of_all(ptemp, main_server);
    }
    return good ? OK : HTTP_INTERNAL_SERVER_ERROR;
}
