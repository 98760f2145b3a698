/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_OPTIONS_H
#define UM_OPTIONS_H
/* OPTIONS: what a path can do. Needs no token: browsers ask before they send one. */
#include "route.h"

int um_options_reply(um_call_t *call, const um_route_t *first);

#endif
