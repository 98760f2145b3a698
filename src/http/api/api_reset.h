/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_RESET_H
#define UM_API_RESET_H
/* The endpoints whose one-time tokens go by mail: below /api/password_reset/ and /api/email_verification/. */
#include "route.h"

extern const um_input_schema_t um_api_reset_request_schema, um_api_reset_token_schema, um_api_reset_confirm_schema;

um_route_fn um_api_reset_request, um_api_reset_validate, um_api_reset_confirm;
um_route_fn um_api_reset_verify_request, um_api_reset_verify_confirm;

#endif
