/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "base64url.h"
#include "json.h"
#include "signature_cache.h"

#include <apr_date.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <openssl/evp.h>
#include <string.h>

#define TAG_BYTES 16
/* Seconds since the epoch, later than any change. */
#define ANY_TIME APR_INT64_C(1000000000000)

/* --- entity tags --- */

/* Uses the digest that the process has fetched once, because EVP_sha256() is looked up anew, under a lock of the
 * process, by each use. */
int um_precondition_digest(const um_call_t *call, const char *text, unsigned char *digest)
{
    const um_signature_cache_t *signatures = call->ctx.site->signatures;

    return signatures ? um_signature_cache_digest(signatures, text, strlen(text), digest) == APR_SUCCESS
                      : EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) == 1;
}

static const char *tag_of(const um_call_t *call, const char *text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (!um_precondition_digest(call, text, digest)) {
        return NULL;
    }
    return apr_pstrcat(call->ctx.pool, "\"", um_base64url_encode(call->ctx.pool, digest, TAG_BYTES), "\"", NULL);
}

/* Whether a listed tag is this one. mod_deflate, mod_brotli and others append the name of their coding: "TAG-gzip". All
 * our tags have the same length, so anything that follows is such a suffix. */
static int matches_tag(const char *listed, apr_size_t len, const char *tag)
{
    apr_size_t own = strlen(tag) - 1;

    return len > own && strncmp(listed, tag, own) == 0 && (listed[own] == '"' || listed[own] == '-');
}

/* Whether a list of entity tags has this one. In a strong comparison a weak tag equals no other (RFC 9110 8.8.3.2). A
 * malformed list is read up to its first fault. */
static int lists_tag(const char *list, const char *tag, int is_strong)
{
    const char *at = list + strspn(list, ", \t");

    if (strcmp(at, "*") == 0) {
        return 1;
    }
    while (*at) {
        int is_weak = at[0] == 'W' && at[1] == '/';
        const char *open = at + (is_weak ? 2 : 0);
        const char *close = *open == '"' ? strchr(open + 1, '"') : NULL;

        if (!close) {
            return 0;
        }
        if (tag && !(is_weak && is_strong) && matches_tag(open, (apr_size_t)(close - open) + 1, tag)) {
            return 1;
        }
        at = close + 1 + strspn(close + 1, ", \t");
    }
    return 0;
}

const char *um_precondition_tag(um_call_t *call)
{
    const char *tag;

    call->text = um_json_print(call->ctx.pool, call->out);
    tag = tag_of(call, call->text);
    if (tag) {
        apr_table_setn(call->r->headers_out, "ETag", tag);
    }
    return tag;
}

/* --- conditions --- */

um_status_e um_precondition_for_read(um_call_t *call, const char *tag)
{
    const apr_table_t *headers = call->r->headers_in;
    const char *match = apr_table_get(headers, "If-Match");
    const char *none = apr_table_get(headers, "If-None-Match");

    call->not_modified = none && lists_tag(none, tag, 0);
    return match && !lists_tag(match, tag, 1) ? UM_PRECONDITION : UM_OK;
}

um_status_e um_precondition_for_change(um_call_t *call, um_json_t *shown)
{
    const apr_table_t *headers = call->r->headers_in;
    const char *match = apr_table_get(headers, "If-Match");
    const char *none = apr_table_get(headers, "If-None-Match");
    const char *since = match ? NULL : apr_table_get(headers, "If-Unmodified-Since");
    apr_time_t limit = since ? apr_date_parse_http(since) : 0;
    const char *tag = match || none ? tag_of(call, um_json_print(call->ctx.pool, shown)) : NULL;
    um_demand_t *demand;

    /* Faults of the body are answered before conditions; core refuses them. */
    if (call->ctx.errors->nelts) {
        return UM_OK;
    }
    if ((match && !lists_tag(match, tag, 1)) || (none && lists_tag(none, tag, 0))) {
        return UM_PRECONDITION;
    }
    /* A date that cannot be parsed is ignored (RFC 9110 13.1.4). "*" only asks that the account exists. */
    if (limit || none || (match && strcmp(match, "*") != 0)) {
        demand = apr_palloc(call->ctx.pool, sizeof(*demand));
        *demand = (um_demand_t){ call->user, limit ? apr_time_sec(limit) : ANY_TIME };
        call->ctx.demand = demand;
    }
    return UM_OK;
}
