/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the body of a request in JSON; its first byte says to which endpoint. A field that is taken is within its
 * limits; one that is not has an error with a text, and the fields of an error are those of the schema. */
#include "fuzz_http.h"

#include "authenticate.h"
#include "custom_field.h"
#include "input_schema.h"
#include "json.h"
#include "unicode.h"
#include "user_state.h"

static const um_input_schema_t *schema_at(char byte)
{
    const um_input_schema_t *schemas[] = {
        &um_api_user_register_schema, &um_api_user_update_schema, &um_api_user_password_schema, &um_api_token_schema,
        &um_api_token_refresh_schema, &um_api_token_revoke_schema, &um_api_client_token_schema,
        &um_api_reset_request_schema, &um_api_reset_token_schema, &um_api_reset_confirm_schema,
    };

    return schemas[(unsigned char)byte % (sizeof(schemas) / sizeof(schemas[0]))];
}

/* A site with a custom field of each kind. */
static const um_custom_field_t custom_rows[] = {
    { .name = "t", .kind = UM_CUSTOM_TEXT, .max_length = 5 },
    { .name = "i", .kind = UM_CUSTOM_INTEGER, .is_required = 1 },
    { .name = "b", .kind = UM_CUSTOM_BOOLEAN }, { .name = "d", .kind = UM_CUSTOM_DATE },
};
static const um_custom_fields_t custom = { 4, custom_rows, 0 };

static int wants(const void *schema, const char *name, apr_size_t len)
{
    return um_input_schema_has(schema, name, len)
           || (((const um_input_schema_t *)schema)->custom && um_custom_field_find(&custom, name, len));
}

/* What was read can be stored, and reads back as it is. */
static void check_custom(apr_pool_t *pool, const char *text)
{
    um_json_t *shown = um_json_object(pool);
    um_json_doc_t *doc;
    const char *why;

    need(!text || (um_json_parse(pool, text, strlen(text), 1, &doc, &why) == APR_SUCCESS
                   && doc->kind == UM_JSON_OBJECT));
    need(!*um_custom_field_changes(pool, &custom, text, text));
    um_custom_field_show(pool, &custom, text, shown);
    need(!*um_custom_field_changes(pool, &custom, um_json_print(pool, shown), text));
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
    case UM_INPUT_SWITCH:
        need(*(const um_switch_e *)slot == UM_SWITCH_KEEP || *(const um_switch_e *)slot == UM_SWITCH_ON
             || *(const um_switch_e *)slot == UM_SWITCH_OFF);
        return;
    case UM_INPUT_NAMES: {
        const apr_array_header_t *names = *(apr_array_header_t *const *)slot;

        for (int i = 0; names && i < names->nelts; i++) {
            const char *name = APR_ARRAY_IDX(names, i, const char *);

            need(name && um_unicode_valid(name, strlen(name)));
        }
        return;
    }
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

    if (!size || um_json_parse_wanted(pool, text + 1, size - 1, 32, wants, schema, &doc, &why)
        != APR_SUCCESS) {
        return;
    }
    call->r = fuzz_request(pool);
    call->settings = &fuzz_server.settings;
    call->caller = apr_pcalloc(pool, sizeof(*call->caller));
    call->ctx.pool = pool;
    call->ctx.settings = &fuzz_server.settings.core;
    fuzz_server.settings.core.custom_fields = &custom;
    call->ctx.errors = apr_array_make(pool, 4, sizeof(um_error_t));
    if (um_input_schema_read(call, schema, doc) != UM_OK) {
        need(call->ctx.errors->nelts == 1);
        return;
    }
    for (int i = 0; i < call->ctx.errors->nelts; i++) {
        const um_error_t *error = &APR_ARRAY_IDX(call->ctx.errors, i, um_error_t);

        need(error->text && *error->text && error->code && um_unicode_valid(error->text, strlen(error->text)));
        need(um_input_schema_position(schema, error->field) < schema->count
             || um_custom_field_find(&custom, error->field, strlen(error->field)));
    }
    for (int i = 0; i < schema->count; i++) {
        if (!schema->fields[i].needs_cookie) {
            check_field(call, &schema->fields[i]);
        }
    }
    if (schema->custom) {
        check_custom(pool, *(const char *const *)((const char *)call->in + schema->custom));
    }
}
