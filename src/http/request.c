/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "server.h"

#include <http_config.h>

um_request_t *um_request_look(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &usermgmt_module);
}

um_request_t *um_request_of(request_rec *r)
{
    um_request_t *known = um_request_look(r);

    if (!known) {
        known = apr_pcalloc(r->pool, sizeof(*known));
        ap_set_module_config(r->request_config, &usermgmt_module, known);
    }
    return known;
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
