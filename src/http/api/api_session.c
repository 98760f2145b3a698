/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "authenticate.h"
#include "json.h"
#include "random.h"
#include "session.h"
#include "store_user.h"

#include <string.h>

static um_json_t *show_session(um_call_t *call, const um_session_t *session)
{
    apr_pool_t *pool = call->ctx.pool;
    um_json_t *out = um_json_object(pool);

    um_json_put_text(out, "id", session->id);
    um_json_put_text(out, "created", um_reply_time(pool, session->created_at));
    um_json_put_text(out, "expires", um_reply_time(pool, session->expires_at));
    um_json_put_text(out, "last_refresh", session->refreshed_at ? um_reply_time(pool, session->refreshed_at) : NULL);
    um_json_put_text(out, "address", session->address);
    um_json_put_text(out, "user_agent", session->user_agent);
    um_json_put_bool(out, "current", strcmp(session->id, call->caller->session_id) == 0);
    return out;
}

um_status_e um_api_session_list(um_call_t *call)
{
    apr_array_header_t *sessions;
    um_status_e status = um_session_list(&call->ctx, call->user->id, &sessions);

    if (status == UM_OK) {
        call->out = um_json_list(call->ctx.pool);
        for (int i = 0; i < sessions->nelts; i++) {
            um_json_push(call->out, show_session(call, &APR_ARRAY_IDX(sessions, i, um_session_t)));
        }
    }
    return status;
}

um_status_e um_api_session_end(um_call_t *call)
{
    const char *id = um_random_uuid_parse(call->ctx.pool, call->match->session);

    return id ? um_session_end(&call->ctx, call->user->id, id, 0) : UM_ABSENT;
}

um_status_e um_api_session_end_all(um_call_t *call)
{
    return um_session_end_all(&call->ctx, call->user->id);
}
