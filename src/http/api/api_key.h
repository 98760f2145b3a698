/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_KEY_H
#define UM_API_KEY_H
/* The keys with which others verify our tokens. */
#include "route.h"

/** GET /.well-known/jwks.json: the JWK Set (RFC 7517 5) of the keys that are published or in use. */
um_route_fn um_api_key_set;

#endif
