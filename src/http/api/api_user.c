/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "authenticate.h"
#include "idempotency.h"
#include "input_schema.h"
#include "invitation.h"
#include "json.h"
#include "module.h"
#include "profile_input.h"
#include "registration.h"
#include "store_user.h"
#include "user.h"
#include "user_state.h"

#include <apr_strings.h>
#include <string.h>

#define KEY_HEADER  "Idempotency-Key"
#define LONGEST_KEY 255

/* --- schemas --- */

#define IN(field) offsetof(um_profile_input_t, field)

/* Rows of a schema made of those of the profile, by the words of its columns. */
#define IS_REQUIRED 1
#define IS_OPTIONAL 0
#define INPUT(field, text, type, longest, registration, is_required) \
    { .name = #field, .label = text, .kind = UM_INPUT_##type, .required = is_required, \
      .may_be_blank = !IS_##registration, .max_length = longest, .offset = IN(field) },
#define READ_ONLY(field, text) \
    { .name = #field, .label = text, .kind = UM_INPUT_READ_ONLY, .is_shown = 1, .offset = offsetof(um_user_t, field) },

#define REGISTER_INPUT(field, text, type, longest, registration, ...) \
    INPUT(field, text, type, longest, registration, IS_##registration)
#define REGISTER_USERNAME(field, text, type, ...) \
    UM_PROFILE_IF_USERNAME(type, REGISTER_INPUT(field, text, type, __VA_ARGS__))
#define REGISTER_OTHER(field, text, type, ...) \
    UM_PROFILE_UNLESS_USERNAME(type, REGISTER_INPUT(field, text, type, __VA_ARGS__))

/* The profile is first, so its offsets are those of IN(). */
typedef struct register_body_t {
    um_profile_input_t profile;
    int invite;
} register_body_t;

static const um_input_field_t register_fields[] = {
    { .name = "invite", .label = "Invite", .kind = UM_INPUT_BOOLEAN, .needs_staff = 1,
      .offset = offsetof(register_body_t, invite) },
    UM_PROFILE(REGISTER_USERNAME)
    { .name = "password", .label = "Password", .kind = UM_INPUT_SECRET, .required = 1, .offset = IN(password),
      .unless = offsetof(register_body_t, invite) },
    UM_PROFILE(REGISTER_OTHER)
};

#define UPDATE_INPUT(field, text, type, longest, registration, update, ...) \
    UM_PROFILE_IF_WRITABLE(update, INPUT(field, text, type, longest, registration, 0))
#define UPDATE_READ_ONLY(field, text, type, longest, registration, update, ...) \
    UM_PROFILE_IF_READ_ONLY(update, READ_ONLY(field, text))

/* As above. */
typedef struct update_body_t {
    um_profile_input_t profile;
    um_user_state_t state;
} update_body_t;

#define STATE(field) offsetof(update_body_t, state.field)

static const um_input_field_t update_fields[] = {
    UM_PROFILE(UPDATE_INPUT)
    READ_ONLY(id, "Id")
    UM_PROFILE(UPDATE_READ_ONLY)
    { .name = "password", .label = "Password", .kind = UM_INPUT_READ_ONLY },
    { .name = "is_active", .label = "Active", .kind = UM_INPUT_SWITCH, .needs_staff = 1, .offset = STATE(is_active) },
    { .name = "is_staff", .label = "Staff", .kind = UM_INPUT_SWITCH, .needs_staff = 1, .offset = STATE(is_staff) },
    { .name = "email_verified", .label = "Email verified", .kind = UM_INPUT_SWITCH, .needs_staff = 1,
      .offset = STATE(is_verified) },
    { .name = "groups", .label = "Groups", .kind = UM_INPUT_NAMES, .needs_staff = 1,
      .max_length = UM_USER_STATE_GROUPS, .offset = STATE(groups) },
    { .name = "created_at", .label = "Created", .kind = UM_INPUT_READ_ONLY, .is_shown = 1, .is_time = 1,
      .offset = offsetof(um_user_t, created_at) },
    { .name = "last_sign_in_at", .label = "Last sign-in", .kind = UM_INPUT_READ_ONLY, .is_shown = 1, .is_time = 1,
      .offset = offsetof(um_user_t, last_sign_in_at) },
};

const um_input_schema_t um_api_user_register_schema = UM_INPUT_SCHEMA(register_body_t, register_fields,
                                                                      .custom = IN(custom), .is_new = 1);
const um_input_schema_t um_api_user_update_schema = UM_INPUT_SCHEMA(update_body_t, update_fields,
                                                                    .custom = IN(custom));

/* --- endpoints --- */

/* Also asked here, because the body may have been read while the caller was still staff. */
static um_status_e invite(um_call_t *call, const um_profile_input_t *input, const um_user_t **user)
{
    const um_user_t *caller = call->caller->user;

    return caller && caller->is_staff ? um_invitation_create(&call->ctx, input, user) : UM_DENIED;
}

/* Keys belong to whoever calls: an account, a trusted client, or else an address. */
static const char *scope_of(const um_call_t *call)
{
    const um_user_t *caller = call->caller->user;

    return caller ? apr_pstrcat(call->ctx.pool, "account ", caller->id, NULL)
           : call->client ? apr_pstrcat(call->ctx.pool, "client ", call->client, NULL)
           : apr_pstrcat(call->ctx.pool, "address ", call->ctx.address, NULL);
}

static int is_key(const char *key)
{
    apr_size_t len = strlen(key);

    for (const char *at = key; *at; at++) {
        if (*at < ' ' || *at > '~') {
            return 0;
        }
    }
    return len > 0 && len <= LONGEST_KEY;
}

static void read_idempotency_key(um_call_t *call)
{
    const char *key = call->form ? NULL : apr_table_get(call->r->headers_in, KEY_HEADER);

    if (key && !is_key(key)) {
        um_ctx_error(&call->ctx, KEY_HEADER, UM_MESSAGE_IDEMPOTENCY_KEY_INVALID);
    }
    else if (key) {
        call->ctx.idempotency = apr_pcalloc(call->ctx.pool, sizeof(*call->ctx.idempotency));
        call->ctx.idempotency->scope = scope_of(call);
        call->ctx.idempotency->key = key;
    }
}

um_status_e um_api_user_register(um_call_t *call)
{
    const register_body_t *in = call->in;
    const um_user_t *user;
    const char *token = NULL;
    um_status_e status;

    read_idempotency_key(call);
    status = in->invite ? invite(call, &in->profile, &user)
             : call->settings->registration == UM_REGISTRATION_INVITE ? UM_DENIED
             : um_registration_create(&call->ctx, &in->profile, &user, call->needs_staff ? NULL : &token,
                                      call->wants_session ? &call->session : NULL);
    /* Staff invites as many people as they like: the throttle of registrations is for strangers. A repetition makes no
     * further account. */
    call->is_uncounted = in->invite || (call->ctx.idempotency && call->ctx.idempotency->is_replayed);
    if (status == UM_OK) {
        call->user = user;
        call->out = um_api_user_show(call, user);
        if (!in->invite) {
            um_json_put_text(call->out, "auth_token", token ? token : "");
        }
        apr_table_setn(call->r->headers_out, "Location",
                       apr_pstrcat(call->ctx.pool, call->route->path, user->id, "/", NULL));
    }
    return status;
}

um_status_e um_api_user_conditions(um_call_t *call)
{
    um_json_t *shown;
    um_status_e status = um_api_user_show_account(call, call->user, &shown);

    return status == UM_OK ? um_precondition_for_change(call, shown) : status;
}

um_status_e um_api_user_get(um_call_t *call)
{
    um_status_e status = um_api_user_show_account(call, call->user, &call->out);

    return status == UM_OK ? um_precondition_for_read(call, um_precondition_tag(call)) : status;
}

um_status_e um_api_user_update(um_call_t *call)
{
    const update_body_t *in = call->in;
    const um_user_t *user;
    um_status_e status = um_api_user_conditions(call);

    /* Also asked here, because the body may have been read while the caller was still staff. */
    if (status == UM_OK) {
        status = um_user_update_state(&call->ctx, call->user, &in->profile,
                                      call->caller->user->is_staff ? &in->state : NULL, &user);
    }
    if (status == UM_OK) {
        status = um_api_user_show_account(call, user, &call->out);
    }
    if (status == UM_OK) {
        (void)um_precondition_tag(call);
    }
    return status;
}

um_status_e um_api_user_delete(um_call_t *call)
{
    um_status_e status = um_api_user_conditions(call);

    return status == UM_OK ? um_user_delete(&call->ctx, call->user->id) : status;
}
