/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_INPUT_SCHEMA_H
#define UM_INPUT_SCHEMA_H
/* The fields of a body as a table: checked, read and described (OPTIONS) from the same rows. */
#include "endpoint.h"

#include <stddef.h>

typedef enum {
    UM_INPUT_TEXT,              /**< into a const char *; white space around the text is removed */
    UM_INPUT_USERNAME,          /**< as UM_INPUT_TEXT; the text must have the form of a user name */
    UM_INPUT_EMAIL,             /**< as UM_INPUT_TEXT; the text must have the form of an e-mail address, or be "" where
                                     that is allowed */
    UM_INPUT_BOOLEAN,           /**< into an int, 0 or 1; 0 when the field is absent */
    UM_INPUT_SECRET,            /**< into a um_secret_t, unchanged; the memory is wiped when the request ends */
    UM_INPUT_READ_ONLY          /**< cannot be set by this body. The field is ignored, except that staff gets an error,
                                     because staff may have meant to change it */
} um_input_kind_e;

/** One field of a request body. A row names the members that are not 0. */
typedef struct um_input_field_t {
    const char *name;
    const char *aliases[2];     /**< other names under which the field is accepted */
    const char *label;          /**< for OPTIONS */
    um_input_kind_e kind;
    int required;               /**< must be present */
    int may_be_blank;           /**< may be "" */
    int needs_cookie;           /**< exists only where UserMgmtCookie names a cookie */
    int is_shown;               /**< UM_INPUT_READ_ONLY: answers show it, so staff may send it back unchanged */
    int max_length;             /**< characters; 0: no limit here. For a secret OPTIONS shows the site's maximum */
    apr_size_t offset;          /**< in the schema's structure; in um_user_t if is_shown */
} um_input_field_t;

struct um_input_schema_t {
    apr_size_t size;            /**< of the structure */
    int count;
    const um_input_field_t *fields;
};

#define UM_INPUT_SCHEMA(type, rows) { sizeof(type), (int)(sizeof(rows) / sizeof((rows)[0])), rows }

/** Reads a document into call->in. What is faulty stays NULL there and is noted in call->ctx.errors; an absent field
 * that is not needed stays NULL and is no fault. UM_INVALID: the document is no object, nothing was read. */
um_status_e um_input_schema_read(um_call_t *call, const um_input_schema_t *schema, const um_json_doc_t *doc);

/** Whether a schema has a field of this name, which need not end with a NUL. See um_json_wanted_fn. */
int um_input_schema_has(const void *schema, const char *name, apr_size_t len);

/** What OPTIONS says of a schema: an object with a field for each. */
um_json_t *um_input_schema_describe(const um_call_t *call, const um_input_schema_t *schema);

/** Where a field stands in the schema, for telling errors in its order; count for a field it does not have. */
int um_input_schema_position(const um_input_schema_t *schema, const char *field);

#endif
