/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "module.h"
#include "refresh.h"

#include <apr_strings.h>
#include <string.h>
#include <util_filter.h>

static ap_filter_rec_t *filter_handle;

#define BIT(kind) (1U << (kind))

/* The sources of valid tokens of r and of the requests that r belongs to: the answer depends on them. */
static unsigned shown_sources(const request_rec *r)
{
    unsigned shown = 0;

    for (; r; r = um_request_parent(r)) {
        const um_request_t *record = um_request_get(r);

        shown |= record ? record->shown : 0;
    }
    return shown;
}

/* Whether subrequests or expressions may add to the answer after its header is sent: those of mod_include, and the
 * README that mod_autoindex appends to a list of files. */
static int may_get_parts(const request_rec *r)
{
    for (const ap_filter_t *filter = r->output_filters; filter; filter = filter->next) {
        if (ap_strcasestr(filter->frec->name, "includes")) {
            return 1;
        }
    }
    return r->handler && strcmp(r->handler, DIR_MAGIC_TYPE) == 0;
}

/* An access token is a JWT, whose first bytes are those of {" in base64. A refresh token has a prefix. */
static int has_cookie_with_token(const request_rec *r)
{
    const char *cookies = um_request_header(r, UM_REQUEST_COOKIE);

    return cookies && (strstr(cookies, "=eyJ") || strstr(cookies, "=" UM_REFRESH_PREFIX));
}

static void set_default(request_rec *r, const char *name, const char *value)
{
    if (!apr_table_get(r->headers_out, name) && !apr_table_get(r->err_headers_out, name)) {
        apr_table_setn(r->headers_out, name, value);
    }
}

static void set_cache_headers(request_rec *r, unsigned shown)
{
    set_default(r, "Cache-Control", "private");
    if (shown & BIT(UM_TOKEN_SOURCE_COOKIE)) {
        apr_table_mergen(r->headers_out, "Vary", "Cookie");
    }
    if (shown & BIT(UM_TOKEN_SOURCE_QUERY)) {
        set_default(r, "Referrer-Policy", "no-referrer");
    }
}

/* Keeps mod_cache from an answer that depends on the caller. Returns the sources of which other caches do not know. */
static unsigned keep_from_cache(request_rec *r)
{
    unsigned shown = shown_sources(r);
    unsigned hidden = shown & (BIT(UM_TOKEN_SOURCE_COOKIE) | BIT(UM_TOKEN_SOURCE_QUERY));
    int has_caller = shown || um_request_identity(r);

    if (hidden || (has_caller && um_dir_config_of(r)->authorization.what != UM_AUTHORIZATION_FORWARD)) {
        for (; r; r = r->main) {
            r->no_cache = 1;
        }
    }
    return hidden;
}

/* Runs when the header of the answer is sent. By then the application has set its headers, subrequests have found
 * tokens, and mod_headers has evaluated its expressions, which may look at the caller and renew a session. mod_cache
 * comes later. */
static apr_status_t on_output(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    unsigned hidden = keep_from_cache(filter->r);

    if (hidden) {
        set_cache_headers(filter->r, hidden);
    }
    ap_remove_output_filter(filter);
    return ap_pass_brigade(filter->next, brigade);
}

void um_cache_control_register(void)
{
    filter_handle = ap_register_output_filter("USERMGMT_CACHE_CONTROL", on_output, NULL, AP_FTYPE_CONTENT_SET);
}

void um_cache_control_apply(request_rec *r)
{
    unsigned hidden;

    if (!um_server_of(r->server)->site || um_request_is_forward(r)) {
        return;
    }
    if (may_get_parts(r) && has_cookie_with_token(r)) {
        um_request_show(r, UM_TOKEN_SOURCE_COOKIE);
    }
    hidden = keep_from_cache(r);
    ap_add_output_filter_handle(filter_handle, NULL, r, r->connection);
    /* The answer of a subrequest becomes a part of the main request's, and its own headers are not sent. */
    for (request_rec *main = hidden ? r->main : NULL; main; main = main->main) {
        set_cache_headers(main, hidden);
    }
}
