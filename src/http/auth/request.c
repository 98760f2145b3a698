/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "module.h"

#include <http_config.h>

um_request_t *um_request_look(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &usermgmt_module);
}

static apr_status_t unlink_part(void *record)
{
    um_request_t *part = record;
    um_request_t **at = &um_request_look(part->r->main)->parts;

    while (*at != part) {
        at = &(*at)->next;
    }
    *at = part->next;
    return APR_SUCCESS;
}

static void link_part(um_request_t *part)
{
    um_request_t *whole = um_request_of(part->r->main);

    part->next = whole->parts;
    whole->parts = part;
    /* Most subrequests end before their main request. */
    apr_pool_cleanup_register(part->r->pool, part, unlink_part, apr_pool_cleanup_null);
}

um_request_t *um_request_of(request_rec *r)
{
    um_request_t *known = um_request_look(r);

    if (!known) {
        known = apr_pcalloc(r->pool, sizeof(*known));
        known->r = r;
        ap_set_module_config(r->request_config, &usermgmt_module, known);
        if (r->main) {
            link_part(known);
        }
    }
    return known;
}

um_request_t *um_request_judge(request_rec *r)
{
    um_request_t *known = um_request_of(r);

    if (known->rules != r->per_dir_config) {
        known->identity = NULL;
        known->rules = r->per_dir_config;
    }
    return known;
}

/* A subrequest may itself have become one of its own. */
static const um_request_t *find_part(const um_request_t *whole, const um_rules_t *rules)
{
    for (const um_request_t *part = whole->parts; part; part = part->next) {
        const um_request_t *found = part->rules == rules ? part : find_part(part, rules);

        if (found) {
            return found;
        }
    }
    return NULL;
}

void um_request_take_over(request_rec *r)
{
    um_request_t *known = um_request_look(r);
    const um_request_t *part = known && known->rules != r->per_dir_config ? find_part(known, r->per_dir_config) : NULL;

    if (!part) {
        return;
    }
    known->rules = part->rules;
    known->identity = part->identity;
    known->credential = part->credential;
    if (part->identity) {
        r->user = part->r->user;
        r->ap_auth_type = part->r->ap_auth_type;
    }
}

void um_request_show(request_rec *r, um_token_source_e kind)
{
    for (; r; r = r->main) {
        um_request_of(r)->shown |= 1U << kind;
    }
}

int um_request_is_forward(const request_rec *r)
{
    return r->proxyreq == PROXYREQ_PROXY;
}

request_rec *um_request_parent(const request_rec *r)
{
    /* A redirect of a subrequest has the main request as main too: the nearer one is the redirected. */
    return r->prev ? r->prev : r->main;
}

const char *um_request_header(const request_rec *r, um_request_header_e which)
{
    static const char *const names[UM_REQUEST_HEADERS] = { "Authorization", "Cookie" };
    const um_request_t *known = um_request_look(r);

    return known && known->is_changed ? known->original[which] : apr_table_get(r->headers_in, names[which]);
}
