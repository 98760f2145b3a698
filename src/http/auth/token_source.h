/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TOKEN_SOURCE_H
#define UM_TOKEN_SOURCE_H
/* Where in a request a token is looked for. */
#include "bearer.h"
#include "module.h"

#include <httpd.h>

int um_token_source_same(const um_token_source_t *a, const um_token_source_t *b);

/** The token there, as the client sent it. UM_BEARER_TWICE also: two cookies or parameters of the name that differ, of
 * which somebody else may have set one. *token lives as long as r, NULL unless found. */
um_bearer_e um_token_source_find(const request_rec *r, const um_token_source_t *source, const char **token);

/** Takes the token out of what a back end gets: the cookie out of Cookie, the parameter out of the query; all else
 * stays byte for byte. Authorization is not touched. */
void um_token_source_remove(request_rec *r, const um_token_source_t *source);

#endif
