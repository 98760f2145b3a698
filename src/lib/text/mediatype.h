/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MEDIATYPE_H
#define UM_MEDIATYPE_H
/* Content-Type and Accept (RFC 9110 sections 8.3 and 12.5.1), and parameters, which Content-Disposition has too. */
#include <apr_pools.h>

typedef struct um_mediatype_t {
    const char *name;          /**< type/subtype in lower case; NULL: the header is malformed */
    const char *boundary;      /**< of a multipart type: this parameter without quotes, or NULL */
} um_mediatype_t;

/** Reads a Content-Type header, which may be NULL. Other parameters, also malformed ones, are ignored. */
um_mediatype_t um_mediatype_parse(apr_pool_t *pool, const char *content_type);

/** The value of the first parameter with this name (in lower case) in a list such as `; a=b; c="d e"`. A quoted string
 * is
 *  unquoted (RFC 9110 sections 5.6.4 and 5.6.6). NULL when there is none or its quotes do not close. */
const char *um_mediatype_param(apr_pool_t *pool, const char *params, const char *name);

typedef enum { UM_ACCEPT_NONE, UM_ACCEPT_JSON, UM_ACCEPT_PROBLEM } um_accept_e;

/**
 * What the response may be, according to an Accept header. Quality 0 refuses a type; malformed elements are ignored.
 * UM_ACCEPT_JSON: the header is NULL or blank, or accepts application/json, a range that covers it, or text/html or a
 * range that covers that (browsers). The most specific one decides: application/json, then the range of application,
 * then the others.
 * UM_ACCEPT_PROBLEM: application/problem+json is accepted, and application/json with no higher quality. A success is
 * then plain JSON.
 */
um_accept_e um_mediatype_accept(apr_pool_t *pool, const char *accept);
#endif
