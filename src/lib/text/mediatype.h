/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MEDIATYPE_H
#define UM_MEDIATYPE_H
/* Content-Type and Accept (RFC 9110 8.3, 12.5.1), and the parameters that they share with Content-Disposition. */
#include <apr_pools.h>

typedef struct um_mediatype_t {
    const char *name;          /**< type/subtype in lower case, NULL when the header is not of that form */
    const char *boundary;      /**< multipart: that parameter, unquoted, or NULL */
} um_mediatype_t;

/** Reads a Content-Type header, NULL allowed. Other parameters, malformed ones too, are passed over. */
um_mediatype_t um_mediatype_parse(apr_pool_t *pool, const char *content_type);

/** The value of the first parameter of that name (in lower case) in params, a list such as `; a=b; c="d e"`; a quoted
 *  string is unquoted (RFC 9110 5.6.4, 5.6.6). NULL when absent or when its quotes do not close. */
const char *um_mediatype_param(apr_pool_t *pool, const char *params, const char *name);

typedef enum { UM_ACCEPT_NONE, UM_ACCEPT_JSON, UM_ACCEPT_PROBLEM } um_accept_e;

/**
 * What an Accept header lets us answer with. Quality 0 refuses; malformed elements count for nothing.
 * JSON: header NULL or blank, application/json, a wildcard that covers it, or text/html, by name or by wildcard
 * (browsers). The most specific of these decides: application/json, then all of application, then the others.
 * PROBLEM: application/problem+json is named with a quality not below that of application/json, if that is named too;
 * success is then answered with plain JSON.
 */
um_accept_e um_mediatype_accept(apr_pool_t *pool, const char *accept);
#endif
