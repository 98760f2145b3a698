/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CUSTOM_INPUT_H
#define UM_CUSTOM_INPUT_H
/* Checking values that are given to custom fields (custom_field.h), by people over HTTP, by administrators and by files
 * that are imported. Valid ones are put into an object of JSON, in which null stands for no value. */
#include "ctx.h"
#include "custom_field.h"

/** Puts a value of a field that is no text into out, or adds an error to ctx->errors. */
void um_custom_input_value(um_ctx_t *ctx, const um_custom_field_t *field, const um_json_value_t *value, um_json_t *out);

/** The same for every kind of field and a value as forms give it. "": no value. */
void um_custom_input_text(um_ctx_t *ctx, const um_custom_field_t *field, const char *text, um_json_t *out);

/** Adds an error for each field of the site that a new account must have, and that values does not have. */
void um_custom_input_demand(um_ctx_t *ctx, const um_json_t *values);

#endif
