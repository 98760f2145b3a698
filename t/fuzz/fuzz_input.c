/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the body of a request in JSON; its first byte says to which endpoint. A field that is taken is within its
 * limits; one that is not has an error with a text, and the fields of an error are those of the schema. */
#include "fuzz_http.h"

#include "authenticate.h"
#include "input_schema.h"
#include "json.h"
#include "unicode.h"

static const um_input_schema_t *schema_at(char byte)
{
    const um_input_schema_t *schemas[] = {
        &um_api_user_register_schema, &um_api_user_update_schema, &um_api_user_password_schema, &um_api_token_schema,
        &um_api_token_refresh_schema, &um_api_token_revoke_schema, &um_api_client_token_schema,
        &um_api_reset_request_schema, &um_api_reset_token_schema, &um_api_reset_confirm_schema,
    };

    return schemas[(unsigned char)byte % (sizeof(schemas) / sizeof(schemas[0]))];
}

static int has_error(const um_call_t *call, const char *field)
{
    for (int i = 0; i < call->ctx.errors->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(call->ctx.errors, i, um_error_t).field, field) == 0) {
            return 1;
        }
    }
    return 0;
}

static void check_field(const um_call_t *call, const um_input_field_t *field)
{
    const char *slot = (const char *)call->in + field->offset;

    switch (field->kind) {
    case UM_INPUT_READ_ONLY:
        return;
    case UM_INPUT_BOOLEAN:
        need(*(const int *)slot == 0 || *(const int *)slot == 1);
        return;
    case UM_INPUT_SECRET: {
        const um_secret_t *secret = (const um_secret_t *)slot;

        need(!secret->text || (secret->text[secret->len] == '\0' && um_unicode_valid(secret->text, secret->len)));
        need(!field->required || secret->text || has_error(call, field->name));
        return;
    }
    default: {
        const char *text = *(const char *const *)slot;

        need(!field->required || text || has_error(call, field->name));
        need(!text || !has_error(call, field->name));
        need(!text || um_unicode_valid(text, strlen(text)));
        need(!text || !field->max_length
             || um_unicode_count(text, strlen(text)) <= (apr_size_t)field->max_length);
        need(!text || *text || field->may_be_blank);
    }
    }
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    um_call_t *call = apr_pcalloc(pool, sizeof(*call));
    const um_input_schema_t *schema = schema_at(text[0]);
    const char *why;
    um_json_doc_t *doc;

    if (!size || um_json_parse_wanted(pool, text + 1, size - 1, 32, um_input_schema_has, schema, &doc, &why)
        != APR_SUCCESS) {
        return;
    }
    call->r = fuzz_request(pool);
    call->settings = &fuzz_server.settings;
    call->caller = apr_pcalloc(pool, sizeof(*call->caller));
    call->ctx.pool = pool;
    call->ctx.settings = &fuzz_server.settings.core;
    call->ctx.errors = apr_array_make(pool, 4, sizeof(um_error_t));
    if (um_input_schema_read(call, schema, doc) != UM_OK) {
        need(call->ctx.errors->nelts == 1);
        return;
    }
    for (int i = 0; i < call->ctx.errors->nelts; i++) {
        const um_error_t *error = &APR_ARRAY_IDX(call->ctx.errors, i, um_error_t);

        need(error->text && *error->text && error->code && um_unicode_valid(error->text, strlen(error->text)));
        need(um_input_schema_position(schema, error->field) < schema->count);
    }
    for (int i = 0; i < schema->count; i++) {
        if (!schema->fields[i].needs_cookie) {
            check_field(call, &schema->fields[i]);
        }
    }
}
