/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BEARER_H
#define UM_BEARER_H
/* The Authorization header of a bearer (RFC 6750 2.1). No other place is looked at. */
#include <httpd.h>

typedef enum {
    UM_BEARER_FOUND,
    UM_BEARER_NONE,             /**< no header, or of another scheme */
    UM_BEARER_EMPTY,            /**< the scheme alone */
    UM_BEARER_SPACES,           /**< more than one word after it */
    UM_BEARER_CHARACTERS,       /**< bytes that no token has */
    UM_BEARER_TWICE             /**< more than one Authorization header */
} um_bearer_e;

um_bearer_e um_bearer_token(const request_rec *r, const char **token);

#endif
