/* SPDX-License-Identifier: Apache-2.0 */
#include "api_reset.h"

#include "reset.h"
#include "verify.h"

/* --- shapes --- */

typedef struct request_t {
    const char *email;
} request_t;

typedef struct confirm_t {
    um_secret_t password;
    const char *token;
} confirm_t;

static const um_member_t request_members[] = {
    { "email", { 0 }, "Email address", UM_EMAIL, UM_NEEDED, UM_MEMBER_MAX_EMAIL, offsetof(request_t, email) },
};

static const um_member_t token_members[] = {
    { "token", { 0 }, "Token", UM_TEXT, UM_NEEDED, 0, offsetof(confirm_t, token) },
};

static const um_member_t confirm_members[] = {
    { "password", { 0 }, "Password", UM_SECRET, UM_NEEDED, 0, offsetof(confirm_t, password) },
    { "token",    { 0 }, "Token",    UM_TEXT,   UM_NEEDED, 0, offsetof(confirm_t, token) },
};

const um_shape_t um_api_reset_request_shape = UM_SHAPE(request_t, request_members);
const um_shape_t um_api_reset_token_shape = UM_SHAPE(confirm_t, token_members);
const um_shape_t um_api_reset_confirm_shape = UM_SHAPE(confirm_t, confirm_members);

/* --- endpoints --- */

static um_status_e answer(um_call_t *call, um_status_e status)
{
    if (status == UM_OK) {
        call->out = um_json_object(call->ctx.pool);
        um_json_put_text(call->out, "status", "OK");
    }
    return status;
}

um_status_e um_api_reset_request(um_call_t *call)
{
    const request_t *in = call->in;

    return answer(call, um_reset_request(&call->ctx, in->email));
}

um_status_e um_api_reset_validate(um_call_t *call)
{
    const confirm_t *in = call->in;

    return answer(call, um_reset_validate(&call->ctx, in->token));
}

um_status_e um_api_reset_confirm(um_call_t *call)
{
    const confirm_t *in = call->in;

    return answer(call, um_reset_confirm(&call->ctx, in->token, in->password));
}

um_status_e um_api_reset_verify_request(um_call_t *call)
{
    const request_t *in = call->in;

    return answer(call, um_verify_request(&call->ctx, in->email));
}

um_status_e um_api_reset_verify_confirm(um_call_t *call)
{
    const confirm_t *in = call->in;

    return answer(call, um_verify_confirm(&call->ctx, in->token));
}
