/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CALLER_H
#define UM_CALLER_H
/* Who was found to call, kept with the request. Whoever authenticates (AuthType Bearer, the provider for passwords)
 * attaches the identity; Require, expressions, the environment and headers for back ends ask here. */
#include "identity.h"
#include "token_source.h"

#include <httpd.h>

/** Says who calls. identity lives at least as long as r. Does not set r->user. */
void um_caller_attach(request_rec *r, const um_identity_t *identity);

/** Who calls: attached to r, or to the request that r belongs to (a subrequest's main one, an internal redirect's
 * earlier one) as far as httpd itself carries r->user over from it: the same rules hold for both. NULL: nobody, or
 * somebody who was authenticated by another module. */
const um_identity_t *um_caller_of(const request_rec *r);

/** Where the token was that shows who um_caller_of(r) is; NULL: nobody, or by password. */
const um_token_source_t *um_caller_source(const request_rec *r);

/** The verified token that shows who um_caller_of(r) is; NULL: nobody, or by password. */
const char *um_caller_token(const request_rec *r);

#endif
