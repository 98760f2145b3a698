/* SPDX-License-Identifier: Apache-2.0 */
/* Input: three lines: If-Match, If-None-Match and If-Unmodified-Since. A change is never let pass on a weak or a
 * different tag; a tag in a list is found wherever it stands; a date makes a demand of at most one condition. */
#include "fuzz_http.h"

#include "json.h"

static um_site_t site;
static const char *tag;

static um_call_t *call_of(apr_pool_t *pool, const char *match, const char *none, const char *since)
{
    um_call_t *call = apr_pcalloc(pool, sizeof(*call));

    call->r = fuzz_request(pool);
    call->server = &fuzz_server;
    call->settings = &fuzz_server.settings;
    call->ctx.pool = pool;
    call->ctx.site = &site;
    call->ctx.errors = apr_array_make(pool, 2, sizeof(um_error_t));
    call->out = um_json_object(pool);
    um_json_put_text(call->out, "id", "1");
    if (*match) {
        fuzz_header(call->r, "If-Match", match);
    }
    if (*none) {
        fuzz_header(call->r, "If-None-Match", none);
    }
    if (*since) {
        fuzz_header(call->r, "If-Unmodified-Since", since);
    }
    return call;
}

static void check_lists(apr_pool_t *pool, const char *match, const char *none)
{
    um_call_t *call = call_of(pool, match, none, "");
    um_status_e read = um_precondition_for_read(call, tag), change = um_precondition_for_change(call, call->out);
    const char *with;

    need(read == UM_OK || read == UM_PRECONDITION);
    need(change == UM_OK || change == UM_PRECONDITION);
    if (*match && change == UM_OK) {
        const char *star = match + strspn(match, ", \t");

        need(strcmp(star, "*") == 0 || strstr(match, apr_pstrndup(pool, tag, strlen(tag) - 1)));
    }
    /* In front of anything else, the tag is found; a weak one is good for reading alone. */
    with = apr_pstrcat(pool, tag, ",", match, NULL);
    need(um_precondition_for_change(call_of(pool, with, "", ""), call->out) == UM_OK);
    need(um_precondition_for_read(call_of(pool, with, "", ""), tag) == UM_OK);
    call = call_of(pool, "", apr_pstrcat(pool, "W/", tag, ",", none, NULL), "");
    need(um_precondition_for_read(call, tag) == UM_OK && call->not_modified);
    need(um_precondition_for_change(call, call->out) == UM_PRECONDITION);
    call = call_of(pool, apr_pstrcat(pool, "W/", tag, NULL), "", "");
    need(um_precondition_for_change(call, call->out) == UM_PRECONDITION);
    need(um_precondition_for_read(call, tag) == UM_PRECONDITION);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    const char *match = fuzz_line(pool, &text), *none = fuzz_line(pool, &text), *since = fuzz_line(pool, &text);
    um_call_t *call = call_of(pool, "", "", since);

    (void)size;
    tag = um_precondition_tag(call);
    need(tag && strlen(tag) == 24 && tag[0] == '"' && tag[23] == '"');
    need(um_precondition_for_change(call, call->out) == UM_OK);
    need(!call->ctx.demand || *since);
    check_lists(pool, match, none);
}
