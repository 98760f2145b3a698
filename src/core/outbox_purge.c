/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox.h"

#include "store_ticket.h"

#define PURGE_BATCH 500

um_status_e um_outbox_purge(um_cx_t *cx, apr_int64_t keep, int *more)
{
    um_store_call_t call = um_cx_store(cx);
    apr_int64_t now = um_cx_seconds(cx);
    const char *host = cx->site->mailing->host;
    int mails = 0, others = 0;

    /* What was made within the hour counts against the limits, sent or not. */
    if (keep < UM_MAILING_HOUR) {
        keep = UM_MAILING_HOUR;
    }
    if (um_store_mail_purge(&call, now - keep, PURGE_BATCH, &mails) != APR_SUCCESS
        || (cx->site->mailing->sends && um_store_mail_adopt(&call, host, PURGE_BATCH) != APR_SUCCESS)
        || um_store_mail_orphans(&call, host, now, now - UM_MAILING_LONGEST_AGE, PURGE_BATCH) != APR_SUCCESS
        || um_store_ticket_purge(&call, now, now - UM_MAILING_HOUR, PURGE_BATCH, &others) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    *more = mails == PURGE_BATCH || others >= PURGE_BATCH;
    return UM_OK;
}
