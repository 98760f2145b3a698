/* SPDX-License-Identifier: Apache-2.0 */
#include "export.h"

#include "custom_field.h"
#include "isotime.h"
#include "json.h"
#include "pwhash.h"
#include "random.h"
#include "store_group.h"
#include "store_import.h"
#include "store_user.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* --- hashes as Django has them ------------------------------------------------------------------------------------ */

static int has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* $scrypt$ln=15,r=8,p=1$SALT$HASH cannot become scrypt$N$SALT$r$p$HASH: Django takes the salt as a text, and ours are
 * bytes, so the salt would be another one. */
static const char *const scrypt_why
    = "its hash is scrypt with a salt of bytes, which Django cannot read; the account needs a new password there";

const char *um_export_django_hash(apr_pool_t *pool, const char *hash, const char **why)
{
    static const char *const as_they_are[] = {
        "pbkdf2_sha256$", "pbkdf2_sha1$", "scrypt$", "bcrypt_sha256$", "bcrypt$", "argon2$",
    };

    *why = NULL;
    if (!*hash || *hash == '!') {
        return "!";
    }
    for (apr_size_t i = 0; i < sizeof(as_they_are) / sizeof(as_they_are[0]); i++) {
        if (has_prefix(hash, as_they_are[i])) {
            return hash;
        }
    }
    if (strcmp(hash, UM_USER_INVITED) == 0) {
        *why = "it was invited and has no password yet; the account needs one there";
        return "!";
    }
    if (has_prefix(hash, "$argon2")) {
        return apr_pstrcat(pool, "argon2", hash, NULL);
    }
    if (has_prefix(hash, "$2b$") || has_prefix(hash, "$2a$") || has_prefix(hash, "$2y$")) {
        /* $2y$ is PHP's name for what the others call $2b$. */
        return apr_pstrcat(pool, "bcrypt$$2", hash[2] == 'y' ? "b" : apr_pstrmemdup(pool, hash + 2, 1), hash + 3, NULL);
    }
    *why = has_prefix(hash, "$scrypt$") ? scrypt_why
           : "Django has no hasher for its hash; the account needs a new password there";
    return "!";
}

/* --- Django ------------------------------------------------------------------------------------------------------- */

static void put_time(um_json_t *object, const char *name, apr_int64_t seconds, apr_pool_t *pool)
{
    um_json_put_text(object, name, seconds ? um_isotime_print(pool, seconds) : NULL);
}

/* Groups by name: Django finds those of the same name, or makes them. */
static const char *django_head(apr_pool_t *pool, const um_export_options_t *options, const apr_array_header_t *groups)
{
    apr_array_header_t *texts = apr_array_make(pool, 2 * groups->nelts + 1, sizeof(const char *));

    (void)options;
    APR_ARRAY_PUSH(texts, const char *) = "[";
    for (int i = 0; i < groups->nelts; i++) {
        um_json_t *object = um_json_object(pool), *fields = um_json_object(pool), *none = um_json_list(pool);

        um_json_put_text(object, "model", "auth.group");
        um_json_put_text(fields, "name", APR_ARRAY_IDX(groups, i, um_group_t).name);
        um_json_put(fields, "permissions", none);
        um_json_put(object, "fields", fields);
        APR_ARRAY_PUSH(texts, const char *) = i ? ",\n" : "\n";
        APR_ARRAY_PUSH(texts, const char *) = um_json_print(pool, object);
    }
    return apr_array_pstrcat(pool, texts, '\0');
}

static void put_groups(apr_pool_t *pool, um_json_t *object, const char *groups, int is_natural)
{
    um_json_t *list = um_json_list(pool);
    char *state, *copy = apr_pstrdup(pool, groups);

    for (char *name = apr_strtok(copy, ",", &state); name; name = apr_strtok(NULL, ",", &state)) {
        um_json_t *key = is_natural ? um_json_list(pool) : NULL;

        if (key) {
            um_json_push_text(key, name);
            um_json_push(list, key);
        }
        else {
            um_json_push_text(list, name);
        }
    }
    um_json_put(object, "groups", list);
}

/* The key is the number that the account had in Django. An account of auth.user that was made here has none, and Django
 * finds it by its name or gives it one. Models of the site's own are taken for ones with UUIDs. */
static const char *django_print(apr_pool_t *pool, const um_export_options_t *options, const um_store_export_t *account,
                                const char **warning)
{
    um_json_t *object = um_json_object(pool), *fields = um_json_object(pool);
    const char *model = options->model ? options->model : "auth.user";
    int is_own_model = strcmp(model, "auth.user") != 0;

    um_json_put_text(object, "model", model);
    if (account->alias) {
        um_json_put_int(object, "pk", apr_atoi64(account->alias));
    }
    else if (is_own_model) {
        um_json_put_text(object, "pk", account->user->id);
    }
    if (is_own_model) {
        /* First, so that Django's own fields win. Without a value: Django takes the default of its model. */
        um_custom_field_show_given(pool, options->fields, account->user->custom, fields);
    }
#define PUT(name, ...) um_json_put_text(fields, #name, account->user->name);
    UM_PROFILE(PUT)
#undef PUT
    um_json_put_text(fields, "password", um_export_django_hash(pool, account->user->password, warning));
    um_json_put_bool(fields, "is_active", account->user->is_active);
    um_json_put_bool(fields, "is_staff", account->user->is_staff);
    put_time(fields, "date_joined", account->created_at ? account->created_at : 1, pool);
    put_time(fields, "last_login", account->last_sign_in_at, pool);
    put_groups(pool, fields, account->groups, 1);
    um_json_put(object, "fields", fields);
    return um_json_print(pool, object);
}

/* --- lines of JSON, and CSV: what "user import" reads again ------------------------------------------------------- */

static const char *jsonl_print(apr_pool_t *pool, const um_export_options_t *options, const um_store_export_t *account,
                               const char **warning)
{
    um_json_t *object = um_json_object(pool);

    (void)warning;
    um_json_put_text(object, "id", account->user->id);
    if (account->alias) {
        um_json_put_text(object, "alias", account->alias);
    }
#define PUT(name, ...) um_json_put_text(object, #name, account->user->name);
    UM_PROFILE(PUT)
#undef PUT
    um_json_put_text(object, "password", account->user->password);
    um_json_put_bool(object, "is_active", account->user->is_active);
    um_json_put_bool(object, "is_staff", account->user->is_staff);
    um_json_put_bool(object, "email_verified", account->email_verified);
    put_time(object, "created_at", account->created_at, pool);
    put_time(object, "last_sign_in_at", account->last_sign_in_at, pool);
    put_groups(pool, object, account->groups, 0);
    um_custom_field_show(pool, options->fields, account->user->custom, object);
    return um_json_print(pool, object);
}

/* A field, in quotes if it needs them. */
static const char *csv_field(apr_pool_t *pool, const char *text)
{
    apr_size_t len = 0;
    char *quoted;

    if (!text[strcspn(text, ",\"\r\n")]) {
        return text;
    }
    quoted = apr_palloc(pool, 2 * strlen(text) + 3);
    quoted[len++] = '"';
    for (; *text; text++) {
        if (*text == '"') {
            quoted[len++] = '"';
        }
        quoted[len++] = *text;
    }
    quoted[len++] = '"';
    quoted[len] = '\0';
    return quoted;
}

static const char *csv_head(apr_pool_t *pool, const um_export_options_t *options, const apr_array_header_t *groups)
{
#define COLUMN(name, ...) "," #name
    const char *head = "id,alias" UM_PROFILE(COLUMN)
                       ",password,is_active,is_staff,email_verified,created_at,last_sign_in_at,groups";
#undef COLUMN

    (void)groups;
    for (int i = 0; options->fields && i < options->fields->count; i++) {
        head = apr_pstrcat(pool, head, ",", options->fields->field[i].name, NULL);
    }
    return head;
}

/* The custom fields of an account, each behind a comma. */
static const char *csv_custom(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored)
{
    const char *text = "";

    for (int i = 0; fields && i < fields->count; i++) {
        text = apr_pstrcat(pool, text, ",", csv_field(pool, um_custom_field_text(pool, &fields->field[i], stored)),
                           NULL);
    }
    return text;
}

static const char *csv_print(apr_pool_t *pool, const um_export_options_t *options, const um_store_export_t *account,
                             const char **warning)
{
    const um_user_t *user = account->user;
    char *groups = apr_pstrdup(pool, account->groups);

    (void)warning;
    for (char *c = groups; *c; c++) {
        *c = *c == ',' ? ' ' : *c;
    }
#define FIELD(name, ...) ",", csv_field(pool, user->name),
    return apr_pstrcat(pool, user->id, ",", account->alias ? account->alias : "", UM_PROFILE(FIELD) ",",
                       csv_field(pool, user->password), user->is_active ? ",1" : ",0", user->is_staff ? ",1" : ",0",
                       account->email_verified ? ",1," : ",0,", um_isotime_print(pool, account->created_at), ",",
                       account->last_sign_in_at ? um_isotime_print(pool, account->last_sign_in_at) : "", ",", groups,
                       csv_custom(pool, options->fields, user->custom), NULL);
#undef FIELD
}

const um_export_format_t *um_export_format(const char *name)
{
    static const um_export_format_t formats[] = {
        { .name = "django", .head = django_head, .print = django_print, .tail = "]", .separator = "," },
        { .name = "csv", .head = csv_head, .print = csv_print, .separator = "" },
        { .name = "jsonl", .print = jsonl_print, .separator = "" },
    };

    for (apr_size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}
