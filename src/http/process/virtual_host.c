/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"
#include "process.h"

#include <apr_strings.h>
#include <http_core.h>
#include <string.h>
#include <strings.h>

/* --- the database ------------------------------------------------------------------------------------------------ */

int um_virtual_host_manages_database(const um_server_t *server)
{
    return server->settings.enabled || server->has_own_key || !server->server->is_virtual;
}

void um_virtual_host_choose_dbd(um_server_t *server, server_rec *main_server)
{
    int is_own = um_virtual_host_manages_database(server) || !um_conftree_own(main_server, "DBDriver");

    server->dbd = is_own ? server->server : main_server;
}

/* The first host that has the settings of this record and contains AuthType Bearer. NULL: there is none. */
static const server_rec *protected_host(const um_server_t *server, const server_rec *main_server)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        if (um_server_of(s) == server && um_conftree_is_protected(s)) {
            return s;
        }
    }
    return NULL;
}

const char *um_virtual_host_describe(apr_pool_t *pool, const server_rec *s)
{
    return s->is_virtual ? apr_psprintf(pool, "virtual host %s (%s:%u)", s->server_hostname ? s->server_hostname : "",
                                        s->defn_name ? s->defn_name : "", s->defn_line_number) : "main server";
}

const char *um_virtual_host_check_without_database(const um_config_check_t *check)
{
    static const char error[] = "no DBDriver: add \"DBDriver sqlite3\" or \"DBDriver pgsql\", and DBDParams";
    const um_server_t *server = check->server;
    const server_rec *host = protected_host(server, check->main_server);

    if (server->settings.enabled || server->has_own_key) {
        return error;
    }
    if (host) {
        return apr_psprintf(check->ptemp, "%s, to the main server or to the %s, which has AuthType Bearer", error,
                            um_virtual_host_describe(check->ptemp, host));
    }
    for (const um_server_t *other = um_server_of(check->main_server); (other = um_server_next(other)); ) {
        if (other->settings.signing_key && um_conftree_own(other->server, "DBDriver")) {
            return NULL;
        }
    }
    return error;
}

/* --- names ------------------------------------------------------------------------------------------------------- */

const char *um_virtual_host_name(const server_rec *server, const server_rec *main_server)
{
    if (um_conftree_own(server, "ServerName")) {
        return server->server_hostname;
    }
    return um_conftree_own(main_server, "ServerName") ? main_server->server_hostname : NULL;
}

/* The issuer of a host with "UserMgmtIssuer auto". NULL: the host has no name. */
static const char *issuer_of_name(apr_pool_t *pool, const server_rec *server, const server_rec *main_server)
{
    const char *name = um_virtual_host_name(server, main_server);

    return name ? apr_pstrcat(pool, "https://", name, NULL) : NULL;
}

static int is_auto(const um_server_t *server)
{
    return strcasecmp(server->settings.issuer, "auto") == 0;
}

/* The issuer of a host that serves the API. NULL: the host has no name. */
static const char *api_issuer(apr_pool_t *pool, const um_server_t *server, const server_rec *main_server)
{
    return is_auto(server) ? issuer_of_name(pool, server->server, main_server) : server->settings.issuer;
}

static int has_same_accounts(const um_server_t *one, const um_server_t *other)
{
    return one->database && other->database && strcmp(one->database, other->database) == 0
           && one->settings.signing_key && other->settings.signing_key
           && strcmp(one->settings.signing_key, other->settings.signing_key) == 0;
}

/* The issuer whose tokens a host without the API accepts: that of the hosts with the API that have its keys and its
 * database. If own, the issuer of its own name, is one of them, it is taken. *second: another issuer; NULL: there is
 * only one. NULL: there is no such host. */
static const char *issuer_of_others(const um_config_check_t *check, const char *own, const char **second)
{
    const char *first = NULL;

    *second = NULL;
    for (const um_server_t *api = um_server_of(check->main_server); api; api = um_server_next(api)) {
        const char *issuer = api->settings.enabled && has_same_accounts(check->server, api)
                             ? api_issuer(check->pconf, api, check->main_server) : NULL;

        if (issuer && own && strcmp(issuer, own) == 0) {
            *second = NULL;
            return issuer;
        }
        if (issuer && first && strcmp(issuer, first) != 0) {
            *second = issuer;
        }
        first = first ? first : issuer;
    }
    return first;
}

const char *um_virtual_host_check_issuer(const um_config_check_t *check)
{
    um_server_t *server = check->server;
    const char *own = issuer_of_name(check->pconf, server->server, check->main_server);
    const char *issuer, *second = NULL;
    const server_rec *host;

    if (!is_auto(server) || server->settings.enabled) {
        server->issuer = api_issuer(check->pconf, server, check->main_server);
        return server->issuer ? NULL
               : um_config_check_error(check, UM_SET_UserMgmtIssuer, "auto needs the ServerName of the %s, which has "
                                       "none; add ServerName there, or set UserMgmtIssuer https://NAME",
                                       um_virtual_host_describe(check->ptemp, server->server));
    }
    issuer = issuer_of_others(check, own, &second);
    server->issuer = second ? NULL : issuer ? issuer : own;
    host = protected_host(server, check->main_server);
    if (server->issuer || !host) {
        return NULL;
    }
    if (second) {
        return um_config_check_error(check, UM_SET_UserMgmtIssuer, "the %s has AuthType Bearer but not the API, and "
                                     "hosts with its keys issue tokens of several issuers, such as %s and %s; set "
                                     "UserMgmtIssuer in that host, to the issuer whose tokens it accepts, or once for "
                                     "all hosts in the main server", um_virtual_host_describe(check->ptemp,
                                                                                              host), issuer, second);
    }
    return um_config_check_error(check, UM_SET_UserMgmtIssuer, "the %s has AuthType Bearer, but no host here issues "
                                 "tokens, and there is no ServerName; add UserMgmtIssuer with the iss of the tokens "
                                 "that it accepts", um_virtual_host_describe(check->ptemp, host));
}

/* --- the start --------------------------------------------------------------------------------------------------- */

int um_virtual_host_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        server_rec *s = server->server;

        if (server->settings.signing_key) {
            const char *whose = !server->database || server->dbd == s ? "" : " of the main server";

            ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s, "UM221: %s: API %s, issuer %s, database %s%s, keys %s",
                         um_virtual_host_describe(ptemp, s), server->settings.enabled ? "on" : "off",
                         server->issuer ? server->issuer : "none (tokens are refused: set UserMgmtIssuer)",
                         server->database_name ? server->database_name : "none (AuthType Bearer cannot work here)",
                         whose, server->settings.signing_key);
        }
    }
    return OK;
}
