/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "custom_field.h"
#include "json.h"
#include "module.h"

#include <apr_strings.h>
#include <string.h>

/* Member of the view. No template has this name, and no field has an upper-case letter. */
#define STORED "STORED"

static const um_custom_fields_t *fields_of(const um_page_request_t *page)
{
    return page->call->settings->core.custom_fields;
}

void um_page_custom_remove(const um_page_request_t *page, um_json_t *object)
{
    const um_custom_fields_t *fields = fields_of(page);

    for (int i = 0; fields && i < fields->count; i++) {
        um_json_remove(object, fields->field[i].name);
    }
}

void um_page_custom_keep(um_page_request_t *page, const um_json_t *out)
{
    const um_custom_fields_t *fields = fields_of(page);
    um_json_t *stored = um_json_object(page->call->ctx.pool);

    for (int i = 0; fields && i < fields->count; i++) {
        um_json_put(stored, fields->field[i].name, um_json_child(out, fields->field[i].name));
    }
    um_json_put(page->view, STORED, stored);
}

/* What the form has, or else what the answer of the endpoint has. */
static um_json_t *value_of(um_page_request_t *page, const char *name)
{
    um_json_t *typed = um_json_child(um_json_child(page->view, "input"), name);

    return typed ? typed : um_json_child(um_json_child(page->view, STORED), name);
}

static void put_value(um_json_t *out, const um_custom_field_t *field, const um_json_value_t *value)
{
    if (field->kind == UM_CUSTOM_BOOLEAN) {
        int truth = um_custom_field_boolean(value);

        um_json_put_bool(out, "is_true", truth == 1);
        um_json_put_bool(out, "is_false", truth == 0 && value->kind != UM_JSON_NULL && value->kind != UM_JSON_ABSENT);
    }
    else if (value->kind == UM_JSON_STRING) {
        um_json_put_text(out, "value", value->text);
    }
    else if (value->kind == UM_JSON_INTEGER) {
        um_json_put_int(out, "value", (apr_int64_t)value->number);
    }
    else {
        um_json_put_text(out, "value", "");
    }
}

static um_json_t *show_field(um_page_request_t *page, const um_custom_field_t *field)
{
    apr_pool_t *pool = page->call->ctx.pool;
    um_json_value_t value = um_json_value(value_of(page, field->name));
    um_json_value_t error = um_json_get(page->view, apr_pstrcat(pool, "error_", field->name, NULL));
    um_json_t *out = um_json_object(pool);

    um_json_put_text(out, "name", field->name);
    um_json_put_text(out, "label", field->label);
    um_json_put_bool(out, "is_text", field->kind == UM_CUSTOM_TEXT);
    um_json_put_bool(out, "is_integer", field->kind == UM_CUSTOM_INTEGER);
    um_json_put_bool(out, "is_boolean", field->kind == UM_CUSTOM_BOOLEAN);
    um_json_put_bool(out, "is_date", field->kind == UM_CUSTOM_DATE);
    um_json_put_bool(out, "is_required", field->is_required);
    um_json_put_int(out, "max", field->max_length);
    um_json_put_text(out, "error", error.text);
    put_value(out, field, &value);
    return out;
}

void um_page_custom_add(um_page_request_t *page)
{
    const um_custom_fields_t *fields = fields_of(page);
    um_json_t *list = um_json_list(page->call->ctx.pool);

    for (int i = 0; fields && i < fields->count; i++) {
        um_json_push(list, show_field(page, &fields->field[i]));
    }
    um_json_put(page->view, "custom", list);
}
