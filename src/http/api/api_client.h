/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_CLIENT_H
#define UM_API_CLIENT_H
/* What trusted clients may ask: /api-token-introspect/ (RFC 7662). */
#include "route.h"

extern const um_input_schema_t um_api_client_token_schema;

um_route_fn um_api_client_introspect;

#endif
