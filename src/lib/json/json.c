/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"
#include "jsonscan.h"
#include "utf8.h"
#include "wipe.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <json_object.h>
#include <json_tokener.h>

#define PRINT_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static apr_status_t drop(void *value)
{
    json_object_put(value);
    return APR_SUCCESS;
}

/* json-c answers a lack of memory with NULL, which is also its null: never let the one pass for the other. */
static void need(int good)
{
    if (!good) {
        abort();
    }
}

static um_json_t *keep(apr_pool_t *pool, um_json_t *value)
{
    need(value != NULL);
    apr_pool_cleanup_register(pool, value, drop, apr_pool_cleanup_null);
    return value;
}

static um_json_kind_e kind_of(const um_json_t *value)
{
    switch (json_object_get_type(value)) {
    case json_type_boolean: return UM_JSON_BOOLEAN;
    case json_type_double: return UM_JSON_FLOAT;
    case json_type_int: return UM_JSON_INTEGER;
    case json_type_object: return UM_JSON_OBJECT;
    case json_type_array: return UM_JSON_LIST;
    case json_type_string: return UM_JSON_STRING;
    case json_type_null:
    default: return UM_JSON_NULL;
    }
}

/* json-c clamps integers beyond 64 bits in silence, so that a time claim could mean another time; as floats they keep
 * their size. */
static char *floats_for_wide(apr_pool_t *pool, const char *text, apr_size_t *len, const apr_array_header_t *wide)
{
    char *copy = apr_palloc(pool, *len + 2 * (apr_size_t)wide->nelts), *to = copy;
    apr_size_t from = 0, end;
    int i;

    for (i = 0; i <= wide->nelts; ++i) {
        end = i < wide->nelts ? APR_ARRAY_IDX(wide, i, apr_size_t) : *len;
        memcpy(to, text + from, end - from);
        to += end - from;
        from = end;
        if (i < wide->nelts) {
            *to++ = 'e';
            *to++ = '0';
        }
    }
    *len = (apr_size_t)(to - copy);
    return copy;
}

/* Only for text that the scanner has found sound. */
static apr_status_t build(const char *text, apr_size_t len, int max_depth, um_json_t **root)
{
    struct json_tokener *tokener = json_tokener_new_ex(max_depth + 2);      /* json-c counts scalars as a level */
    enum json_tokener_error error;

    *root = NULL;
    if (!tokener) {
        return APR_ENOMEM;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    *root = json_tokener_parse_ex(tokener, text, (int)len);
    if (json_tokener_get_error(tokener) == json_tokener_continue) {
        *root = json_tokener_parse_ex(tokener, " ", 1);     /* a root number or word could still go on */
    }
    error = json_tokener_get_error(tokener);
    json_tokener_free(tokener);
    return error == json_tokener_success ? APR_SUCCESS : APR_EINVAL;
}

/* An empty list or object in place of one that is not empty; NULL: the value is a scalar. */
static const char *emptied(char first)
{
    return first == '{' ? "{}" : first == '[' ? "[]" : NULL;
}

static int ends_wide(const apr_array_header_t *wide, apr_size_t end)
{
    int found = 0;

    for (int i = 0; wide && i < wide->nelts; i++) {
        found |= APR_ARRAY_IDX(wide, i, apr_size_t) == end;
    }
    return found;
}

/* A text of the wanted members alone, the lists and objects among them emptied. */
static char *wanted_text(apr_pool_t *pool, const char *text, apr_size_t *len, const um_jsonscan_t *scan)
{
    const um_jsonscan_member_t *members = (const um_jsonscan_member_t *)scan->members->elts;
    apr_size_t room = 3;
    char *copy, *to;

    for (int i = 0; i < scan->members->nelts; i++) {
        room += members[i].end - members[i].name + 3;
    }
    copy = to = apr_palloc(pool, room);
    *to++ = '{';
    for (int i = 0; i < scan->members->nelts; i++) {
        const char *empty = emptied(text[members[i].value]);
        apr_size_t kept = (empty ? members[i].value : members[i].end) - members[i].name;
        const char *behind = empty ? empty : ends_wide(scan->wide, members[i].end) ? "e0" : "";

        if (i) {
            *to++ = ',';
        }
        memcpy(to, text + members[i].name, kept);
        to = apr_cpystrn(to + kept, behind, 3);
    }
    *to++ = '}';
    *len = (apr_size_t)(to - copy);
    return copy;
}

/* What json-c is given in place of a sound text; NULL: the text itself. *len becomes its length. */
static char *text_to_build(apr_pool_t *pool, const char *text, apr_size_t *len, const um_jsonscan_t *scan)
{
    const char *root = text;

    if (scan->members) {
        return wanted_text(pool, text, len, scan);
    }
    while (strchr(" \t\r\n", *root)) {
        root++;
    }
    if (scan->wanted && *root == '[') {
        *len = 2;
        return apr_pstrdup(pool, emptied(*root));
    }
    return scan->wide ? floats_for_wide(pool, text, len, scan->wide) : NULL;
}

apr_status_t um_json_parse_wanted(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth,
                                  um_json_wanted_fn *wanted, const void *baton, um_json_doc_t **doc, const char **why)
{
    um_jsonscan_t scan = { .wanted = wanted, .baton = baton };
    um_json_t *root;
    char *copy;
    apr_status_t rv;

    if (len > INT_MAX / 4 || max_depth > INT_MAX / 4) {     /* json-c counts in int */
        *why = "text too long";
        return APR_EINVAL;
    }
    if ((rv = um_jsonscan_text(pool, text, len, max_depth, &scan, why)) != APR_SUCCESS) {
        return rv;
    }
    copy = text_to_build(pool, text, &len, &scan);
    rv = build(copy ? copy : text, len, max_depth, &root);
    if (copy) {
        um_wipe(copy, len);     /* bodies hold passwords */
    }
    if (rv != APR_SUCCESS) {
        *why = rv == APR_ENOMEM ? "out of memory" : "text not understood";
        return rv;
    }
    *doc = apr_pcalloc(pool, sizeof(**doc));
    (*doc)->kind = kind_of(root);
    (*doc)->root = root ? keep(pool, root) : NULL;
    (*doc)->lone = scan.lone;
    return APR_SUCCESS;
}

apr_status_t um_json_parse(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth, um_json_doc_t **doc,
                           const char **why)
{
    return um_json_parse_wanted(pool, text, len, max_depth, NULL, NULL, doc, why);
}

um_json_value_t um_json_get(const um_json_t *object, const char *name)
{
    um_json_value_t value = { UM_JSON_ABSENT, NULL, 0, 0 };
    um_json_t *member;

    if (!json_object_object_get_ex(object, name, &member)) {
        return value;
    }
    value.kind = kind_of(member);
    switch (value.kind) {
    case UM_JSON_STRING:
        value.text = json_object_get_string(member);
        value.len = (apr_size_t)json_object_get_string_len(member);
        break;
    case UM_JSON_INTEGER:
    case UM_JSON_FLOAT:
        value.number = json_object_get_double(member);
        break;
    case UM_JSON_BOOLEAN:
        value.number = json_object_get_boolean(member) ? 1 : 0;
        break;
    default:
        break;
    }
    return value;
}

const char *um_json_kind_name(um_json_kind_e kind)
{
    switch (kind) {
    case UM_JSON_BOOLEAN: return "bool";
    case UM_JSON_INTEGER: return "int";
    case UM_JSON_FLOAT: return "float";
    case UM_JSON_STRING: return "str";
    case UM_JSON_LIST: return "list";
    case UM_JSON_OBJECT: return "dict";
    case UM_JSON_ABSENT:
    case UM_JSON_NULL:
    default: return "NoneType";
    }
}

static int is_same_text(um_json_t *value, const char *text)
{
    apr_size_t len = strlen(text);

    return (apr_size_t)json_object_get_string_len(value) == len
           && memcmp(json_object_get_string(value), text, len) == 0;
}

int um_json_has_text(const um_json_t *object, const char *name, const char *text)
{
    um_json_t *member, *element;
    size_t i, count;
    int found = 0;

    if (!json_object_object_get_ex(object, name, &member)) {
        return 0;
    }
    if (json_object_is_type(member, json_type_string)) {
        return is_same_text(member, text);
    }
    if (!json_object_is_type(member, json_type_array)) {
        return 0;
    }
    count = json_object_array_length(member);
    for (i = 0; i < count; ++i) {
        element = json_object_array_get_idx(member, i);
        if (!json_object_is_type(element, json_type_string)) {
            return 0;
        }
        found |= is_same_text(element, text);
    }
    return found;
}

um_json_t *um_json_object(apr_pool_t *pool)
{
    return keep(pool, json_object_new_object());
}

um_json_t *um_json_list(apr_pool_t *pool)
{
    return keep(pool, json_object_new_array());
}

/* A malloc'ed copy of text with U+FFFD for each bad byte, *len becoming its length; NULL when text is valid UTF-8. */
static char *repair(const char *text, apr_size_t *len)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + *len;
    apr_size_t step;
    char *copy, *to;

    while (at < end && (step = um_utf8_step(at, (apr_size_t)(end - at))) > 0) {
        at += step;
    }
    if (at == end) {
        return NULL;
    }
    to = copy = malloc(*len * 3 + 1);
    need(copy != NULL);
    for (at = (const unsigned char *)text; at < end; at += step ? step : 1) {
        step = um_utf8_step(at, (apr_size_t)(end - at));
        memcpy(to, step ? (const char *)at : "\xEF\xBF\xBD", step ? step : 3);
        to += step ? step : 3;
    }
    *to = '\0';
    *len = (apr_size_t)(to - copy);
    return copy;
}

static um_json_t *new_text(const char *text, apr_size_t len)
{
    um_json_t *value;
    char *better;

    need(len < INT_MAX / 4);       /* json-c counts in int */
    better = repair(text, &len);
    value = json_object_new_string_len(better ? better : text, (int)len);
    free(better);
    need(value != NULL);
    return value;
}

static void add(um_json_t *object, const char *name, um_json_t *value)
{
    apr_size_t len = strlen(name);
    char *better = repair(name, &len);

    need(json_object_object_add(object, better ? better : name, value) == 0);
    free(better);
}

void um_json_put(um_json_t *object, const char *name, um_json_t *child)
{
    add(object, name, json_object_get(child));      /* the child keeps its pool cleanup: one reference each */
}

void um_json_put_text(um_json_t *object, const char *name, const char *text)
{
    add(object, name, text ? new_text(text, strlen(text)) : NULL);
}

void um_json_put_bytes(um_json_t *object, const char *name, const char *text, apr_size_t len)
{
    add(object, name, new_text(text, len));
}

void um_json_put_int(um_json_t *object, const char *name, apr_int64_t number)
{
    um_json_t *value = json_object_new_int64(number);

    need(value != NULL);
    add(object, name, value);
}

void um_json_put_bool(um_json_t *object, const char *name, int truth)
{
    um_json_t *value = json_object_new_boolean(truth != 0);

    need(value != NULL);
    add(object, name, value);
}

void um_json_push(um_json_t *list, um_json_t *child)
{
    need(json_object_array_add(list, json_object_get(child)) == 0);
}

void um_json_push_text(um_json_t *list, const char *text)
{
    need(json_object_array_add(list, text ? new_text(text, strlen(text)) : NULL) == 0);
}

const char *um_json_print(apr_pool_t *pool, um_json_t *value)
{
    size_t len;
    const char *text = json_object_to_json_string_length(value, PRINT_FLAGS, &len);

    need(text != NULL);
    return apr_pstrmemdup(pool, text, len);
}
