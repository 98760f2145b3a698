/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "json_private.h"
#include "utf8.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <json_object.h>

static apr_status_t drop(void *value)
{
    json_object_put(value);
    return APR_SUCCESS;
}

void um_json_need(int good)
{
    if (!good) {
        abort();
    }
}

um_json_t *um_json_own(apr_pool_t *pool, um_json_t *value)
{
    um_json_need(value != NULL);
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

um_json_value_t um_json_value(um_json_t *member)
{
    um_json_value_t value = { kind_of(member), NULL, 0, 0 };

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

um_json_value_t um_json_get(const um_json_t *object, const char *name)
{
    um_json_t *member;

    return json_object_object_get_ex(object, name, &member) ? um_json_value(member)
           : (um_json_value_t){ UM_JSON_ABSENT, NULL, 0, 0 };
}

apr_array_header_t *um_json_get_list(apr_pool_t *pool, const um_json_t *object, const char *name)
{
    apr_array_header_t *values;
    um_json_t *member;
    size_t count;

    if (!json_object_object_get_ex(object, name, &member) || !json_object_is_type(member, json_type_array)) {
        return NULL;
    }
    count = json_object_array_length(member);
    values = apr_array_make(pool, (int)count, sizeof(um_json_value_t));
    for (size_t i = 0; i < count; i++) {
        APR_ARRAY_PUSH(values, um_json_value_t) = um_json_value(json_object_array_get_idx(member, i));
    }
    return values;
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
    return um_json_own(pool, json_object_new_object());
}

um_json_t *um_json_list(apr_pool_t *pool)
{
    return um_json_own(pool, json_object_new_array());
}

char *um_json_repair(const char *text, apr_size_t *len)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + *len;
    apr_size_t step;
    char *copy, *to;

    while (at < end && (step = *at < 0x80 ? 1 : um_utf8_step(at, (apr_size_t)(end - at))) > 0) {
        at += step;
    }
    if (at == end) {
        return NULL;
    }
    to = copy = malloc(*len * 3 + 1);
    um_json_need(copy != NULL);
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

    um_json_need(len < INT_MAX / 4);       /* json-c counts in int */
    better = um_json_repair(text, &len);
    value = json_object_new_string_len(better ? better : text, (int)len);
    free(better);
    um_json_need(value != NULL);
    return value;
}

static void add(um_json_t *object, const char *name, um_json_t *value)
{
    apr_size_t len = strlen(name);
    char *better = um_json_repair(name, &len);

    um_json_need(json_object_object_add(object, better ? better : name, value) == 0);
    free(better);
}

void um_json_put(um_json_t *object, const char *name, um_json_t *child)
{
    add(object, name, json_object_get(child));      /* a second reference: the first belongs to the pool */
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

    um_json_need(value != NULL);
    add(object, name, value);
}

void um_json_put_bool(um_json_t *object, const char *name, int truth)
{
    um_json_t *value = json_object_new_boolean(truth != 0);

    um_json_need(value != NULL);
    add(object, name, value);
}

void um_json_push(um_json_t *list, um_json_t *child)
{
    um_json_need(json_object_array_add(list, json_object_get(child)) == 0);
}

void um_json_push_text(um_json_t *list, const char *text)
{
    um_json_need(json_object_array_add(list, text ? new_text(text, strlen(text)) : NULL) == 0);
}
