/* SPDX-License-Identifier: Apache-2.0 */
#include "input_schema.h"

#include "api.h"
#include "authenticate.h"
#include "custom_field.h"
#include "email.h"
#include "json.h"
#include "module.h"
#include "profile_input.h"
#include "store_user.h"
#include "unicode.h"
#include "user_state.h"
#include "wipe.h"

#include <apr_strings.h>
#include <string.h>

static int add_error(um_call_t *call, const um_input_field_t *field, um_message_e message, const char *value)
{
    um_ctx_error_with(&call->ctx, field->name, message, value);
    return 0;
}

/* The value of a field, under its name or else under its first alias that is present. *name is the one found. */
static um_json_value_t find_value(const um_json_doc_t *doc, const um_input_field_t *field, const char **name)
{
    um_json_value_t value = um_json_get(doc->root, field->name);

    *name = field->name;
    for (int i = 0; i < 2 && value.kind == UM_JSON_ABSENT && field->aliases[i]; i++) {
        value = um_json_get(doc->root, field->aliases[i]);
        *name = field->aliases[i];
    }
    return value;
}

/* The first unpaired surrogate in the text of that name; 0: there is none. */
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

/* Whether the value is a string. Adds the error if it is not. */
static int check_is_string(um_call_t *call, const um_input_field_t *field, const um_json_value_t *value)
{
    switch (value->kind) {
    case UM_JSON_ABSENT:
        return field->required ? add_error(call, field, UM_MESSAGE_REQUIRED, NULL) : 0;
    case UM_JSON_NULL:
        return add_error(call, field, UM_MESSAGE_NULL_VALUE, NULL);
    case UM_JSON_STRING:
        return 1;
    default:
        break;
    }
    if (field->kind == UM_INPUT_EMAIL) {
        um_profile_bad_email(&call->ctx);
        return 0;
    }
    return add_error(call, field, UM_MESSAGE_NOT_A_STRING, NULL);
}

/* Whether a text has more bytes than its longest value can have. Its form is not checked then, only its length. */
static int is_far_too_long(const um_input_field_t *field, apr_size_t len)
{
    return field->max_length && len > 4 * (apr_size_t)field->max_length;
}

/* is_clean: the text has no NUL and no unpaired surrogate; a text that has one is of no valid form. */
static void check_form(um_call_t *call, const um_input_field_t *field, const char *text, int is_clean)
{
    if (field->kind == UM_INPUT_USERNAME && (!is_clean || !um_profile_is_username(call->ctx.pool, text))) {
        um_profile_bad_username(&call->ctx);
    }
    if (field->kind == UM_INPUT_EMAIL && *text && (!is_clean || !um_email_valid(call->ctx.pool, text))) {
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
        return add_error(call, field, UM_MESSAGE_BLANK, NULL);
    }
    /* Clients know this order of messages: the form of a user name comes first, the form of an address last. */
    if (field->kind == UM_INPUT_USERNAME && !is_far_too_long(field, len)) {
        check_form(call, field, text, !has_null && !lone);
    }
    if (field->max_length && um_unicode_count(text, len) > (apr_size_t)field->max_length) {
        add_error(call, field, UM_MESSAGE_MAX_LENGTH, apr_itoa(pool, field->max_length));
    }
    if (has_null) {
        add_error(call, field, UM_MESSAGE_NULL_CHARACTERS, NULL);
    }
    if (lone) {
        add_error(call, field, UM_MESSAGE_SURROGATE_CHARACTERS, apr_psprintf(pool, "%X", (unsigned)lone));
    }
    if (field->kind == UM_INPUT_EMAIL && !is_far_too_long(field, len)) {
        check_form(call, field, text, !has_null && !lone);
    }
    return call->ctx.errors->nelts == errors;
}

/* --- booleans --- */

static void read_boolean(um_call_t *call, const um_json_doc_t *doc, const um_input_field_t *field)
{
    um_json_value_t value = um_json_get(doc->root, field->name);
    int *slot = (int *)((char *)call->in + field->offset);
    int is_switch = field->kind == UM_INPUT_SWITCH;
    int truth = um_custom_field_boolean(&value);

    if (value.kind == UM_JSON_ABSENT) {
        *slot = 0;
    }
    else if (truth < 0 || (is_switch && value.kind == UM_JSON_STRING && !*value.text)) {
        add_error(call, field, is_switch && value.kind == UM_JSON_NULL ? UM_MESSAGE_NULL_VALUE
                               : UM_MESSAGE_NOT_A_BOOLEAN, NULL);
    }
    else {
        *slot = !is_switch ? truth : truth ? UM_SWITCH_ON : UM_SWITCH_OFF;
    }
}

/* --- lists of names --- */

static void read_names(um_call_t *call, const um_json_doc_t *doc, const um_input_field_t *field)
{
    um_json_value_t value = um_json_get(doc->root, field->name);
    apr_array_header_t *values = um_json_get_list(call->ctx.pool, doc->root, field->name), *names;

    if (!values) {
        if (value.kind != UM_JSON_ABSENT) {
            add_error(call, field, value.kind == UM_JSON_NULL ? UM_MESSAGE_NULL_VALUE : UM_MESSAGE_NOT_A_LIST,
                      um_json_kind_name(value.kind));
        }
        return;
    }
    if (values->nelts > field->max_length) {
        add_error(call, field, UM_MESSAGE_MAX_ELEMENTS, apr_itoa(call->ctx.pool, field->max_length));
        return;
    }
    names = apr_array_make(call->ctx.pool, values->nelts, sizeof(const char *));
    for (int i = 0; i < values->nelts; i++) {
        const um_json_value_t *one = &APR_ARRAY_IDX(values, i, um_json_value_t);

        if (one->kind != UM_JSON_STRING || strlen(one->text) != one->len) {
            add_error(call, field, one->kind == UM_JSON_STRING ? UM_MESSAGE_NULL_CHARACTERS : UM_MESSAGE_NOT_A_STRING,
                      NULL);
            return;
        }
        APR_ARRAY_PUSH(names, const char *) = one->text;
    }
    *(const apr_array_header_t **)(void *)((char *)call->in + field->offset) = names;
}

/* --- read-only fields --- */

/* What answers show of the field; NULL: null. */
static const char *shown_value(const um_call_t *call, const um_input_field_t *field)
{
    const char *slot = (const char *)call->user + field->offset;
    apr_int64_t seconds;

    if (!field->is_time) {
        return *(const char *const *)(const void *)slot;
    }
    memcpy(&seconds, slot, sizeof(seconds));
    return seconds ? um_reply_time(call->ctx.pool, seconds) : NULL;
}

/* Existing clients send fields that cannot be set, and rely on the server to ignore them. Staff gets an error instead:
 * after a 200 they would believe that, for instance, the account is switched off. */
static void read_read_only(um_call_t *call, const um_json_doc_t *doc, const um_input_field_t *field)
{
    um_json_value_t value = um_json_get(doc->root, field->name);
    const um_user_t *caller = call->caller->user;
    const char *shown = field->is_shown && call->user ? shown_value(call, field) : NULL;
    int is_same = field->is_time && !shown ? value.kind == UM_JSON_NULL
                  : shown && value.kind == UM_JSON_STRING && strcmp(value.text, shown) == 0;

    if (value.kind == UM_JSON_STRING) {
        um_wipe_with(call->ctx.pool, value.text, value.len);
    }
    if (value.kind != UM_JSON_ABSENT && caller && caller->is_staff && !is_same) {
        add_error(call, field, UM_MESSAGE_READ_ONLY, NULL);
    }
}

static int is_staff(const um_call_t *call)
{
    return call->caller->user && call->caller->user->is_staff;
}

static int exists(const um_call_t *call, const um_input_field_t *field)
{
    return (!field->needs_cookie || call->settings->cookie) && (!field->needs_staff || is_staff(call));
}

/* Whether an earlier field of the body has made this one read-only. */
static int is_closed(const um_call_t *call, const um_input_field_t *field)
{
    return field->unless && *(const int *)((const char *)call->in + field->unless);
}

int um_input_schema_wants_staff(const um_input_schema_t *schema, const um_json_doc_t *doc)
{
    int wants = 0;

    for (int i = 0; doc->kind == UM_JSON_OBJECT && i < schema->count && !wants; i++) {
        const um_input_field_t *field = &schema->fields[i];
        um_json_value_t value = um_json_get(doc->root, field->name);

        wants = field->needs_staff && value.kind != UM_JSON_ABSENT && (value.kind != UM_JSON_BOOLEAN || value.number);
    }
    return wants;
}

static void read_text(um_call_t *call, const um_json_doc_t *doc, const um_input_field_t *field)
{
    const char *name;
    um_json_value_t value = find_value(doc, field, &name);
    void *slot = (char *)call->in + field->offset;
    const char *text;
    apr_size_t len;

    if (!check_is_string(call, field, &value)) {
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

const char *um_input_schema_text(um_call_t *call, const um_json_doc_t *doc, const um_input_field_t *field)
{
    um_json_value_t value = um_json_get(doc->root, field->name);
    const char *text;

    if (!check_is_string(call, field, &value)) {
        return NULL;
    }
    text = strlen(value.text) == value.len ? um_unicode_trim(call->ctx.pool, value.text) : value.text;
    return check_text(call, field, text, text == value.text ? value.len : strlen(text),
                      lone_surrogate(doc, field->name)) ? text : NULL;
}

um_status_e um_input_schema_read(um_call_t *call, const um_input_schema_t *schema, const um_json_doc_t *doc)
{
    call->in = apr_pcalloc(call->ctx.pool, schema->size);
    if (doc->kind != UM_JSON_OBJECT) {
        um_ctx_error_with(&call->ctx, UM_NO_FIELD,
                          doc->kind == UM_JSON_NULL ? UM_MESSAGE_NO_DATA : UM_MESSAGE_NOT_AN_OBJECT,
                          um_json_kind_name(doc->kind));
        return UM_INVALID;
    }
    for (int i = 0; i < schema->count; i++) {
        const um_input_field_t *field = &schema->fields[i];

        if (exists(call, field)) {
            (field->kind == UM_INPUT_READ_ONLY || is_closed(call, field) ? read_read_only
             : field->kind == UM_INPUT_BOOLEAN || field->kind == UM_INPUT_SWITCH ? read_boolean
             : field->kind == UM_INPUT_NAMES ? read_names : read_text)(call, doc, field);
        }
    }
    if (schema->custom) {
        *(const char **)((char *)call->in + schema->custom) = um_input_custom_read(call, doc, schema->is_new);
    }
    return UM_OK;
}

static int equals(const char *own, const char *name, apr_size_t len)
{
    return own && strlen(own) == len && memcmp(own, name, len) == 0;
}

int um_input_schema_wants(const void *call, const char *name, apr_size_t len)
{
    const um_call_t *own = call;
    const um_input_schema_t *schema = own->route ? own->route->schema : NULL;

    /* A page reads its form before it is known what the form does. Forms are not JSON. */
    if (!schema) {
        return 0;
    }
    return um_input_schema_has(schema, name, len)
           || (schema->custom && um_custom_field_find(own->settings->core.custom_fields, name, len));
}

int um_input_schema_has(const void *schema, const char *name, apr_size_t len)
{
    const um_input_schema_t *rows = schema;
    int found = 0;

    for (int i = 0; i < rows->count && !found; i++) {
        const um_input_field_t *field = &rows->fields[i];

        found = equals(field->name, name, len) || equals(field->aliases[0], name, len)
                || equals(field->aliases[1], name, len);
    }
    return found;
}

um_json_t *um_input_schema_describe(const um_call_t *call, const um_input_schema_t *schema)
{
    um_json_t *all = um_json_object(call->ctx.pool);

    for (int i = 0; i < schema->count; i++) {
        const um_input_field_t *field = &schema->fields[i];
        um_json_t *one = um_json_object(call->ctx.pool);
        apr_int64_t longest = field->kind == UM_INPUT_SECRET ? call->settings->core.password_max_length
                                                             : field->max_length;

        if (!exists(call, field) || field->kind == UM_INPUT_READ_ONLY) {
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
    if (schema->custom) {
        um_input_custom_describe(call, schema->is_new, all);
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
