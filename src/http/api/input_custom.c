/* SPDX-License-Identifier: Apache-2.0 */
/* The custom fields of a body (UserMgmtProfile): read into one JSON object, in which null stands for no value. */
#include "api.h"

#include "core_settings.h"
#include "custom_field.h"
#include "custom_input.h"
#include "input_schema.h"
#include "json.h"
#include "module.h"

#include <string.h>

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
    const um_json_value_t value = um_json_get(doc->root, field->name);

    if (value.kind != UM_JSON_ABSENT) {
        um_custom_input_value(&call->ctx, field, &value, out);
    }
    else if (is_new && field->is_required) {
        um_ctx_error(&call->ctx, field->name, UM_MESSAGE_REQUIRED);
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
