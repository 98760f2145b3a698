#ifndef UM_JSON_H
#define UM_JSON_H
/* JSON (RFC 8259), strict in, compact out. Text is scanned by our own scanner first and then read by json-c,
 * because json-c in strict mode still takes single quotes, NaN, control characters, bad UTF-8 and duplicate members. */
#include <apr_pools.h>

/** A JSON value. Lives as long as the pool it was made in; children belong to their parent. */
typedef struct json_object um_json_t;

typedef enum {
    UM_JSON_ABSENT, UM_JSON_NULL, UM_JSON_BOOLEAN, UM_JSON_INTEGER, UM_JSON_FLOAT, UM_JSON_STRING, UM_JSON_LIST,
    UM_JSON_OBJECT
} um_json_kind_e;

/** A document as received. */
typedef struct um_json_doc_t {
    um_json_kind_e kind;       /**< of the root */
    um_json_t *root;           /**< NULL when kind is UM_JSON_NULL */
    apr_array_header_t *lone;  /**< um_json_lone_t: top-level members whose text holds an unpaired surrogate; may be NULL */
} um_json_doc_t;

typedef struct um_json_lone_t {
    const char *name;          /**< of the member of the root object */
    apr_uint32_t code;         /**< the first unpaired surrogate in its text, 0xD800 to 0xDFFF */
} um_json_lone_t;

/** A string, number or other member, read without any conversion. */
typedef struct um_json_value_t {
    um_json_kind_e kind;
    const char *text;          /**< UM_JSON_STRING: NUL-terminated UTF-8, owned by the document */
    apr_size_t len;            /**< UM_JSON_STRING: bytes; greater than strlen(text) when the text holds U+0000 */
    double number;             /**< UM_JSON_INTEGER and _FLOAT */
} um_json_value_t;

apr_status_t um_json_parse(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth, um_json_doc_t **doc,
                           const char **why);
um_json_value_t um_json_get(const um_json_t *object, const char *name);
/** The name of the kind as the contract prints it: dict list str int float bool. */
const char *um_json_kind_name(um_json_kind_e kind);
/** True when the member is the string text, or a list of strings only that contains it (RFC 7519 4.1.3). */
int um_json_has_text(const um_json_t *object, const char *name, const char *text);

um_json_t *um_json_object(apr_pool_t *pool);
um_json_t *um_json_list(apr_pool_t *pool);
void um_json_put(um_json_t *object, const char *name, um_json_t *child);  /* child made by um_json_object/list in the same pool */
void um_json_put_text(um_json_t *object, const char *name, const char *text); /* NULL text = null */
void um_json_put_int(um_json_t *object, const char *name, apr_int64_t number);
void um_json_put_bool(um_json_t *object, const char *name, int truth);
void um_json_push(um_json_t *list, um_json_t *child);
void um_json_push_text(um_json_t *list, const char *text);
const char *um_json_print(apr_pool_t *pool, um_json_t *value);
#endif
