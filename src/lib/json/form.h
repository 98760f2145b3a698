/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_FORM_H
#define UM_FORM_H
/* Form bodies as JSON objects of strings, so that one reader serves all media types. The last of equal names wins,
 * values may be blank and may hold U+0000, names may not. Time grows with the body's length only. Errors of both
 * functions are APR_EINVAL, *why is a text for the caller that holds no byte of the body; the document lives as long
 * as pool. Values may be passwords: they are left in the document alone, whose reader wipes what is secret, and in the
 * body. */
#include "json.h"

/** Most fields in a body. */
#define UM_FORM_FIELDS 1000

/** application/x-www-form-urlencoded: "+" is a blank, %XX a byte, any other "%" itself; pieces between "&" that are
 *  empty do not count. An empty body is an object without members.
 *  *why: "invalid UTF-8", "null character in a field name", "too many fields". */
apr_status_t um_form_urlencoded(apr_pool_t *pool, const char *body, apr_size_t len, um_json_doc_t **doc,
                                const char **why);

/** multipart/form-data (RFC 7578, RFC 2046 5.1.1): parts without a name, and file inputs without a chosen file (a blank
 *  filename), are skipped. A file becomes an object without members: it is no string to whoever reads the field.
 *  boundary NULL = missing. *why starts with "Multipart form parse error - ". Refused too: no closing delimiter (an
 *  empty body has none), and a field in base64 or quoted-printable (RFC 7578 4.7). */
apr_status_t um_form_multipart(apr_pool_t *pool, const char *boundary, const char *body, apr_size_t len,
                               um_json_doc_t **doc, const char **why);
#endif
