/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox.h"

#include "store_request.h"

/* Requests that are resolved at a time: SQLite does so within a few milliseconds, in which nobody else can write. */
#define REQUESTS 200
#define RESOLVE_MS 200

um_status_e um_outbox_resolve(um_cx_t *cx, const um_outbox_t *outbox, int *more)
{
    const um_mailing_t *mailing = cx->site->mailing;
    um_request_limit_t limit = { um_cx_seconds(cx) - UM_MAILING_HOUR, mailing->hourly };
    um_store_call_t call = um_cx_store(cx);
    apr_int64_t ends = outbox->tick() + RESOLVE_MS;
    apr_status_t rv = um_store_request_due(&call, mailing->host, more);
    int count;

    while (rv == APR_SUCCESS && *more && !*outbox->stop && outbox->tick() < ends) {
        rv = um_store_request_resolve(&call, mailing->host, um_cx_seconds(cx), &limit, REQUESTS, &count);
        *more = count == REQUESTS;
    }
    return rv == APR_SUCCESS ? UM_OK : um_cx_away(cx, &call);
}
