/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "api.h"
#include "authenticate.h"
#include "module.h"
#include "session.h"
#include "store_user.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#define RECENT (15 * 60)

/* Whether the session of the caller began a short time ago. A session that is refreshed keeps its beginning. */
static um_status_e find(um_page_request_t *page, int *is_recent)
{
    um_call_t *call = page->call;
    apr_array_header_t *sessions;
    um_status_e status = um_session_list(&call->ctx, call->caller->user->id, &sessions);

    *is_recent = 0;
    for (int i = 0; status == UM_OK && i < sessions->nelts; i++) {
        const um_session_t *session = &APR_ARRAY_IDX(sessions, i, um_session_t);

        if (strcmp(session->id, call->caller->session_id) == 0) {
            *is_recent = session->created_at > um_ctx_seconds(&call->ctx) - RECENT;
        }
    }
    return status;
}

int um_page_recent_check(um_page_request_t *page)
{
    um_call_t *call = page->call;
    apr_pool_t *pool = call->ctx.pool;
    int is_recent, status;
    um_status_e found;

    /* The endpoint authenticates the caller for itself, as always. */
    status = um_api_authenticate(call);
    if (status != OK || !call->caller->user) {
        return status;
    }
    if (um_authorize_is_denied(call)) {
        return um_reply_status(call, UM_DENIED);
    }
    found = find(page, &is_recent);
    if (found != UM_OK) {
        return um_reply_status(call, found);
    }
    if (is_recent) {
        return OK;
    }
    return um_page_reply_redirect(page, apr_pstrcat(pool, um_page_route_url(call->r, "sign-in/?again=1&next="),
                                                    ap_escape_urlencoded(pool, um_page_view_url(page)), NULL));
}
