/* SPDX-License-Identifier: Apache-2.0 */
#include "custom_field.h"

#include "json.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#define MAX_DEPTH 4

const um_custom_field_t *um_custom_field_find(const um_custom_fields_t *fields, const char *name, apr_size_t len)
{
    for (int i = 0; fields && i < fields->count; i++) {
        if (strlen(fields->field[i].name) == len && memcmp(fields->field[i].name, name, len) == 0) {
            return &fields->field[i];
        }
    }
    return NULL;
}

const char *um_custom_field_type(um_custom_kind_e kind)
{
    static const char *const types[] = { "string", "integer", "boolean", "date" };

    return types[kind];
}

/* --- values --- */

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

int um_custom_field_is_date(const char *text)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year, month, day;

    for (int i = 0; i < 10; i++) {
        if (i == 4 || i == 7 ? text[i] != '-' : !apr_isdigit(text[i])) {
            return 0;
        }
    }
    year = two_digits(text) * 100 + two_digits(text + 2);
    month = two_digits(text + 5);
    day = two_digits(text + 8);
    if (text[10] || year < 1 || month < 1 || month > 12 || day < 1) {
        return 0;
    }
    return day <= days[month - 1] || (month == 2 && day == 29 && year % 4 == 0 && (year % 100 || year % 400 == 0));
}

int um_custom_field_integer(const char *text, apr_int64_t *number)
{
    apr_size_t digits = strspn(text + (*text == '-'), "0123456789");

    *number = digits && digits < 18 ? apr_atoi64(text) : 0;
    return digits && digits < 18 && !text[(*text == '-') + digits]
           && *number >= -UM_CUSTOM_LARGEST && *number <= UM_CUSTOM_LARGEST;
}

int um_custom_field_boolean(const um_json_value_t *value)
{
    static const char *const words[] = { "", "false", "0", "off", "true", "1", "on" };

    if (value->kind == UM_JSON_BOOLEAN) {
        return value->number != 0;
    }
    /* A form can only send strings. */
    for (int i = 0; value->kind == UM_JSON_STRING && i < 7; i++) {
        if (strcmp(value->text, words[i]) == 0) {
            return i > 3;
        }
    }
    return -1;
}

/* A value of the field's kind; otherwise its kind is UM_JSON_NULL. */
static um_json_value_t value_of(const um_custom_field_t *field, const um_json_t *object)
{
    um_json_value_t value = um_json_get(object, field->name);
    int is_text = value.kind == UM_JSON_STRING && strlen(value.text) == value.len;
    int fits = field->kind == UM_CUSTOM_TEXT ? is_text
               : field->kind == UM_CUSTOM_DATE ? is_text && um_custom_field_is_date(value.text)
               : value.kind == (field->kind == UM_CUSTOM_INTEGER ? UM_JSON_INTEGER : UM_JSON_BOOLEAN);

    return fits ? value : (um_json_value_t){ .kind = UM_JSON_NULL };
}

/* "" is no value of a text. */
static int is_none(const um_json_value_t *value)
{
    return value->kind == UM_JSON_NULL || (value->text && !*value->text);
}

static void put_value(um_json_t *out, const um_custom_field_t *field, const um_json_value_t *value)
{
    if (value->kind == UM_JSON_INTEGER) {
        um_json_put_int(out, field->name, (apr_int64_t)value->number);
    }
    else if (value->kind == UM_JSON_BOOLEAN) {
        um_json_put_bool(out, field->name, value->number != 0);
    }
    else {
        um_json_put_text(out, field->name, value->text ? value->text : field->kind == UM_CUSTOM_TEXT ? "" : NULL);
    }
}

/* NULL: the text is no object, which does not happen with what this program has stored. */
static const um_json_t *parse(apr_pool_t *pool, const char *text)
{
    um_json_doc_t *doc;
    const char *why;

    return text && *text && um_json_parse(pool, text, strlen(text), MAX_DEPTH, &doc, &why) == APR_SUCCESS ? doc->root
                                                                                                          : NULL;
}

/* --- showing them --- */

void um_custom_field_show(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored, um_json_t *out)
{
    const um_json_t *object = fields && fields->count ? parse(pool, stored) : NULL;

    for (int i = 0; fields && i < fields->count; i++) {
        um_json_value_t value = value_of(&fields->field[i], object);

        put_value(out, &fields->field[i], &value);
    }
}

static int has_claims(const um_custom_fields_t *fields)
{
    int has = 0;

    for (int i = 0; fields && i < fields->count; i++) {
        has |= fields->field[i].is_claim;
    }
    return has;
}

/* Adds the fields that have a value in object, or those of them that are claims. object: NULL, if none has one. */
static void put_given(const um_custom_fields_t *fields, const um_json_t *object, int are_claims, um_json_t *out)
{
    for (int i = 0; object && i < fields->count; i++) {
        um_json_value_t value = value_of(&fields->field[i], object);

        if ((fields->field[i].is_claim || !are_claims) && !is_none(&value)) {
            put_value(out, &fields->field[i], &value);
        }
    }
}

void um_custom_field_show_given(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored, um_json_t *out)
{
    put_given(fields, fields && fields->count ? parse(pool, stored) : NULL, 0, out);
}

void um_custom_field_add_claims(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored,
                                um_json_t *claims)
{
    put_given(fields, has_claims(fields) ? parse(pool, stored) : NULL, 1, claims);
}

const char *um_custom_field_claims(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored)
{
    um_json_t *claims;

    if (!has_claims(fields)) {
        return "";
    }
    claims = um_json_object(pool);
    um_custom_field_add_claims(pool, fields, stored, claims);
    return um_json_print(pool, claims);
}

const char *um_custom_field_text(apr_pool_t *pool, const um_custom_field_t *field, const char *claims)
{
    um_json_value_t value = value_of(field, parse(pool, claims));

    return value.kind == UM_JSON_INTEGER ? apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)value.number)
           : value.kind == UM_JSON_BOOLEAN ? (value.number != 0 ? "1" : "0")
           : value.text ? apr_pstrdup(pool, value.text) : "";
}

static int is_same(const um_json_value_t *a, const um_json_value_t *b)
{
    if (is_none(a) || is_none(b)) {
        return is_none(a) == is_none(b);
    }
    return a->kind == b->kind && a->number == b->number && (!a->text || strcmp(a->text, b->text) == 0);
}

const char *um_custom_field_changes(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored,
                                    const char *change)
{
    const um_json_t *has = parse(pool, stored), *wants = parse(pool, change);
    const char *names = "";

    for (int i = 0; wants && i < fields->count; i++) {
        const um_custom_field_t *field = &fields->field[i];
        um_json_value_t a = value_of(field, has), b = value_of(field, wants);

        if (um_json_get(wants, field->name).kind != UM_JSON_ABSENT && !is_same(&a, &b)) {
            names = apr_pstrcat(pool, names, " ", field->name, NULL);
        }
    }
    return names;
}
