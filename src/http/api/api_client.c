/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "authenticate.h"
#include "input_schema.h"
#include "json.h"
#include "refresh.h"
#include "store_user.h"

#include <string.h>

typedef struct question_t {
    const char *token;
    const char *hint;
} question_t;

static const um_input_field_t fields[] = {
    { .name = "token", .label = "Token", .kind = UM_INPUT_TEXT, .required = 1,
      .offset = offsetof(question_t, token) },
    { .name = "token_type_hint", .label = "Token type hint", .kind = UM_INPUT_TEXT, .may_be_blank = 1,
      .offset = offsetof(question_t, hint) },
};

const um_input_schema_t um_api_client_token_schema = UM_INPUT_SCHEMA(question_t, fields);

/* The members that both kinds of token have. */
static void put_common(um_call_t *call, const um_user_t *user, const char *type)
{
    um_json_put_bool(call->out, "active", 1);
    um_json_put_text(call->out, "token_type", type);
    um_json_put_text(call->out, "username", user->username);
    um_json_put_text(call->out, "sub", user->id);
    um_json_put_text(call->out, "iss", call->ctx.site->issuer);
}

static um_status_e introspect_access(um_call_t *call, const char *token)
{
    um_caller_t caller = { 0 };
    um_status_e status = um_authenticate(&call->ctx, token, UM_FRESH, &caller);

    if (status == UM_OK) {
        put_common(call, caller.user, "Bearer");
        um_json_put_text(call->out, "aud", call->ctx.site->audience);
        um_json_put_int(call->out, "exp", caller.token.expires_at);
        um_json_put_int(call->out, "iat", caller.token.issued_at);
        um_json_put_text(call->out, "jti", caller.token.id);
        um_json_put_text(call->out, "sid", caller.session_id);
    }
    return status;
}

static um_status_e introspect_refresh(um_call_t *call, const char *token)
{
    um_refresh_t refresh = { 0 };
    um_status_e status = um_refresh_find(&call->ctx, token, &refresh);

    if (status == UM_OK && refresh.is_good) {
        put_common(call, refresh.user, "refresh_token");
        um_json_put_int(call->out, "exp", refresh.expires_at);
        um_json_put_int(call->out, "iat", refresh.created_at);
        um_json_put_text(call->out, "sid", refresh.session_id);
    }
    return status == UM_OK && !refresh.is_good ? UM_BAD_TOKEN : status;
}

um_status_e um_api_client_introspect(um_call_t *call)
{
    const question_t *in = call->in;
    um_status_e status;

    call->is_read_only = 1;
    if (call->ctx.errors->nelts) {
        return UM_INVALID;
    }
    call->out = um_json_object(call->ctx.pool);
    status = introspect_access(call, in->token);
    /* A refresh token is active only for a client that asks for one. Otherwise a server that receives a refresh token
     * as an access token, and looks at "active" alone, would accept it. */
    if (status == UM_BAD_TOKEN && in->hint && strcmp(in->hint, "refresh_token") == 0) {
        status = introspect_refresh(call, in->token);
    }
    if (status == UM_BAD_TOKEN || status == UM_INACTIVE) {
        um_json_put_bool(call->out, "active", 0);
        status = UM_OK;
    }
    if (status == UM_OK) {
        call->ctx.cause = NULL;
    }
    return status;
}
