/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_INPUT_SCHEMA_H
#define UM_INPUT_SCHEMA_H
/* The fields of a request body as a table. Reading, checking, the order of errors and the answer to OPTIONS follow from
 * the same rows. */
#include <apr.h>
#include <stddef.h>

/** How a field is checked, and where its value goes. */
typedef enum {
    UM_INPUT_TEXT,              /**< into a const char *; white space around the text is removed */
    UM_INPUT_USERNAME,          /**< as UM_INPUT_TEXT; the text must have the form of a user name */
    UM_INPUT_EMAIL,             /**< as UM_INPUT_TEXT; the text must have the form of an e-mail address, or be "" where
                                     that is allowed */
    UM_INPUT_BOOLEAN,           /**< into an int, 0 or 1; 0 when the field is absent */
    UM_INPUT_SWITCH,            /**< into an int, a um_switch_e */
    UM_INPUT_NAMES,             /**< a list of texts, into an apr_array_header_t * of const char *; max_length is that
                                     of the list */
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
    int needs_staff;            /**< exists only for staff. An endpoint that ignores credentials does not do so when the
                                 * body has the field, with another value than false */
    apr_size_t unless;          /**< offset of an earlier boolean: where it is true, the field cannot be set. 0: none */
    int is_time;                /**< UM_INPUT_READ_ONLY and is_shown: offset is that of an apr_int64_t, seconds */
    int is_shown;               /**< UM_INPUT_READ_ONLY: answers show it, so staff may send it back unchanged */
    int max_length;             /**< characters; 0: no limit here. For a secret OPTIONS shows the site's maximum */
    apr_size_t offset;          /**< in the schema's structure; in um_user_t if is_shown */
} um_input_field_t;

/** The fields of the bodies of an endpoint. */
typedef struct um_input_schema_t {
    apr_size_t size;            /**< of the structure into which a body is read */
    int count;
    const um_input_field_t *fields;
    apr_size_t custom;          /**< offset of the custom fields (input_custom.c), a const char *; 0: it takes none */
    int is_new;                 /**< the body makes an account, so custom fields may be required */
} um_input_schema_t;

/** Initializer of a schema. type: the structure; rows: an array of um_input_field_t. Further members may follow. */
#define UM_INPUT_SCHEMA(type, rows, ...) \
    { .size = sizeof(type), .count = (int)(sizeof(rows) / sizeof((rows)[0])), .fields = rows, __VA_ARGS__ }

#endif
