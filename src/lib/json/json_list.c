/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "json_private.h"

#include <json_object.h>

um_json_t *um_json_child(const um_json_t *object, const char *name)
{
    um_json_t *member = NULL;

    return json_object_object_get_ex(object, name, &member) ? member : NULL;
}

int um_json_find(const um_json_t *object, const char *name, um_json_t **member)
{
    return json_object_object_get_ex(object, name, member) ? 1 : 0;
}

apr_int64_t um_json_int(const um_json_t *value)
{
    return json_object_get_int64(value);
}

int um_json_length(const um_json_t *list)
{
    return json_object_is_type(list, json_type_array) ? (int)json_object_array_length(list) : 0;
}

um_json_t *um_json_at(const um_json_t *list, int i)
{
    return i < um_json_length(list) ? json_object_array_get_idx(list, (size_t)i) : NULL;
}
