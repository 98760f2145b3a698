/* SPDX-License-Identifier: Apache-2.0 */
#include "input_schema.h"

#include "email.h"
#include "unicode.h"
#include "wipe.h"

#include <apr_strings.h>
#include <string.h>

static int fail(um_call_t *call, const um_input_field_t *field, const char *code, const char *text)
{
    um_ctx_error(&call->ctx, field->name, code, text);
    return 0;
}

/* A field under its first name that is there. *name is that one. */
static um_json_value_t look(const um_json_doc_t *doc, const um_input_field_t *field, const char **name)
{
    um_json_value_t value = um_json_get(doc->root, field->name);

    *name = field->name;
    for (int i = 0; i < 2 && value.kind == UM_JSON_ABSENT && field->aliases[i]; i++) {
        value = um_json_get(doc->root, field->aliases[i]);
        *name = field->aliases[i];
    }
    return value;
}

static apr_uint32_t lone_surrogate(const um_json_doc_t *doc, const char *name)
{
    for (int i = 0; doc->lone && i < doc->lone->nelts; i++) {
        const um_json_lone_t *lone = &APR_ARRAY_IDX(doc->lone, i, um_json_lone_t);

        if (strcmp(lone->name, name) == 0) {
            return lone->code;
        }
    }
    return 0;
}

/* Whether there is a text to read. */
static int check_kind(um_call_t *call, const um_input_field_t *field, const um_json_value_t *value)
{
    switch (value->kind) {
    case UM_JSON_ABSENT:
        return field->required ? fail(call, field, "required", "This field is required.") : 0;
    case UM_JSON_NULL:
        return fail(call, field, "null", "This field may not be null.");
    case UM_JSON_STRING:
        return 1;
    default:
        break;
    }
    if (field->kind == UM_INPUT_EMAIL) {
        um_profile_bad_email(&call->ctx);
        return 0;
    }
    return fail(call, field, "invalid", "Not a valid string.");
}

/* Whether text has more bytes than the longest value: then its length is all that is looked at. */
static int is_far_too_long(const um_input_field_t *field, apr_size_t len)
{
    return field->max_length && len > 4 * (apr_size_t)field->max_length;
}

/* Of a text with a character that no text may have, the form is wrong too. */
static void check_form(um_call_t *call, const um_input_field_t *field, const char *text, int whole)
{
    if (field->kind == UM_INPUT_USERNAME && (!whole || !um_profile_is_username(call->ctx.pool, text))) {
        um_profile_bad_username(&call->ctx);
    }
    if (field->kind == UM_INPUT_EMAIL && *text && (!whole || !um_email_valid(call->ctx.pool, text))) {
        um_profile_bad_email(&call->ctx);
    }
}

static int check_text(um_call_t *call, const um_input_field_t *field, const char *text, apr_size_t len,
                      apr_uint32_t lone)
{
    apr_pool_t *pool = call->ctx.pool;
    int errors = call->ctx.errors->nelts;
    int has_null = memchr(text, '\0', len) != NULL;

    if (!len && !field->may_be_blank) {
        return fail(call, field, "blank", "This field may not be blank.");
    }
    /* The order of the messages is the one that clients know: a name's form first, an address's last. */
    if (field->kind == UM_INPUT_USERNAME && !is_far_too_long(field, len)) {
        check_form(call, field, text, !has_null && !lone);
    }
    if (field->max_length && um_unicode_count(text, len) > (apr_size_t)field->max_length) {
        fail(call, field, "max_length", apr_psprintf(pool, "Ensure this field has no more than %d characters.",
                                                     field->max_length));
    }
    if (has_null) {
        fail(call, field, "null_characters_not_allowed", "Null characters are not allowed.");
    }
    if (lone) {
        fail(call, field, "surrogate_characters_not_allowed",
             apr_psprintf(pool, "Surrogate characters are not allowed: U+%X.", (unsigned)lone));
    }
    if (field->kind == UM_INPUT_EMAIL && !is_far_too_long(field, len)) {
        check_form(call, field, text, !has_null && !lone);
    }
    return call->ctx.errors->nelts == errors;
}

/* --- secrets --- */

/* --- booleans --- */

static void read_boolean(um_call_t *call, const um_json_doc_t *doc, const um_input_field_t *field)
{
    static const char *const words[] = { "", "false", "0", "off", "true", "1", "on" };
    um_json_value_t value = um_json_get(doc->root, field->name);
    int *slot = (int *)((char *)call->in + field->offset);

    if (value.kind == UM_JSON_ABSENT || value.kind == UM_JSON_BOOLEAN) {
        *slot = value.kind == UM_JSON_BOOLEAN && value.number != 0;
        return;
    }
    /* A form has no other way to say it. */
    for (int i = 0; value.kind == UM_JSON_STRING && i < 7; i++) {
        if (strcmp(value.text, words[i]) == 0) {
            *slot = i > 3;
            return;
        }
    }
    fail(call, field, "invalid", "Must be a valid boolean.");
}

/* --- read-only fields --- */

/* Existing clients send fields that cannot be set, and rely on the server to ignore them. Staff gets an error instead:
 * after a 200 they would believe that, for instance, the account is switched off. */
static void read_read_only(um_call_t *call, const um_json_doc_t *doc, const um_input_field_t *field)
{
    um_json_value_t value = um_json_get(doc->root, field->name);
    const um_user_t *caller = call->caller.user;
    const char *shown = field->is_shown && call->user
                        ? *(const char *const *)((const char *)call->user + field->offset) : NULL;

    if (value.kind == UM_JSON_STRING) {
        um_wipe_with(call->ctx.pool, value.text, value.len);
    }
    if (value.kind != UM_JSON_ABSENT && caller && caller->is_staff
        && !(shown && value.kind == UM_JSON_STRING && strcmp(value.text, shown) == 0)) {
        fail(call, field, "read_only", "This field cannot be changed here.");
    }
}

static int is_known(const um_call_t *call, const um_input_field_t *field)
{
    return !field->needs_cookie || call->server->settings.cookie;
}

static void read_text(um_call_t *call, const um_json_doc_t *doc, const um_input_field_t *field)
{
    const char *name;
    um_json_value_t value = look(doc, field, &name);
    void *slot = (char *)call->in + field->offset;
    const char *text;
    apr_size_t len;

    if (!check_kind(call, field, &value)) {
        return;
    }
    text = value.text;
    len = value.len;
    if (field->kind == UM_INPUT_SECRET) {
        um_wipe_with(call->ctx.pool, text, len);
    }
    else if (strlen(text) == len) {
        text = um_unicode_trim(call->ctx.pool, text);
        len = strlen(text);
    }
    if (!check_text(call, field, text, len, lone_surrogate(doc, name))) {
        return;
    }
    if (field->kind == UM_INPUT_SECRET) {
        *(um_secret_t *)slot = (um_secret_t){ text, len };
    }
    else {
        *(const char **)slot = text;
    }
}

um_status_e um_input_schema_read(um_call_t *call, const um_input_schema_t *schema, const um_json_doc_t *doc)
{
    call->in = apr_pcalloc(call->ctx.pool, schema->size);
    if (doc->kind != UM_JSON_OBJECT) {
        um_ctx_error(&call->ctx, UM_NO_FIELD, doc->kind == UM_JSON_NULL ? "null" : "invalid",
                     doc->kind == UM_JSON_NULL ? "No data provided"
                     : apr_psprintf(call->ctx.pool, "Invalid data. Expected a dictionary, but got %s.",
                                       um_json_kind_name(doc->kind)));
        return UM_INVALID;
    }
    for (int i = 0; i < schema->count; i++) {
        const um_input_field_t *field = &schema->fields[i];

        if (is_known(call, field)) {
            (field->kind == UM_INPUT_READ_ONLY ? read_read_only
             : field->kind == UM_INPUT_BOOLEAN ? read_boolean : read_text)(call, doc, field);
        }
    }
    return UM_OK;
}

static int is_name(const char *own, const char *name, apr_size_t len)
{
    return own && strlen(own) == len && memcmp(own, name, len) == 0;
}

int um_input_schema_has(const void *schema, const char *name, apr_size_t len)
{
    const um_input_schema_t *rows = schema;
    int found = 0;

    for (int i = 0; i < rows->count && !found; i++) {
        const um_input_field_t *field = &rows->fields[i];

        found = is_name(field->name, name, len) || is_name(field->aliases[0], name, len)
                || is_name(field->aliases[1], name, len);
    }
    return found;
}

um_json_t *um_input_schema_describe(const um_call_t *call, const um_input_schema_t *schema)
{
    um_json_t *all = um_json_object(call->ctx.pool);

    for (int i = 0; i < schema->count; i++) {
        const um_input_field_t *field = &schema->fields[i];
        um_json_t *one = um_json_object(call->ctx.pool);
        apr_int64_t longest = field->kind == UM_INPUT_SECRET ? call->server->settings.password_max_length
                                                             : field->max_length;

        if (!is_known(call, field) || field->kind == UM_INPUT_READ_ONLY) {
            continue;
        }
        um_json_put_text(one, "type", field->kind == UM_INPUT_EMAIL ? "email"
                                      : field->kind == UM_INPUT_BOOLEAN ? "boolean" : "string");
        um_json_put_bool(one, "required", field->required);
        um_json_put_bool(one, "read_only", 0);
        um_json_put_text(one, "label", field->label);
        if (longest) {
            um_json_put_int(one, "max_length", longest);
        }
        um_json_put(all, field->name, one);
    }
    return all;
}

int um_input_schema_position(const um_input_schema_t *schema, const char *field)
{
    int i = 0;

    while (schema && i < schema->count && strcmp(schema->fields[i].name, field) != 0) {
        i++;
    }
    return i;
}
