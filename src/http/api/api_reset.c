/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "email_verification.h"
#include "input_schema.h"
#include "json.h"
#include "password_reset.h"
#include "profile_input.h"

/* --- schemas --- */

typedef struct request_t {
    const char *email;
} request_t;

typedef struct confirm_t {
    um_secret_t password;
    const char *token;
} confirm_t;

static const um_input_field_t request_fields[] = {
    { .name = "email", .label = "Email address", .kind = UM_INPUT_EMAIL, .required = 1,
      .max_length = UM_PROFILE_LONGEST_email, .offset = offsetof(request_t, email) },
};

static const um_input_field_t token_fields[] = {
    { .name = "token", .label = "Token", .kind = UM_INPUT_TEXT, .required = 1, .offset = offsetof(confirm_t, token) },
};

static const um_input_field_t confirm_fields[] = {
    { .name = "password", .label = "Password", .kind = UM_INPUT_SECRET, .required = 1,
      .offset = offsetof(confirm_t, password) },
    { .name = "token", .label = "Token", .kind = UM_INPUT_TEXT, .required = 1, .offset = offsetof(confirm_t, token) },
};

const um_input_schema_t um_api_reset_request_schema = UM_INPUT_SCHEMA(request_t, request_fields);
const um_input_schema_t um_api_reset_token_schema = UM_INPUT_SCHEMA(confirm_t, token_fields);
const um_input_schema_t um_api_reset_confirm_schema = UM_INPUT_SCHEMA(confirm_t, confirm_fields);

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

    return answer(call, um_password_reset_request(&call->ctx, in->email));
}

um_status_e um_api_reset_validate(um_call_t *call)
{
    const confirm_t *in = call->in;

    return answer(call, um_password_reset_validate(&call->ctx, in->token));
}

um_status_e um_api_reset_confirm(um_call_t *call)
{
    const confirm_t *in = call->in;

    return answer(call, um_password_reset_confirm(&call->ctx, in->token, in->password));
}

um_status_e um_api_reset_verify_request(um_call_t *call)
{
    const request_t *in = call->in;

    return answer(call, um_email_verification_request(&call->ctx, in->email));
}

um_status_e um_api_reset_verify_confirm(um_call_t *call)
{
    const confirm_t *in = call->in;

    return answer(call, um_email_verification_confirm(&call->ctx, in->token));
}

um_status_e um_api_reset_send(um_call_t *call)
{
    return answer(call, um_password_reset_send(&call->ctx, call->user));
}
