/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IDENTITY_HEADERS_SET_H
#define UM_IDENTITY_HEADERS_SET_H
/* Identity headers: X-Usermgmt-... */
#include "identity.h"

#include <httpd.h>

/** Tells an identity by headers: of a request that goes on, or of an answer to a proxy that asks. Values are UTF-8 as
 * it is, with a blank for each control character.
 * @param which bits of identity_attribute.c, module.h
 * @return 0, and a line in the log: the list of groups is too long for a header. A part of it would be another list. */
int um_identity_headers_set(request_rec *r, apr_table_t *headers, const um_identity_t *identity, unsigned which);

/** The text with a blank for each control character. */
const char *um_identity_headers_printable(apr_pool_t *pool, const char *text);

#endif
