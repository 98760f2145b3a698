/* SPDX-License-Identifier: Apache-2.0 */
/* The custom fields of a body (UserMgmtProfile): read into one JSON object, in which null stands for no value. */
#include "api.h"

#include "core_settings.h"
#include "custom_field.h"
#include "input_schema.h"
#include "json.h"
#include "module.h"

#include <string.h>

/* Whether a value stands for none. A form cannot send null, so it sends "". */
static int is_empty(const um_json_value_t *value)
{
    return value->kind == UM_JSON_NULL || (value->kind == UM_JSON_STRING && !value->len);
}

static int read_integer(um_json_t *out, const um_custom_field_t *field, const um_json_value_t *value)
{
    apr_int64_t number = 0;
    int is_good = 0;

    if (value->kind == UM_JSON_INTEGER) {
        is_good = value->number >= (double)-UM_CUSTOM_LARGEST && value->number <= (double)UM_CUSTOM_LARGEST;
        number = is_good ? (apr_int64_t)value->number : 0;
    }
    else if (value->kind == UM_JSON_STRING && strlen(value->text) == value->len) {
        is_good = um_custom_field_integer(value->text, &number);
    }
    if (is_good) {
        um_json_put_int(out, field->name, number);
    }
    return is_good;
}

static int read_boolean_value(um_json_t *out, const um_custom_field_t *field, const um_json_value_t *value)
{
    int truth = um_input_schema_boolean(value);

    if (truth >= 0) {
        um_json_put_bool(out, field->name, truth);
    }
    return truth >= 0;
}

static int read_date(um_json_t *out, const um_custom_field_t *field, const um_json_value_t *value)
{
    int is_good = value->kind == UM_JSON_STRING && strlen(value->text) == value->len
                  && um_custom_field_is_date(value->text);

    if (is_good) {
        um_json_put_text(out, field->name, value->text);
    }
    return is_good;
}

static void read_custom_text(um_call_t *call, const um_json_doc_t *doc, const um_custom_field_t *field, int is_new,
                             um_json_t *out)
{
    const um_input_field_t row = {
        .name = field->name, .kind = UM_INPUT_TEXT, .required = is_new && field->is_required,
        .may_be_blank = !field->is_required, .max_length = field->max_length,
    };
    const char *text = um_input_schema_text(call, doc, &row);

    if (text) {
        um_json_put_text(out, field->name, text);
    }
}

static void read_other(um_call_t *call, const um_json_doc_t *doc, const um_custom_field_t *field, int is_new,
                       um_json_t *out)
{
    um_json_value_t value = um_json_get(doc->root, field->name);
    int is_good;

    if (value.kind == UM_JSON_ABSENT) {
        if (is_new && field->is_required) {
            um_ctx_error(&call->ctx, field->name, UM_MESSAGE_REQUIRED);
        }
        return;
    }
    if (is_empty(&value)) {
        if (field->is_required) {
            um_ctx_error(&call->ctx, field->name, UM_MESSAGE_NULL_VALUE);
        }
        else {
            um_json_put_text(out, field->name, NULL);
        }
        return;
    }
    is_good = field->kind == UM_CUSTOM_INTEGER ? read_integer(out, field, &value)
              : field->kind == UM_CUSTOM_DATE ? read_date(out, field, &value) : read_boolean_value(out, field, &value);
    if (!is_good) {
        um_ctx_error(&call->ctx, field->name, field->kind == UM_CUSTOM_INTEGER ? UM_MESSAGE_NOT_AN_INTEGER
                                              : field->kind == UM_CUSTOM_DATE ? UM_MESSAGE_NOT_A_DATE
                                                                              : UM_MESSAGE_NOT_A_BOOLEAN);
    }
}

const char *um_input_custom_read(um_call_t *call, const um_json_doc_t *doc, int is_new)
{
    const um_custom_fields_t *fields = call->settings->core.custom_fields;
    um_json_t *out = um_json_object(call->ctx.pool);
    const char *text;

    for (int i = 0; fields && i < fields->count; i++) {
        (fields->field[i].kind == UM_CUSTOM_TEXT ? read_custom_text : read_other)(call, doc, &fields->field[i], is_new,
                                                                                  out);
    }
    text = um_json_print(call->ctx.pool, out);
    return strcmp(text, "{}") == 0 ? NULL : text;
}

void um_input_custom_describe(const um_call_t *call, int is_new, um_json_t *all)
{
    const um_custom_fields_t *fields = call->settings->core.custom_fields;

    for (int i = 0; fields && i < fields->count; i++) {
        const um_custom_field_t *field = &fields->field[i];
        um_json_t *one = um_json_object(call->ctx.pool);

        um_json_put_text(one, "type", um_custom_field_type(field->kind));
        um_json_put_bool(one, "required", is_new && field->is_required);
        um_json_put_bool(one, "read_only", 0);
        um_json_put_text(one, "label", field->label);
        if (field->kind == UM_CUSTOM_TEXT) {
            um_json_put_int(one, "max_length", field->max_length);
        }
        um_json_put(all, field->name, one);
    }
}
