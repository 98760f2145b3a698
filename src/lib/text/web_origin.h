/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WEB_ORIGIN_H
#define UM_WEB_ORIGIN_H
/* Web origins as texts: scheme, host and port of a page (RFC 6454 6.2). */
#include <apr_tables.h>

/** The spelling of an origin by which origins are compared: lower case, and without the port when it is the scheme's
 * default, as in https://example.org:8443. The result is in pool. NULL: text is not the origin of an http or https
 * page; "null" is none, nor is a URL with a path. */
const char *um_web_origin_normalize(apr_pool_t *pool, const char *text);

/** The normalized origin of a URL, such as the value of a Referer header. NULL: it has none. */
const char *um_web_origin_of_url(apr_pool_t *pool, const char *url);

/** Whether a normalized origin is in a list of normalized origins (const char *). A list that is NULL is empty. */
int um_web_origin_is_listed(const apr_array_header_t *origins, const char *origin);

#endif
