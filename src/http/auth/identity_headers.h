/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IDENTITY_HEADERS_H
#define UM_IDENTITY_HEADERS_H
/* What an application is told: who calls, in the environment and, where the administrator wants it, in request headers;
 * and that nobody else can tell it that. */
#include <httpd.h>

/** Hook post_read_request, after mod_proxy's: takes out every header that an application may take for one of ours
 * (X-Usermgmt-..., with whatever stands for the hyphens), and such names, Authorization and Cookie out of Connection,
 * by which a client would have a proxy drop what we set. Requests to a forward proxy are left as they are. */
int um_identity_headers_scrub(request_rec *r);

/** Hook create_request: gives a subrequest or redirect the headers as the client sent them; what its application gets
 * is for its own place to say. */
int um_identity_headers_create(request_rec *r);

/** Hook fixups, before all others: environment, headers, Authorization, Cookie; so that mod_headers and mod_rewrite can
 * work on them. */
int um_identity_headers_fixups(request_rec *r);

/** Hook insert_filter, before all others: the same once more where httpd has put another resource in the place of r
 * since, and what must not be done before: a token in the query is taken out. */
void um_identity_headers_settle(request_rec *r);

/** Hook handler, before all others: answers 500 where the application cannot be told what it is to be told. */
int um_identity_headers_refuse(request_rec *r);

#endif
