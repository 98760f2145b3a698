/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "json_private.h"

#include <json_object.h>
#include <linkhash.h>

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

apr_array_header_t *um_json_names(apr_pool_t *pool, const um_json_t *object)
{
    apr_array_header_t *names = apr_array_make(pool, 8, sizeof(const char *));
    const struct lh_entry *member = json_object_is_type(object, json_type_object)
                                    ? lh_table_head(json_object_get_object(object)) : NULL;

    for (; member; member = lh_entry_next(member)) {
        APR_ARRAY_PUSH(names, const char *) = lh_entry_k(member);
    }
    return names;
}

void um_json_remove(um_json_t *object, const char *name)
{
    json_object_object_del(object, name);
}
