/* SPDX-License-Identifier: Apache-2.0 */
/* Values for the reader of JSON texts, made of json-c's objects. */
#include "json_private.h"
#include "wipe.h"

#include <apr_strings.h>
#include <json_object.h>
#include <linkhash.h>

static um_json_t *checked(um_json_t *value)
{
    um_json_need(value != NULL);
    return value;
}

um_json_t *um_json_build_text(apr_pool_t *pool, um_json_string_t string)
{
    int is_copy = string.is_escaped;
    um_json_t *value;

    if (is_copy) {
        um_json_string_unescape(pool, &string);
    }
    value = checked(json_object_new_string_len(string.text, (int)string.len));
    if (is_copy) {
        um_wipe(string.text, string.len);
    }
    return value;
}

um_json_t *um_json_build_float(apr_pool_t *pool, const char *number, const char *end)
{
    return checked(json_object_new_double_s(um_json_number_double(pool, number, end),
                                            apr_pstrmemdup(pool, number, (apr_size_t)(end - number))));
}

um_json_t *um_json_build_int64(const char *number, const char *end)
{
    return checked(json_object_new_int64(um_json_number_int64(number, end)));
}

um_json_t *um_json_build_boolean(int truth)
{
    return checked(json_object_new_boolean(truth));
}

um_json_t *um_json_build_container(int is_object)
{
    return checked(is_object ? json_object_new_object() : json_object_new_array());
}

void um_json_build_member(apr_pool_t *pool, um_json_t *object, const um_json_string_t *name, um_json_t *value)
{
    const char *key = apr_pstrmemdup(pool, name->text, name->len);

    um_json_need(json_object_object_add_ex(object, key, value, JSON_C_OBJECT_ADD_KEY_IS_NEW) == 0);
}

void um_json_build_element(um_json_t *list, um_json_t *value)
{
    um_json_need(json_object_array_add(list, value) == 0);
}

apr_size_t um_json_build_count(const um_json_t *list)
{
    return json_object_array_length(list);
}

static void wipe_strings(um_json_t *value)
{
    if (json_object_is_type(value, json_type_string)) {
        um_wipe(json_object_get_string(value), (apr_size_t)json_object_get_string_len(value));
    }
    else if (json_object_is_type(value, json_type_object)) {
        const struct lh_entry *member = lh_table_head(json_object_get_object(value));

        for (; member; member = lh_entry_next(member)) {
            wipe_strings((um_json_t *)lh_entry_v(member));
        }
    }
    else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            wipe_strings(json_object_array_get_idx(value, i));
        }
    }
}

void um_json_build_discard(um_json_t *value)
{
    wipe_strings(value);
    json_object_put(value);
}
