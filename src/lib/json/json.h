/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JSON_H
#define UM_JSON_H
/* JSON (RFC 8259), strict in, compact out. Text is scanned by our own scanner first (jsonscan.h) and then read by
 * json-c, because json-c in strict mode still takes single quotes, NaN, control characters, bad UTF-8 and duplicate
 * members. Functions that make values end the process when memory is used up, as APR's pools do. */
#include <apr_pools.h>
#include <apr_tables.h>

/** A JSON value. Lives as long as the pool it was made in; children belong to their parent. One thread at a time. */
typedef struct json_object um_json_t;

typedef enum {
    UM_JSON_ABSENT, UM_JSON_NULL, UM_JSON_BOOLEAN, UM_JSON_INTEGER, UM_JSON_FLOAT, UM_JSON_STRING, UM_JSON_LIST,
    UM_JSON_OBJECT
} um_json_kind_e;

/** A document as received. */
typedef struct um_json_doc_t {
    um_json_kind_e kind;       /**< of the root */
    um_json_t *root;           /**< NULL when kind is UM_JSON_NULL */
    apr_array_header_t *lone;  /**< um_json_lone_t: members of the root whose text has an unpaired surrogate; or NULL */
} um_json_doc_t;

/** An escape such as \ud800 on its own. The text itself reads U+FFFD there, so that two different ones look alike: a
 *  rule that compares or stores text must look here first. */
typedef struct um_json_lone_t {
    const char *name;          /**< of the member of the root object */
    apr_uint32_t code;         /**< the first unpaired surrogate in its text, 0xD800 to 0xDFFF */
} um_json_lone_t;

/** A member, read without any conversion. */
typedef struct um_json_value_t {
    um_json_kind_e kind;
    const char *text;          /**< UM_JSON_STRING: NUL-terminated UTF-8, owned by the document; else NULL */
    apr_size_t len;            /**< UM_JSON_STRING: bytes; greater than strlen(text) when the text holds U+0000 */
    double number;             /**< UM_JSON_INTEGER and _FLOAT, always finite; UM_JSON_BOOLEAN: 0 or 1 */
} um_json_value_t;

/**
 * Reads len bytes of text, which need not be NUL-terminated.
 * Refused, beside what is not JSON: a byte order mark, invalid UTF-8, equal member names in one object at any level,
 * U+0000 or an unpaired surrogate in a member name, a number that no double holds, anything but white space behind
 * the value. An integer beyond int64 is read as UM_JSON_FLOAT.
 * @param max_depth  Most lists and objects within each other, at least 0; the root counts as one when it is such
 * @param doc        Lives as long as pool
 * @param why        On error: a short English reason without any byte of the text, e.g. "unexpected character at byte
 *                   12"; bytes are counted from 0
 * @return APR_EINVAL: text refused, empty text ("unexpected end of text") among it; APR_ENOMEM: no memory for the tree
 */
apr_status_t um_json_parse(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth, um_json_doc_t **doc,
                           const char **why);
/** Whether the caller reads the member of this name: UTF-8, len bytes, not NUL-terminated. */
typedef int um_json_wanted_fn(const void *baton, const char *name, apr_size_t len);
/**
 * The same for a text of a stranger: all of it is checked, but only the wanted members of the root object are built,
 * and lists and objects come without what is in them. So the time and memory that a text costs follow from its length,
 * whatever is in it. The copy of the text that this needs is wiped.
 */
apr_status_t um_json_parse_wanted(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth,
                                  um_json_wanted_fn *wanted, const void *baton, um_json_doc_t **doc, const char **why);
/** UM_JSON_ABSENT also when object is NULL or not an object. */
um_json_value_t um_json_get(const um_json_t *object, const char *name);
/** The name of the kind as the contract prints it: dict list str int float bool, and NoneType for null and absent. */
const char *um_json_kind_name(um_json_kind_e kind);
/** True when the member is the string text, or a list of strings only that contains it (RFC 7519 4.1.3). */
int um_json_has_text(const um_json_t *object, const char *name, const char *text);

/** A new empty object or list. */
um_json_t *um_json_object(apr_pool_t *pool);
um_json_t *um_json_list(apr_pool_t *pool);
/* Members are printed in the order in which their names were first put; a name put again gets the later value. Names
 * and texts are UTF-8; bytes that are not become U+FFFD each, so that we never answer with invalid UTF-8. */
/** child: made by um_json_object or um_json_list in the same pool, and never an ancestor of object. */
void um_json_put(um_json_t *object, const char *name, um_json_t *child);
/** NULL text = null */
void um_json_put_text(um_json_t *object, const char *name, const char *text);
/** A text that may hold U+0000. */
void um_json_put_bytes(um_json_t *object, const char *name, const char *text, apr_size_t len);
void um_json_put_int(um_json_t *object, const char *name, apr_int64_t number);
void um_json_put_bool(um_json_t *object, const char *name, int truth);
void um_json_push(um_json_t *list, um_json_t *child);
/** NULL text = null */
void um_json_push_text(um_json_t *list, const char *text);
/** Compact text, non-ASCII and "/" as they are, owned by pool. NULL value = null. */
const char *um_json_print(apr_pool_t *pool, um_json_t *value);
#endif
