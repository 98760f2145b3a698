/* SPDX-License-Identifier: Apache-2.0 */
#include "log_limit.h"
#include "module.h"

um_server_t *um_server_of(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &usermgmt_module);
}

int um_server_is_own(const server_rec *server)
{
    return um_server_of(server)->server == server;
}

um_server_t *um_server_next(const um_server_t *server)
{
    for (const server_rec *s = server->server->next; s; s = s->next) {
        if (um_server_is_own(s)) {
            return um_server_of(s);
        }
    }
    return NULL;
}

void *um_server_create(apr_pool_t *pool, server_rec *server)
{
    um_server_t *created = apr_pcalloc(pool, sizeof(*created));

    created->server = server;
    created->misplaced_log = apr_pcalloc(pool, sizeof(*created->misplaced_log));
    um_settings_init(pool, &created->settings);
    return created;
}

void *um_server_merge(apr_pool_t *pool, void *base, void *add)
{
    um_server_t *merged = apr_pcalloc(pool, sizeof(*merged));
    const um_server_t *own = add;
    const um_server_t *inherited = base;

    merged->server = own->server;
    merged->misplaced_log = own->misplaced_log;
    merged->has_own_key = own->settings.definition[UM_SET_UserMgmtSigningKey].file != NULL;
    merged->identity_headers = own->identity_headers ? own->identity_headers : inherited->identity_headers;
    merged->sign_in_auto = own->sign_in_auto;
    merged->cookie_source = own->cookie_source;
    um_settings_merge(pool, &merged->settings, &inherited->settings, &own->settings);
    return merged;
}
