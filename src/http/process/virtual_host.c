/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"
#include "process.h"

#include <apr_strings.h>
#include <http_core.h>
#include <string.h>
#include <strings.h>

/* --- the database --- */

int um_virtual_host_manages_database(const um_server_t *server)
{
    return server->settings.enabled || server->has_own_key || !server->server->is_virtual;
}

void um_virtual_host_choose_dbd(um_server_t *server, server_rec *main_server)
{
    int is_own = um_virtual_host_manages_database(server) || !um_conftree_own(main_server, "DBDriver");

    server->dbd = is_own ? server->server : main_server;
}

/* A virtual host that has the settings of this record and an AuthType Bearer of its own. NULL: there is none. */
static const server_rec *protected_host(const um_server_t *server, const server_rec *main_server)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        if (um_server_of(s) == server && um_conftree_is_protected(s)) {
            return s;
        }
    }
    return NULL;
}

static const char *place_of(apr_pool_t *pool, const server_rec *s)
{
    return s->is_virtual ? apr_psprintf(pool, "virtual host %s (%s:%u)", s->server_hostname ? s->server_hostname : "",
                                        s->defn_name ? s->defn_name : "", s->defn_line_number) : "main server";
}

const char *um_virtual_host_check_without_database(const um_server_t *server, server_rec *main_server,
                                                   apr_pool_t *ptemp)
{
    static const char wanted[] = "no DBDriver: add \"DBDriver sqlite3\" or \"DBDriver pgsql\", and DBDParams";
    const server_rec *host = protected_host(server, main_server);

    if (server->settings.enabled || server->has_own_key) {
        return wanted;
    }
    if (host) {
        return apr_psprintf(ptemp, "%s, to the main server or to the %s, which has AuthType Bearer", wanted,
                            place_of(ptemp, host));
    }
    for (const server_rec *s = main_server->next; s; s = s->next) {
        if (um_server_is_own(s) && um_server_of(s)->settings.signing_key && um_conftree_own(s, "DBDriver")) {
            return NULL;
        }
    }
    return wanted;
}

/* --- names --- */

const char *um_virtual_host_name(const server_rec *server, const server_rec *main_server)
{
    if (um_conftree_own(server, "ServerName")) {
        return server->server_hostname;
    }
    return um_conftree_own(main_server, "ServerName") ? main_server->server_hostname : NULL;
}

static const char *issuer_of_name(apr_pool_t *pool, const server_rec *server, const server_rec *main_server)
{
    const char *name = um_virtual_host_name(server, main_server);

    return name ? apr_pstrcat(pool, "https://", name, NULL) : NULL;
}

static int is_auto(const um_server_t *server)
{
    return strcasecmp(server->settings.issuer, "auto") == 0;
}

static const char *api_issuer(apr_pool_t *pool, const um_server_t *server, const server_rec *main_server)
{
    return is_auto(server) ? issuer_of_name(pool, server->server, main_server) : server->settings.issuer;
}

/* Whether both have the same keys and accounts. */
static int has_same_accounts(const um_server_t *one, const um_server_t *other)
{
    return one->database && other->database && strcmp(one->database, other->database) == 0
           && one->settings.signing_key && other->settings.signing_key
           && strcmp(one->settings.signing_key, other->settings.signing_key) == 0;
}

/* Who issues the tokens that a host without the API can be shown: the hosts with the API that have its keys and its
 * database. own: the issuer that its own name stands for, which wins if it is among them.
 * *others: a second issuer, NULL if there is only one. NULL: there is none. */
static const char *issuer_elsewhere(apr_pool_t *pool, const um_server_t *server, server_rec *main_server,
                                    const char *own, const char **others)
{
    const char *found = NULL;

    *others = NULL;
    for (server_rec *s = main_server; s; s = s->next) {
        const um_server_t *api = um_server_of(s);
        const char *issuer = um_server_is_own(s) && api->settings.enabled && has_same_accounts(server, api)
                             ? api_issuer(pool, api, main_server) : NULL;

        if (issuer && own && strcmp(issuer, own) == 0) {
            *others = NULL;
            return issuer;
        }
        if (issuer && found && strcmp(issuer, found) != 0) {
            *others = issuer;
        }
        found = found ? found : issuer;
    }
    return found;
}

const char *um_virtual_host_check_issuer(um_server_t *server, server_rec *main_server, apr_pool_t *pconf,
                                         apr_pool_t *ptemp)
{
    const char *where = um_settings_where(ptemp, &server->settings, UM_SET_UserMgmtIssuer);
    const char *own = issuer_of_name(pconf, server->server, main_server);
    const server_rec *host = protected_host(server, main_server);
    const char *others = NULL;

    if (!is_auto(server) || server->settings.enabled) {
        server->issuer = api_issuer(pconf, server, main_server);
        return server->issuer ? NULL
               : apr_psprintf(ptemp, "%s: the issuer of tokens is https:// and the ServerName of the %s, and it has "
                              "none: add ServerName there, or UserMgmtIssuer https://NAME", where,
                              place_of(ptemp, server->server));
    }
    server->issuer = issuer_elsewhere(pconf, server, main_server, own, &others);
    if (others) {
        const char *first = server->issuer;

        server->issuer = NULL;
        return !host ? NULL
               : apr_psprintf(ptemp, "%s: the %s has AuthType Bearer and not the API, and there are tokens of several "
                              "issuers with its keys, such as %s and %s: set UserMgmtIssuer, there to the one whose "
                              "tokens it is to accept, or once for all in the main server", where,
                              place_of(ptemp, host), first, others);
    }
    server->issuer = server->issuer ? server->issuer : own;
    return server->issuer || !host ? NULL
           : apr_psprintf(ptemp, "%s: the %s has AuthType Bearer, no host here issues tokens, and there is no "
                          "ServerName: add UserMgmtIssuer with the iss of the tokens that it is to accept", where,
                          place_of(ptemp, host));
}

/* --- the start --- */

int um_virtual_host_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    for (server_rec *s = main_server; s; s = s->next) {
        const um_server_t *server = um_server_of(s);

        if (um_server_is_own(s) && server->settings.signing_key) {
            const char *whose = !server->database || server->dbd == s ? "" : " of the main server";

            ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s, "UM221: %s: API %s, issuer %s, database %s%s, keys %s",
                         place_of(ptemp, s), server->settings.enabled ? "on" : "off",
                         server->issuer ? server->issuer : "none (tokens are refused: set UserMgmtIssuer)",
                         server->database_name ? server->database_name : "none (nobody gets in)", whose,
                         server->settings.signing_key);
        }
    }
    return OK;
}
