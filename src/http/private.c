/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

#include "caller.h"
#include "place.h"
#include "request.h"
#include "server.h"

#include <apr_strings.h>
#include <util_filter.h>

#define FILTER "USERMGMT_PRIVATE"

/* By which token the place was opened: the caller's, or one that only an expression has asked for. */
static const um_source_t *source_of(const request_rec *r)
{
    const um_source_t *source = um_caller_source(r);
    const um_request_t *known = um_request_look(r);

    return source || !known || known->credential.state != UM_CREDENTIAL_GOOD ? source : known->credential.source;
}

static void set_if_silent(request_rec *r, const char *name, const char *value)
{
    if (!apr_table_get(r->headers_out, name) && !apr_table_get(r->err_headers_out, name)) {
        apr_table_setn(r->headers_out, name, value);
    }
}

static void make_private(request_rec *r, const um_source_t *source)
{
    set_if_silent(r, "Cache-Control", "private");
    if (source->kind == UM_SOURCE_COOKIE) {
        apr_table_mergen(r->headers_out, "Vary", "Cookie");
    }
    else {
        set_if_silent(r, "Referrer-Policy", "no-referrer");
    }
}

/* When the answer goes out: only then is it known what the application has said. mod_proxy brings headers of its
 * own. */
static apr_status_t on_output(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    make_private(filter->r, filter->ctx);
    ap_remove_output_filter(filter);
    return ap_pass_brigade(filter->next, brigade);
}

void um_private_register(void)
{
    ap_register_output_filter(FILTER, on_output, NULL, AP_FTYPE_RESOURCE);
}

void um_private_insert(request_rec *r)
{
    const um_source_t *source = um_server_of(r->server)->site ? source_of(r) : NULL;
    int is_in_header = !source || source->kind == UM_SOURCE_HEADER;
    request_rec *from;

    if (!source && !um_caller_of(r)) {
        return;
    }
    if (is_in_header && um_place_of(r)->authorization.what == UM_ONWARD_FORWARD) {
        return;
    }
    for (from = r; from; from = from->main) {
        from->no_cache = 1;
    }
    if (is_in_header) {
        return;
    }
    ap_add_output_filter(FILTER, (void *)source, r, r->connection);
    /* What a subrequest says is part of the main one's answer, and its own headers go nowhere. */
    for (from = r->main; from; from = from->main) {
        make_private(from, source);
    }
}
