/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "module.h"

#include <http_config.h>

/* --- the records --- */

um_request_t *um_request_get(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &usermgmt_module);
}

static apr_status_t unlink_part(void *record)
{
    um_request_t *part = record;
    um_request_t **at = &um_request_get(part->r->main)->parts;

    while (*at != part) {
        at = &(*at)->next;
    }
    *at = part->next;
    return APR_SUCCESS;
}

um_request_t *um_request_make(request_rec *r)
{
    um_request_t *record = um_request_get(r);

    if (!record) {
        record = apr_pcalloc(r->pool, sizeof(*record));
        record->r = r;
        ap_set_module_config(r->request_config, &usermgmt_module, record);
        if (r->main) {
            um_request_t *whole = um_request_make(r->main);

            record->next = whole->parts;
            whole->parts = record;
            /* Most subrequests end before their main request. */
            apr_pool_cleanup_register(r->pool, record, unlink_part, apr_pool_cleanup_null);
        }
    }
    return record;
}

um_request_t *um_request_begin(request_rec *r)
{
    um_request_t *record = um_request_make(r);

    if (record->rules != r->per_dir_config) {
        record->identity = NULL;
        record->rules = r->per_dir_config;
    }
    return record;
}

/* --- the record that holds for the resource --- */

request_rec *um_request_parent(const request_rec *r)
{
    return r->prev ? r->prev : r->main;
}

/* The record with these rules: the own one, or that of a subrequest that was put in its place. A subrequest may have
 * got one of its own subrequests in its place before. */
static const um_request_t *find_with_rules(const um_request_t *record, const struct ap_conf_vector_t *rules)
{
    const um_request_t *found = record->rules == rules ? record : NULL;

    for (const um_request_t *part = record->parts; part && !found; part = part->next) {
        found = find_with_rules(part, rules);
    }
    return found;
}

const um_request_t *um_request_find(const request_rec *r)
{
    while (r) {
        const um_request_t *record = um_request_get(r);
        const um_request_t *found = record ? find_with_rules(record, r->per_dir_config) : NULL;
        const request_rec *parent = um_request_parent(r);

        if (found && found->identity) {
            return found;
        }
        r = parent && parent->per_dir_config == r->per_dir_config ? parent : NULL;
    }
    return NULL;
}

void um_request_settle(request_rec *r)
{
    um_request_t *record = um_request_get(r);
    const um_request_t *part = record ? find_with_rules(record, r->per_dir_config) : NULL;

    if (!part || part == record) {
        return;
    }
    record->rules = part->rules;
    record->identity = part->identity;
    record->token = part->token;
    if (part->identity) {
        r->user = part->r->user;
        r->ap_auth_type = part->r->ap_auth_type;
    }
}

/* --- the caller --- */

void um_request_set_identity(request_rec *r, const um_identity_t *identity)
{
    um_request_begin(r)->identity = identity;
}

const um_identity_t *um_request_identity(const request_rec *r)
{
    const um_request_t *record = um_request_find(r);

    return record ? record->identity : NULL;
}

const char *um_request_token(const request_rec *r)
{
    const um_request_t *record = um_request_find(r);

    return record && record->token.identity == record->identity ? record->token.token : NULL;
}

void um_request_show(request_rec *r, um_token_source_e kind)
{
    for (; r; r = r->main) {
        um_request_make(r)->shown |= 1U << kind;
    }
}

/* --- the request itself --- */

int um_request_is_forward(const request_rec *r)
{
    return r->proxyreq == PROXYREQ_PROXY;
}

const char *um_request_header(const request_rec *r, um_request_header_e which)
{
    static const char *const names[UM_REQUEST_HEADERS] = { "Authorization", "Cookie" };
    const um_request_t *record = um_request_get(r);

    return record && record->is_changed ? record->original[which] : apr_table_get(r->headers_in, names[which]);
}
