/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JSON_H
#define UM_JSON_H
/* JSON (RFC 8259): strict when reading, compact when writing. Values are json-c's objects. Texts are read by our own
 * reader (json_parse.c), because json-c even in strict mode accepts single quotes, NaN, control characters, bad UTF-8
 * and equal member names. Functions that make values end the process when memory is used up, as APR's pools do. */
#include <apr_pools.h>
#include <apr_tables.h>

/** A JSON value. It lives as long as the pool it was made in; children belong to their parent. Not thread-safe. */
typedef struct json_object um_json_t;

typedef enum {
    UM_JSON_ABSENT, UM_JSON_NULL, UM_JSON_BOOLEAN, UM_JSON_INTEGER, UM_JSON_FLOAT, UM_JSON_STRING, UM_JSON_LIST,
    UM_JSON_OBJECT
} um_json_kind_e;

/** A document that was read. */
typedef struct um_json_doc_t {
    um_json_kind_e kind;       /**< of the root */
    um_json_t *root;           /**< NULL when kind is UM_JSON_NULL */
    apr_array_header_t *lone;  /**< um_json_lone_t: members of the root whose text has an unpaired surrogate; or NULL */
} um_json_doc_t;

/** An escape such as \ud800 without its other half. The text has U+FFFD in its place, so two different texts may look
 *  alike: look here before a text is compared or stored. */
typedef struct um_json_lone_t {
    const char *name;          /**< of the member of the root object */
    apr_uint32_t code;         /**< the first unpaired surrogate in its text, 0xD800 to 0xDFFF */
} um_json_lone_t;

/** A member of an object, without any conversion. */
typedef struct um_json_value_t {
    um_json_kind_e kind;
    const char *text;          /**< UM_JSON_STRING: NUL-terminated UTF-8, owned by the document; else NULL */
    apr_size_t len;            /**< UM_JSON_STRING: bytes; greater than strlen(text) when the text contains U+0000 */
    double number;             /**< UM_JSON_INTEGER and _FLOAT: always finite; UM_JSON_BOOLEAN: 0 or 1 */
} um_json_value_t;

/**
 * Reads len bytes of text, which need no NUL behind them.
 * These are refused, beside what is not JSON (RFC 8259 sections 2 to 8): a byte order mark, strings that are not UTF-8
 * (RFC 3629), equal member names in one object at any level (compared without escapes), U+0000 or an unpaired surrogate
 * in a member name, a number that is too large for a double, anything but white space behind the value. An integer that
 * int64 cannot hold is read as UM_JSON_FLOAT.
 * @param max_depth  How many lists and objects may be nested, the root included; at least 0. Keep it small: values are
 *                   freed recursively
 * @param doc        Lives as long as pool
 * @param why        On error: a short English reason without any byte of the text, such as "unexpected character at
 *                   byte 12"; bytes are counted from 0
 * @return APR_EINVAL: the text is refused; empty text is "unexpected end of text"
 */
apr_status_t um_json_parse(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth, um_json_doc_t **doc,
                           const char **why);
/** Whether the caller wants the member of this name: len bytes of UTF-8, not NUL-terminated. */
typedef int um_json_wanted_fn(const void *baton, const char *name, apr_size_t len);
/**
 * Reads a text that a client sent. All of it is checked as um_json_parse does, but only the wanted members of the root
 * object are built. An object among them is built empty. Of a list the first UM_JSON_WANTED_ELEMENTS elements are
 * built, and false in place of each list or object in it. So the length of a text alone limits what it costs, and
 * nothing is built recursively. If the text is refused, the strings built so far are wiped.
 */
#define UM_JSON_WANTED_ELEMENTS 512
apr_status_t um_json_parse_wanted(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth,
                                  um_json_wanted_fn *wanted, const void *baton, um_json_doc_t **doc, const char **why);
/** The member of this name. UM_JSON_ABSENT also when object is NULL or not an object. */
um_json_value_t um_json_get(const um_json_t *object, const char *name);
/** The elements of the list that is the member of this name, um_json_value_t; NULL: the member is no list. */
apr_array_header_t *um_json_get_list(apr_pool_t *pool, const um_json_t *object, const char *name);
/** The same for a value itself; NULL is null. */
um_json_value_t um_json_value(um_json_t *value);
/** The member of this name as it is; NULL: it is null, there is none, or object is NULL or not an object. */
um_json_t *um_json_child(const um_json_t *object, const char *name);
/** Whether object has a member of this name. *member becomes its value, NULL for null. 0 also when object is NULL or
 *  not an object. */
int um_json_find(const um_json_t *object, const char *name, um_json_t **member);
/** An UM_JSON_INTEGER without the rounding of a double. 0 for null. */
apr_int64_t um_json_int(const um_json_t *value);
/** The names of the members of an object, const char *, in their order; none for anything else. They live as long as
 *  the object has the members. */
apr_array_header_t *um_json_names(apr_pool_t *pool, const um_json_t *object);
/** The elements of a list: how many, 0 for anything else; and one of them, NULL for null and beyond the end. */
int um_json_length(const um_json_t *list);
um_json_t *um_json_at(const um_json_t *list, int i);
/** The name of the kind in messages of the API: dict, list, str, int, float, bool; NoneType for null and absent. */
const char *um_json_kind_name(um_json_kind_e kind);
/** Whether the member is the string text, or a list of strings only that contains it (RFC 7519 section 4.1.3). */
int um_json_has_text(const um_json_t *object, const char *name, const char *text);

/** A new empty object or list. */
um_json_t *um_json_object(apr_pool_t *pool);
um_json_t *um_json_list(apr_pool_t *pool);
/* Members are printed in the order in which their names were first added; a name that is added again gets the later
 * value. Names and texts should be UTF-8. Each byte that is not becomes U+FFFD, so that a response is always valid. */
/** child was made by um_json_object or um_json_list in the same pool, and is not an ancestor of object. */
void um_json_put(um_json_t *object, const char *name, um_json_t *child);
/** NULL text is null. */
void um_json_put_text(um_json_t *object, const char *name, const char *text);
/** A text that may contain U+0000. */
void um_json_put_bytes(um_json_t *object, const char *name, const char *text, apr_size_t len);
void um_json_put_int(um_json_t *object, const char *name, apr_int64_t number);
void um_json_put_bool(um_json_t *object, const char *name, int truth);
/** Removes the member of this name, if there is one. */
void um_json_remove(um_json_t *object, const char *name);
/** As um_json_put. */
void um_json_push(um_json_t *list, um_json_t *child);
/** NULL text is null. */
void um_json_push_text(um_json_t *list, const char *text);
/** Compact text in pool; non-ASCII characters and "/" are not escaped. NULL value is null. */
const char *um_json_print(apr_pool_t *pool, um_json_t *value);

/** Writes a text of many values without making the values first, which takes several times as long. */
typedef struct um_json_writer_t um_json_writer_t;

/** A writer whose text is in pool. */
um_json_writer_t *um_json_writer(apr_pool_t *pool);
/** Begins a list ('[') or an object ('{'), and ends the one that was begun last (']' or '}'). */
void um_json_write_begin(um_json_writer_t *writer, char bracket);
void um_json_write_end(um_json_writer_t *writer, char bracket);
/** The name of the member whose value is written next. UTF-8. */
void um_json_write_name(um_json_writer_t *writer, const char *name);
/** A text; NULL is null. Bytes that are not UTF-8 are replaced, as by um_json_put_text. */
void um_json_write_text(um_json_writer_t *writer, const char *text);
/** What was written, when all that was begun has been ended. */
const char *um_json_written(um_json_writer_t *writer);
#endif
