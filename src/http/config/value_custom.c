/* SPDX-License-Identifier: Apache-2.0 */
/* The value of UserMgmtProfile: a field that a site adds to accounts. */
#include "custom_field.h"
#include "module.h"
#include "profile.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONGEST_NAME 40
#define MOST_FIELDS 32
#define LONGEST_TEXT 4000
#define DEFAULT_LENGTH 255      /* also the longest text of a claim: tokens have to fit into headers and cookies */

/* Members of bodies and answers, fields of the pages' forms, claims, and names of variables that have another
 * meaning. */
static const char *const taken[] = {
    "id", "pk", "url", "password", "old_password", "new_password", "current_password", "token", "auth_token",
    "refresh_token", "mfa_token", "cookie", "invite", "is_active", "is_staff", "is_superuser", "staff", "groups",
    "user_permissions", "email_verified", "pending_email", "created_at", "updated_at", "last_login", "last_sign_in_at",
    "date_joined", "alias", "status", "code", "detail", "errors", "message", "data", "methods", "count", "next",
    "previous", "results", "non_field_errors", "sessions", "events", "factors", "custom", "profile", "me",
    "csrf", "action", "confirm", "stay", "again",
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "scope", "client_id", "username", "act", "cnf", "roles",
    "entitlements", "auth_time", "acr", "amr", "azp", "nonce", "session", "expires", "claims",
    "none",
#define NAME(name, ...) #name,
    UM_PROFILE(NAME)
#undef NAME
    NULL
};

static const char *check_name(const um_custom_fields_t *there, const char *name)
{
    apr_size_t len = strlen(name);

    if (!apr_islower(*name) || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != len || len > LONGEST_NAME) {
        return "must be NAME TYPE [max=N] [required] [claim], where NAME is of a-z, 0-9 and _, begins with a letter "
               "and has at most 40 characters; or none";
    }
    for (int i = 0; taken[i]; i++) {
        if (strcmp(name, taken[i]) == 0) {
            return "must have another name, because this one has a meaning in the API or in tokens already";
        }
    }
    return um_custom_field_find(there, name, len) ? "must have another name, because there is such a field already"
                                                  : NULL;
}

static const char *read_kind(const char *word, um_custom_field_t *field)
{
    static const char *const words[] = { "text", "integer", "boolean", "date" };

    for (int i = 0; i < 4; i++) {
        if (strcasecmp(word, words[i]) == 0) {
            field->kind = (um_custom_kind_e)i;
            return NULL;
        }
    }
    return "must have the type text, integer, boolean or date behind the name";
}

static const char *read_option(const char *word, um_custom_field_t *field)
{
    char *end = NULL;
    long number;

    if (strcasecmp(word, "required") == 0) {
        field->is_required = 1;
    }
    else if (strcasecmp(word, "claim") == 0) {
        field->is_claim = 1;
    }
    else if (strncasecmp(word, "max=", 4) == 0 && apr_isdigit(word[4]) && field->kind == UM_CUSTOM_TEXT) {
        number = strtol(word + 4, &end, 10);
        if (*end || number < 1 || number > LONGEST_TEXT) {
            return "must have max=N from 1 to 4000";
        }
        field->max_length = (int)number;
    }
    else {
        return "must have no options but max=N (of a text), required and claim";
    }
    return NULL;
}

/* The label is "Phone number" of phone_number. */
static void make_names(apr_pool_t *pool, um_custom_field_t *field)
{
    char *label = apr_pstrdup(pool, field->name);
    char *variable = apr_pstrcat(pool, "USERMGMT_", field->name, NULL);
    char *header = apr_pstrcat(pool, "X-Usermgmt-", field->name, NULL);

    label[0] = (char)apr_toupper(label[0]);
    for (char *c = label; *c; c++) {
        *c = (char)(*c == '_' ? ' ' : *c);
    }
    for (char *c = variable; *c; c++) {
        *c = (char)apr_toupper(*c);
    }
    for (char *c = header + strlen("X-Usermgmt-"); *c; c++) {
        *c = (char)(*c == '_' ? '-' : c[-1] == '-' ? apr_toupper(*c) : *c);
    }
    field->label = label;
    field->variable = variable;
    field->header = header;
}

static const um_custom_fields_t *join(apr_pool_t *pool, const um_custom_fields_t *first,
                                      const um_custom_field_t *more, int count)
{
    um_custom_fields_t *all = apr_pcalloc(pool, sizeof(*all));
    int had = first ? first->count : 0;
    um_custom_field_t *field = apr_pcalloc(pool, (apr_size_t)(had + count + 1) * sizeof(*field));

    if (had) {
        memcpy(field, first->field, (apr_size_t)had * sizeof(*field));
    }
    all->field = field;
    all->count = had;
    all->is_closed = first && first->is_closed;
    for (int i = 0; i < count; i++) {
        if (!um_custom_field_find(first, more[i].name, strlen(more[i].name))) {
            field[all->count++] = more[i];
        }
    }
    return all;
}

const char *um_value_custom_fields(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    const um_custom_fields_t **fields = value, *there = *fields;
    um_custom_field_t field = { .name = ap_getword_conf(pool, &text) };
    const char *fault;

    (void)row;
    if (strcasecmp(field.name, "none") == 0 && !*text) {
        um_custom_fields_t *none = apr_pcalloc(pool, sizeof(*none));

        /* The default is read first; a host that has the line says it. */
        none->is_closed = there != NULL;
        *fields = none;
        return NULL;
    }
    fault = check_name(there, field.name);
    fault = fault ? fault : read_kind(ap_getword_conf(pool, &text), &field);
    while (!fault && *text) {
        fault = read_option(ap_getword_conf(pool, &text), &field);
    }
    if (!fault && field.is_claim && field.max_length > DEFAULT_LENGTH) {
        fault = "must have max=N of at most 255 as a claim, because a token has to fit into a header";
    }
    if (!fault && there && there->count == MOST_FIELDS) {
        fault = "must be one of at most 32 fields";
    }
    if (!fault) {
        field.max_length = field.max_length ? field.max_length : DEFAULT_LENGTH;
        make_names(pool, &field);
        *fields = join(pool, there, &field, 1);
    }
    return fault;
}

/* A virtual host adds its fields to the main server's. One of the same name takes the place of that. */
void um_value_custom_fields_merge(apr_pool_t *pool, void *merged, const void *base, const void *add)
{
    const um_custom_fields_t *own = *(const um_custom_fields_t *const *)add;
    const um_custom_fields_t *under = *(const um_custom_fields_t *const *)base;

    *(const um_custom_fields_t **)merged = own && !own->is_closed && under ? join(pool, own, under->field, under->count)
                                                                           : own;
}
