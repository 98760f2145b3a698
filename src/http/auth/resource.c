/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "module.h"

#include <string.h>

/* The API gets no identity by headers or environment. */
static int is_for_us(const request_rec *r)
{
    const um_request_t *record = um_request_get(r);

    return um_server_of(r->server)->site && !(record && (record->route || record->page));
}

/* The one place where the directory's settings are applied to a request. */
static void apply(request_rec *r)
{
    um_request_t *record = um_request_get(r);

    um_request_settle(r);
    if (!record || record->applied != r->per_dir_config) {
        um_identity_headers_apply(r);
        /* It may have made the record. */
        record = um_request_get(r);
        if (record) {
            record->applied = r->per_dir_config;
        }
    }
}

int um_resource_fixups(request_rec *r)
{
    if (is_for_us(r)) {
        apply(r);
        if (um_request_get(r)) {
            um_request_get(r)->is_allowed = 1;
        }
    }
    return DECLINED;
}

void um_resource_insert_filter(request_rec *r)
{
    if (is_for_us(r)) {
        apply(r);
        um_identity_headers_remove_tokens(r);
    }
    um_cache_control_apply(r);
}

int um_resource_handler(request_rec *r)
{
    const um_request_t *record = um_request_get(r);

    /* A redirect of mod_rewrite is no application. The resource to which it leads has a directory of its own. */
    return record && record->is_incomplete && strcmp(r->handler ? r->handler : "", "redirect-handler") != 0
           ? HTTP_INTERNAL_SERVER_ERROR : DECLINED;
}
