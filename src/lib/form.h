#ifndef UM_FORM_H
#define UM_FORM_H
/* Form bodies as JSON objects of strings, so that one reader serves all media types. The last of equal names wins. */
#include "json.h"
/** application/x-www-form-urlencoded. APR_EINVAL: not UTF-8; *why is for the caller. */
apr_status_t um_form_urlencoded(apr_pool_t *pool, const char *body, apr_size_t len, um_json_doc_t **doc, const char **why);
/** multipart/form-data (RFC 7578): fields only, parts with a filename are skipped. boundary NULL = missing. */
apr_status_t um_form_multipart(apr_pool_t *pool, const char *boundary, const char *body, apr_size_t len,
                               um_json_doc_t **doc, const char **why);
#endif
