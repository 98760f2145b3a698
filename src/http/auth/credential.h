/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CREDENTIAL_H
#define UM_CREDENTIAL_H
/* The token that a request shows, and what is to be thought of it. Found out when somebody asks, once in a request:
 * AuthType Bearer asks, and expressions, which are evaluated before it. */
#include "identity.h"
#include "csrf.h"
#include "token_source.h"

#include <apr_tables.h>
#include <httpd.h>

typedef enum {
    UM_CREDENTIAL_NONE,         /**< there is none */
    UM_CREDENTIAL_GOOD,
    UM_CREDENTIAL_BAD,          /**< forged, over, ended, or of no form; all the same to the client */
    UM_CREDENTIAL_MALFORMED,    /**< the request shows two at one place */
    UM_CREDENTIAL_FOREIGN,      /**< a cookie, in a request that another site may have made the browser send */
    UM_CREDENTIAL_UNAVAILABLE          /**< could not be checked */
} um_credential_e;

typedef struct um_credential_t {
    um_credential_e state;
    const apr_array_header_t *sources;  /**< where it was looked for; NULL: not yet */
    const um_token_source_t *source;          /**< where it was found; NULL for UM_CREDENTIAL_NONE */
    const char *token;                  /**< as sent; NULL unless it is good */
    const um_identity_t *identity;      /**< NULL unless it is good */
    const char *cause;                  /**< for the log, without a byte of the token; may be NULL */
    int known;                          /**< the cause was told a moment ago */
} um_credential_t;

/** Looks at the places in order; the first that has a token decides. What was found good for the request that r belongs
 * to is good here, if it came from a place that is looked at here too. ask: whose cookies they are, NULL for those of
 * r itself, see csrf.h. The host must have a site. Never NULL. */
const um_credential_t *um_credential_look(request_rec *r, const apr_array_header_t *sources,
                                          const um_csrf_request_t *ask);

/** The same with the places that UserMgmtTokenSource names for r; in a forward proxy with Proxy-Authorization alone. A
 * host without a site: UM_CREDENTIAL_NONE. */
const um_credential_t *um_credential_of(request_rec *r);

#endif
