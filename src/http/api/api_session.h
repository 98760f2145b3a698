/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_SESSION_H
#define UM_API_SESSION_H
/* The endpoints below /api/v1/users/{id}/sessions/. */
#include "route.h"

um_route_fn um_api_session_list;
um_route_fn um_api_session_end;
um_route_fn um_api_session_end_all;

#endif
