/* SPDX-License-Identifier: Apache-2.0 */
#include "email_claim.h"

#include "monotonic.h"
#include "store.h"
#include "store_admin.h"

#include <apr_strings.h>

/* Accounts of one statement. */
#define BATCH 1000
#define RETRY_MS 5000

/* Looks at a page of accounts, gives the claims that it lacks, and looks again. */
static apr_status_t look_at_page(um_store_call_t *call, const char *after, um_store_claims_t *page)
{
    apr_status_t rv = um_store_admin_claims(call, after, BATCH, page);

    if (rv == APR_SUCCESS && page->shared) {
        rv = um_store_admin_claim_emails(call, after, BATCH);
    }
    return rv == APR_SUCCESS && page->shared ? um_store_admin_claims(call, after, BATCH, page) : rv;
}

static void note_id(char *id, const char *found)
{
    if (!*id && found) {
        apr_cpystrn(id, found, UM_STORE_CLAIMS_ID);
    }
}

int um_email_claim_scan(um_ctx_t *ctx, um_email_claim_pass_t *pass)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_store_claims_t page;

    if (pass->is_done || um_monotonic_ms() < pass->retry_at) {
        return 0;
    }
    if (look_at_page(&call, pass->last, &page) != APR_SUCCESS) {
        *pass = (um_email_claim_pass_t){ .retry_at = um_monotonic_ms() + RETRY_MS };
        return 0;
    }
    pass->shared += page.shared;
    pass->hiding += page.hiding;
    note_id(pass->shared_id, page.shared_id);
    note_id(pass->hiding_id, page.hiding_id);
    if (page.last) {
        apr_cpystrn(pass->last, page.last, sizeof(pass->last));
    }
    pass->is_done = page.accounts < BATCH;
    return !pass->is_done;
}
