/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_FORM_H
#define UM_FORM_H
/* Form bodies as JSON objects of strings, so that the same code reads all media types. If a name occurs twice, the last
 * value counts. Values may be blank and may contain U+0000; names may not. The time grows with the length of the body
 * only. Errors of both functions are APR_EINVAL; *why is a text for the client without any byte of the body. The
 * document lives as long as pool. Values may be passwords. They are left in the body and in the document only: the
 * caller wipes what is secret. */
#include "json.h"

/** The most fields in a body. */
#define UM_FORM_FIELDS 1000

/** application/x-www-form-urlencoded: "+" is a blank, %XX a byte, any other "%" itself. Empty pieces between "&" do not
 *  count. An empty body is an object without members.
 *  *why: "invalid UTF-8", "null character in a field name" or "too many fields". */
apr_status_t um_form_urlencoded(apr_pool_t *pool, const char *body, apr_size_t len, um_json_doc_t **doc,
                                const char **why);

/** multipart/form-data (RFC 7578, RFC 2046 section 5.1.1). Parts without a name, and file inputs without a chosen file
 *  (a blank filename), are ignored. A file becomes an object without members, so that it is never taken for a string.
 *  boundary NULL means that it is missing. *why starts with "Multipart form parse error - ". Also refused: no closing
 *  delimiter (an empty body has none), and a field in base64 or quoted-printable (RFC 7578 section 4.7). */
apr_status_t um_form_multipart(apr_pool_t *pool, const char *boundary, const char *body, apr_size_t len,
                               um_json_doc_t **doc, const char **why);
#endif
