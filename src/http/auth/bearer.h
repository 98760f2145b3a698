/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BEARER_H
#define UM_BEARER_H
/* The Authorization header of a bearer (RFC 6750 2.1), and the form of what a bearer holds. */

typedef enum {
    UM_BEARER_FOUND,
    UM_BEARER_NONE,             /**< no header, or of another scheme */
    UM_BEARER_EMPTY,            /**< the scheme alone */
    UM_BEARER_SPACES,           /**< more than one word after it */
    UM_BEARER_CHARACTERS,       /**< bytes that no token has */
    UM_BEARER_TWICE             /**< more than one Authorization header */
} um_bearer_e;

/** The token in a header's value, which may be NULL. *token points into it, NULL unless found. */
um_bearer_e um_bearer_token(const char *header, const char **token);

/** Whether a text has the form of a token: UM_BEARER_FOUND, _EMPTY, _SPACES, or _CHARACTERS. */
um_bearer_e um_bearer_form(const char *text);

#endif
