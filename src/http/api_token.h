/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_TOKEN_H
#define UM_API_TOKEN_H
/* The endpoint /api-token-auth/. */
#include "route.h"

extern const um_shape_t um_api_token_shape;

um_route_fn um_api_token_create;

#endif
