#ifndef UM_MEDIATYPE_H
#define UM_MEDIATYPE_H
/* Content-Type and Accept (RFC 9110 8.3, 12.5.1). */
#include <apr_pools.h>
typedef struct um_mediatype_t {
    const char *name;          /**< type/subtype in lower case, NULL when the header is not of that form */
    const char *boundary;      /**< multipart: that parameter, unquoted, or NULL */
} um_mediatype_t;
um_mediatype_t um_mediatype_parse(apr_pool_t *pool, const char *content_type);

typedef enum { UM_ACCEPT_NONE, UM_ACCEPT_JSON, UM_ACCEPT_PROBLEM } um_accept_e;
/** What an Accept header lets us answer with: JSON also for NULL, "", wildcards and text/html; problem details when
 *  application/problem+json is named with a quality not below that of JSON. */
um_accept_e um_mediatype_accept(apr_pool_t *pool, const char *accept);
#endif
