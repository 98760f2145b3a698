/* SPDX-License-Identifier: Apache-2.0 */
#include "custom_input.h"

#include "core_settings.h"
#include "json.h"
#include "unicode.h"

#include <apr_strings.h>
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

static int read_truth(um_json_t *out, const um_custom_field_t *field, const um_json_value_t *value)
{
    int truth = um_custom_field_boolean(value);

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

void um_custom_input_value(um_ctx_t *ctx, const um_custom_field_t *field, const um_json_value_t *value, um_json_t *out)
{
    int is_good;

    if (is_empty(value)) {
        if (field->is_required) {
            um_ctx_error(ctx, field->name, UM_MESSAGE_NULL_VALUE);
        }
        else {
            um_json_put_text(out, field->name, NULL);
        }
        return;
    }
    is_good = field->kind == UM_CUSTOM_INTEGER ? read_integer(out, field, value)
              : field->kind == UM_CUSTOM_DATE ? read_date(out, field, value) : read_truth(out, field, value);
    if (!is_good) {
        um_ctx_error(ctx, field->name, field->kind == UM_CUSTOM_INTEGER ? UM_MESSAGE_NOT_AN_INTEGER
                                       : field->kind == UM_CUSTOM_DATE ? UM_MESSAGE_NOT_A_DATE
                                                                       : UM_MESSAGE_NOT_A_BOOLEAN);
    }
}

void um_custom_input_text(um_ctx_t *ctx, const um_custom_field_t *field, const char *text, um_json_t *out)
{
    const um_json_value_t value = { .kind = UM_JSON_STRING, .text = text, .len = strlen(text) };

    if (!um_unicode_valid(text, value.len)) {
        um_ctx_error(ctx, field->name, UM_MESSAGE_NOT_A_STRING);
    }
    else if (field->kind != UM_CUSTOM_TEXT) {
        um_custom_input_value(ctx, field, &value, out);
    }
    else if (!value.len && field->is_required) {
        um_ctx_error(ctx, field->name, UM_MESSAGE_BLANK);
    }
    else if (um_unicode_count(text, value.len) > (apr_size_t)field->max_length) {
        um_ctx_error_with(ctx, field->name, UM_MESSAGE_MAX_LENGTH, apr_itoa(ctx->pool, field->max_length));
    }
    else {
        um_json_put_text(out, field->name, value.len ? text : NULL);
    }
}

void um_custom_input_demand(um_ctx_t *ctx, const um_json_t *values)
{
    const um_custom_fields_t *fields = ctx->settings->custom_fields;

    for (int i = 0; fields && i < fields->count; i++) {
        int was_refused = 0;

        for (int k = 0; k < ctx->errors->nelts; k++) {
            const char *field = APR_ARRAY_IDX(ctx->errors, k, um_error_t).field;

            was_refused |= field && strcmp(field, fields->field[i].name) == 0;
        }
        if (fields->field[i].is_required && !was_refused
            && um_json_get(values, fields->field[i].name).kind == UM_JSON_ABSENT) {
            um_ctx_error(ctx, fields->field[i].name, UM_MESSAGE_REQUIRED);
        }
    }
}
