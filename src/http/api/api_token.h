/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_TOKEN_H
#define UM_API_TOKEN_H
/* The endpoints /api-token-auth/, /api-token-refresh/, /api-token-verify/ and /api-token-revoke/. */
#include "route.h"

extern const um_input_schema_t um_api_token_schema;
extern const um_input_schema_t um_api_token_refresh_schema;
extern const um_input_schema_t um_api_token_verify_schema;
extern const um_input_schema_t um_api_token_revoke_schema;

um_route_fn um_api_token_create;
um_route_fn um_api_token_refresh;
um_route_fn um_api_token_verify;
um_route_fn um_api_token_revoke;

#endif
