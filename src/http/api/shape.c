/* SPDX-License-Identifier: Apache-2.0 */
#include "shape.h"

#include "email.h"
#include "unicode.h"

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <string.h>

static int fail(um_call_t *call, const um_member_t *member, const char *code, const char *text)
{
    um_ctx_error(&call->ctx, member->name, code, text);
    return 0;
}

/* A member under its first name that is there. *name is that one. */
static um_json_value_t look(const um_json_doc_t *doc, const um_member_t *member, const char **name)
{
    um_json_value_t value = um_json_get(doc->root, member->name);

    *name = member->name;
    for (int i = 0; i < 2 && value.kind == UM_JSON_ABSENT && member->also[i]; i++) {
        value = um_json_get(doc->root, member->also[i]);
        *name = member->also[i];
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
static int check_kind(um_call_t *call, const um_member_t *member, const um_json_value_t *value)
{
    switch (value->kind) {
    case UM_JSON_ABSENT:
        return member->flags & UM_NEEDED ? fail(call, member, "required", "This field is required.") : 0;
    case UM_JSON_NULL:
        return fail(call, member, "null", "This field may not be null.");
    case UM_JSON_STRING:
        return 1;
    default:
        break;
    }
    if (member->kind == UM_EMAIL) {
        um_member_bad_email(&call->ctx);
        return 0;
    }
    return fail(call, member, "invalid", "Not a valid string.");
}

/* Whether text has more bytes than the longest member: then its length is all that is looked at. */
static int is_far_too_long(const um_member_t *member, apr_size_t len)
{
    return member->longest && len > 4 * (apr_size_t)member->longest;
}

/* Of a text with a character that no text may have, the form is wrong too. */
static void check_form(um_call_t *call, const um_member_t *member, const char *text, int whole)
{
    if (member->kind == UM_NAME && (!whole || !um_member_is_username(call->ctx.pool, text))) {
        um_member_bad_username(&call->ctx);
    }
    if (member->kind == UM_EMAIL && *text && (!whole || !um_email_valid(call->ctx.pool, text))) {
        um_member_bad_email(&call->ctx);
    }
}

static int check_text(um_call_t *call, const um_member_t *member, const char *text, apr_size_t len, apr_uint32_t lone)
{
    apr_pool_t *pool = call->ctx.pool;
    int errors = call->ctx.errors->nelts;
    int has_null = memchr(text, '\0', len) != NULL;

    if (!len && !(member->flags & UM_BLANK_OK)) {
        return fail(call, member, "blank", "This field may not be blank.");
    }
    /* The order of the messages is the one that clients know: a name's form first, an address's last. */
    if (member->kind == UM_NAME && !is_far_too_long(member, len)) {
        check_form(call, member, text, !has_null && !lone);
    }
    if (member->longest && um_unicode_count(text, len) > (apr_size_t)member->longest) {
        fail(call, member, "max_length", apr_psprintf(pool, "Ensure this field has no more than %d characters.",
                                                      member->longest));
    }
    if (has_null) {
        fail(call, member, "null_characters_not_allowed", "Null characters are not allowed.");
    }
    if (lone) {
        fail(call, member, "surrogate_characters_not_allowed",
             apr_psprintf(pool, "Surrogate characters are not allowed: U+%X.", (unsigned)lone));
    }
    if (member->kind == UM_EMAIL && !is_far_too_long(member, len)) {
        check_form(call, member, text, !has_null && !lone);
    }
    return call->ctx.errors->nelts == errors;
}

/* --- secrets --- */

static apr_status_t wipe(void *data)
{
    um_secret_t *secret = data;

    /* The document owns the text; it is released after this cleanup, which was registered later. */
    OPENSSL_cleanse((void *)secret->text, secret->len);
    return APR_SUCCESS;
}

static void wipe_later(apr_pool_t *pool, const char *text, apr_size_t len)
{
    um_secret_t *secret = apr_palloc(pool, sizeof(*secret));

    *secret = (um_secret_t){ text, len };
    apr_pool_cleanup_register(pool, secret, wipe, apr_pool_cleanup_null);
}

/* --- truth --- */

static void read_truth(um_call_t *call, const um_json_doc_t *doc, const um_member_t *member)
{
    static const char *const words[] = { "", "false", "0", "off", "true", "1", "on" };
    um_json_value_t value = um_json_get(doc->root, member->name);
    int *slot = (int *)((char *)call->in + member->offset);

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
    fail(call, member, "invalid", "Must be a valid boolean.");
}

/* --- what is not set --- */

/* Existing clients send members that they cannot set, and count on it that these are ignored. A member of staff that
 * gets 200 would believe that the account is switched off. */
static void read_fixed(um_call_t *call, const um_json_doc_t *doc, const um_member_t *member)
{
    um_json_value_t value = um_json_get(doc->root, member->name);
    const um_user_t *caller = call->caller.user;
    const char *shown = member->flags & UM_SHOWN && call->user
                        ? *(const char *const *)((const char *)call->user + member->offset) : NULL;

    if (value.kind == UM_JSON_STRING) {
        wipe_later(call->ctx.pool, value.text, value.len);
    }
    if (value.kind != UM_JSON_ABSENT && caller && caller->is_staff
        && !(shown && value.kind == UM_JSON_STRING && strcmp(value.text, shown) == 0)) {
        fail(call, member, "read_only", "This field cannot be changed here.");
    }
}

static int is_known(const um_call_t *call, const um_member_t *member)
{
    return !(member->flags & UM_IF_COOKIE) || call->server->settings.cookie;
}

static void read_member(um_call_t *call, const um_json_doc_t *doc, const um_member_t *member)
{
    const char *name;
    um_json_value_t value = look(doc, member, &name);
    void *slot = (char *)call->in + member->offset;
    const char *text;
    apr_size_t len;

    if (!check_kind(call, member, &value)) {
        return;
    }
    text = value.text;
    len = value.len;
    if (member->kind == UM_SECRET) {
        wipe_later(call->ctx.pool, text, len);
    }
    else if (strlen(text) == len) {
        text = um_unicode_trim(call->ctx.pool, text);
        len = strlen(text);
    }
    if (!check_text(call, member, text, len, lone_surrogate(doc, name))) {
        return;
    }
    if (member->kind == UM_SECRET) {
        *(um_secret_t *)slot = (um_secret_t){ text, len };
    }
    else {
        *(const char **)slot = text;
    }
}

um_status_e um_shape_read(um_call_t *call, const um_shape_t *shape, const um_json_doc_t *doc)
{
    call->in = apr_pcalloc(call->ctx.pool, shape->size);
    if (doc->kind != UM_JSON_OBJECT) {
        um_ctx_error(&call->ctx, UM_NO_FIELD, doc->kind == UM_JSON_NULL ? "null" : "invalid",
                     doc->kind == UM_JSON_NULL ? "No data provided"
                        : apr_psprintf(call->ctx.pool, "Invalid data. Expected a dictionary, but got %s.",
                                       um_json_kind_name(doc->kind)));
        return UM_INVALID;
    }
    for (int i = 0; i < shape->count; i++) {
        const um_member_t *member = &shape->members[i];

        if (is_known(call, member)) {
            (member->kind == UM_FIXED ? read_fixed : member->kind == UM_TRUTH ? read_truth : read_member)
                (call, doc, member);
        }
    }
    return UM_OK;
}

static int is_name(const char *own, const char *name, apr_size_t len)
{
    return own && strlen(own) == len && memcmp(own, name, len) == 0;
}

int um_shape_has(const void *shape, const char *name, apr_size_t len)
{
    const um_shape_t *rows = shape;
    int found = 0;

    for (int i = 0; i < rows->count && !found; i++) {
        const um_member_t *member = &rows->members[i];

        found = is_name(member->name, name, len) || is_name(member->also[0], name, len)
                || is_name(member->also[1], name, len);
    }
    return found;
}

um_json_t *um_shape_describe(const um_call_t *call, const um_shape_t *shape)
{
    um_json_t *all = um_json_object(call->ctx.pool);

    for (int i = 0; i < shape->count; i++) {
        const um_member_t *member = &shape->members[i];
        um_json_t *one = um_json_object(call->ctx.pool);
        apr_int64_t longest = member->kind == UM_SECRET ? call->server->settings.password_max_length : member->longest;

        if (!is_known(call, member) || member->kind == UM_FIXED) {
            continue;
        }
        um_json_put_text(one, "type", member->kind == UM_EMAIL ? "email" : member->kind == UM_TRUTH ? "boolean"
                         : "string");
        um_json_put_bool(one, "required", (member->flags & UM_NEEDED) != 0);
        um_json_put_bool(one, "read_only", 0);
        um_json_put_text(one, "label", member->label);
        if (longest) {
            um_json_put_int(one, "max_length", longest);
        }
        um_json_put(all, member->name, one);
    }
    return all;
}

int um_shape_position(const um_shape_t *shape, const char *field)
{
    int i = 0;

    while (shape && i < shape->count && strcmp(shape->members[i].name, field) != 0) {
        i++;
    }
    return i;
}
