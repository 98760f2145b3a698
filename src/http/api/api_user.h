/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_USER_H
#define UM_API_USER_H
/* The endpoints below /api/v1/users/. */
#include "route.h"

extern const um_input_schema_t um_api_user_register_schema, um_api_user_update_schema, um_api_user_password_schema;

um_route_fn um_api_user_register, um_api_user_get, um_api_user_update, um_api_user_change_password, um_api_user_delete;

/** What an answer shows of a user: these fields and nothing else. */
um_json_t *um_api_user_show(um_call_t *call, const um_user_t *user);

#endif
