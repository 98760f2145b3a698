/* SPDX-License-Identifier: Apache-2.0 */
/* The formats with an account a line: htpasswd, CSV and lines of JSON; and htdbm. */
#include "import_format.h"

#include "core_settings.h"
#include "custom_field.h"
#include "import_private.h"
#include "json.h"

#include <apr_strings.h>
#include <string.h>

#define MOST_LEVELS 8
#define MOST_COLUMNS 64
#define LONGEST_COLUMN 32
#define COLUMN_SIGNS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- "

const um_import_format_t *um_import_format(const char *name)
{
    static const um_import_format_t formats[] = {
        { "django", um_import_django }, { "htpasswd", um_import_htpasswd }, { "csv", um_import_csv },
        { "jsonl", um_import_jsonl },
    };

    for (apr_size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}

static const char *where_of(const um_import_t *import, const um_records_t *records)
{
    return apr_psprintf(um_import_pool(import), "line %" APR_INT64_T_FMT, records->line);
}

/* The file cannot be read further. */
static um_status_e cut(um_import_t *import, const um_records_t *records)
{
    return um_ctx_failed(import->ctx, apr_psprintf(import->ctx->pool, "line %" APR_INT64_T_FMT ": %s", records->line,
                                                   records->why));
}

/* A new row of the file in the pool of the batch. */
static um_import_row_t *new_row(const um_import_t *import, const um_records_t *records)
{
    um_import_row_t *row = apr_pcalloc(um_import_pool(import), sizeof(*row));

    row->where = where_of(import, records);
    return row;
}

/* --- htpasswd and htdbm ------------------------------------------------------------------------------------------- */

/* What follows a second colon is a comment. */
static void add_pair(um_import_t *import, um_import_row_t *row, const char *name, const char *value)
{
    row->username = name;
    row->password = apr_pstrmemdup(um_import_pool(import), value, strcspn(value, ":"));
    if (*row->password) {
        um_import_user(import, row);
    }
    else {
        um_import_refuse(import, row->where, name, "it has no hash");
    }
}

um_status_e um_import_htpasswd(um_import_t *import, um_records_t *records)
{
    um_status_e status;
    apr_status_t rv;
    char *line;

    while ((status = um_import_next(import)) == UM_OK && (rv = um_records_line(records, &line)) != APR_EOF) {
        /* A comment may have a colon: an account that somebody has switched off, too. */
        const char *colon = rv == APR_SUCCESS && *line != '#' ? strchr(line, ':') : NULL;

        if (rv == APR_EGENERAL) {
            return cut(import, records);
        }
        if (rv == APR_EINVAL) {
            um_import_refuse(import, where_of(import, records), "", records->why);
        }
        else if (colon) {
            add_pair(import, new_row(import, records),
                     apr_pstrmemdup(um_import_pool(import), line, (apr_size_t)(colon - line)), colon + 1);
        }
        else if (*line && *line != '#') {
            um_import_refuse(import, where_of(import, records), "", "it has no colon");
        }
    }
    return status;
}

um_status_e um_import_htdbm(um_import_t *import, apr_dbm_t *dbm)
{
    um_status_e status = UM_OK;
    apr_datum_t key, value;
    apr_int64_t number = 0;
    apr_status_t rv = apr_dbm_firstkey(dbm, &key);

    for (; rv == APR_SUCCESS && key.dptr && (status = um_import_next(import)) == UM_OK;
         rv = apr_dbm_nextkey(dbm, &key)) {
        apr_pool_t *pool = um_import_pool(import);
        um_import_row_t *row = apr_pcalloc(pool, sizeof(*row));
        /* The buffer of the key is used again by the next key, and in some drivers by the value. */
        const char *name = apr_pstrmemdup(pool, key.dptr, key.dsize);

        row->where = apr_psprintf(pool, "entry %" APR_INT64_T_FMT, ++number);
        if (apr_dbm_fetch(dbm, key, &value) != APR_SUCCESS || !value.dptr) {
            um_import_refuse(import, row->where, name, "it has no value");
        }
        else {
            add_pair(import, row, name, apr_pstrmemdup(pool, value.dptr, value.dsize));
        }
    }
    return status;
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

static const apr_array_header_t *split(apr_pool_t *pool, const char *text, const char *separators)
{
    apr_array_header_t *words = apr_array_make(pool, 8, sizeof(const char *));
    char *state, *copy = apr_pstrdup(pool, text);

    for (char *word = apr_strtok(copy, separators, &state); word; word = apr_strtok(NULL, separators, &state)) {
        APR_ARRAY_PUSH(words, const char *) = word;
    }
    return words;
}

/* Makes the groups of an account, and replaces their names by those under which they are stored. */
static um_status_e join_groups(um_import_t *import, um_import_row_t *row, const apr_array_header_t *names)
{
    apr_array_header_t *groups = apr_array_make(um_import_pool(import), names->nelts + 1, sizeof(const char *));
    um_status_e status = UM_OK;

    row->groups = groups;
    for (int i = 0; i < names->nelts && status == UM_OK; i++) {
        const char *stored = NULL;

        status = um_import_group(import, row->where, APR_ARRAY_IDX(names, i, const char *), &stored);
        if (stored) {
            APR_ARRAY_PUSH(groups, const char *) = stored;
        }
    }
    return status;
}

static um_status_e add_fields(um_import_t *import, um_records_t *records, const apr_array_header_t *columns,
                              const apr_array_header_t *fields)
{
    um_import_row_t *row = new_row(import, records);
    const char *why = fields->nelts == columns->nelts ? NULL : "it has not as many fields as there are columns";
    um_status_e status = UM_OK;

    for (int i = 0; i < columns->nelts && !why && status == UM_OK; i++) {
        const char *name = APR_ARRAY_IDX(columns, i, const char *), *value = APR_ARRAY_IDX(fields, i, const char *);

        if (strcmp(name, "groups") == 0) {
            status = join_groups(import, row, split(um_import_pool(import), value, " "));
        }
        else if (!um_import_set(um_import_pool(import), row, name, value, &why)) {
            (void)um_import_check_custom(import, row, name, value, &why);
        }
    }
    if (why) {
        um_import_refuse(import, row->where, row->username, why);
    }
    else if (status == UM_OK) {
        um_import_user(import, row);
    }
    return status;
}

/* How a message names a column. A file of another format may have a password hash there, which is not printed. */
static const char *column_label(apr_pool_t *pool, const char *name, int i)
{
    return strlen(name) <= LONGEST_COLUMN && !name[strspn(name, COLUMN_SIGNS)] ? name
           : apr_psprintf(pool, "number %d of the first line", i + 1);
}

/* NULL, or why the columns are wrong. */
static const char *check_columns(um_import_t *import, const apr_array_header_t *columns)
{
    int has_name = 0;

    if (columns->nelts > MOST_COLUMNS) {
        return "there are too many columns";
    }
    for (int i = 0; i < columns->nelts; i++) {
        const char *name = APR_ARRAY_IDX(columns, i, const char *), *ignored;
        um_import_row_t row = { .where = "" };

        for (int k = 0; k < i && strcmp(name, "-") != 0; k++) {
            if (strcmp(name, APR_ARRAY_IDX(columns, k, const char *)) == 0) {
                return apr_psprintf(import->ctx->pool, "the column %s is there twice",
                                    column_label(import->ctx->pool, name, i));
            }
        }
        has_name |= strcmp(name, "username") == 0;
        if (strcmp(name, "groups") != 0 && strcmp(name, "-") != 0
            && !um_import_set(import->ctx->pool, &row, name, "", &ignored)
            && !um_custom_field_find(import->ctx->settings->custom_fields, name, strlen(name))) {
            return apr_psprintf(import->ctx->pool, "the column %s is not known; name the columns with --columns, and - "
                                "for one that is to be ignored", column_label(import->ctx->pool, name, i));
        }
    }
    return has_name ? NULL : "there is no column username";
}

um_status_e um_import_csv(um_import_t *import, um_records_t *records)
{
    const char *given = um_import_options(import)->columns, *why;
    const apr_array_header_t *columns = given ? split(import->ctx->pool, given, ", ") : NULL;
    apr_array_header_t *fields = NULL;
    um_status_e status = UM_OK;
    apr_status_t rv = APR_SUCCESS;

    if (!columns) {
        rv = um_records_csv(records, import->ctx->pool, &fields);
        columns = fields;
    }
    why = rv == APR_EOF ? "the file is empty" : rv != APR_SUCCESS ? records->why : check_columns(import, columns);
    if (why) {
        return um_ctx_failed(import->ctx, why);
    }
    while ((status = um_import_next(import)) == UM_OK
           && (rv = um_records_csv(records, um_import_pool(import), &fields)) != APR_EOF) {
        if (rv == APR_EGENERAL) {
            return cut(import, records);
        }
        if (rv == APR_EINVAL) {
            um_import_refuse(import, where_of(import, records), "", records->why);
        }
        else if ((status = add_fields(import, records, columns, fields)) != UM_OK) {
            break;
        }
    }
    return status;
}

/* --- lines of JSON ------------------------------------------------------------------------------------------------ */

const char *um_import_text(apr_pool_t *pool, um_json_t *value)
{
    um_json_value_t scalar = um_json_value(value);

    if (scalar.kind == UM_JSON_STRING) {
        return strlen(scalar.text) == scalar.len ? scalar.text : NULL;
    }
    return scalar.kind == UM_JSON_INTEGER || scalar.kind == UM_JSON_BOOLEAN ? um_json_print(pool, value) : NULL;
}

static void read_member(um_import_t *import, um_import_row_t *row, const um_json_t *object, const char *name,
                        const char **why)
{
    apr_pool_t *pool = um_import_pool(import);
    um_json_value_t value = um_json_get(object, name);
    const char *text = um_import_text(pool, um_json_child(object, name));

    if (text) {
        (void)(um_import_set(pool, row, name, text, why) || um_import_check_custom(import, row, name, text, why));
    }
    else if (value.kind != UM_JSON_ABSENT && value.kind != UM_JSON_NULL) {
        *why = apr_pstrcat(pool, name, " has a value of another kind", NULL);
    }
}

const char *um_import_members(um_import_t *import, um_import_row_t *row, const um_json_t *object)
{
    static const char *const names[] = {
#define NAME(name, ...) #name,
        UM_PROFILE(NAME)
#undef NAME
        "password", "id", "alias", "is_active", "is_staff", "email_verified", "created_at", "date_joined",
        "last_sign_in_at", "last_login",
    };
    const um_custom_fields_t *fields = import->ctx->settings->custom_fields;
    const char *why = NULL;

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        read_member(import, row, object, names[i], &why);
    }
    for (int i = 0; fields && i < fields->count; i++) {
        read_member(import, row, object, fields->field[i].name, &why);
    }
    return why;
}

static um_status_e add_line(um_import_t *import, um_import_row_t *row, const um_json_t *object)
{
    apr_array_header_t *names = apr_array_make(um_import_pool(import), 4, sizeof(const char *));
    um_json_t *groups = um_json_child(object, "groups");
    const char *why = um_import_members(import, row, object);
    um_status_e status = UM_OK;

    /* With --on-conflict update the account would leave all groups. */
    if (groups && um_json_value(groups).kind != UM_JSON_LIST) {
        why = "groups is no list";
    }
    for (int i = 0; i < um_json_length(groups); i++) {
        const char *name = um_import_text(um_import_pool(import), um_json_at(groups, i));

        if (name) {
            APR_ARRAY_PUSH(names, const char *) = name;
        }
        why = name ? why : "a group has no name";
    }
    if (why) {
        um_import_refuse(import, row->where, row->username, why);
        return UM_OK;
    }
    if (groups) {
        status = join_groups(import, row, names);
    }
    if (status == UM_OK) {
        um_import_user(import, row);
    }
    return status;
}

um_status_e um_import_jsonl(um_import_t *import, um_records_t *records)
{
    um_status_e status;
    apr_status_t rv;
    char *line;

    while ((status = um_import_next(import)) == UM_OK && (rv = um_records_line(records, &line)) != APR_EOF) {
        const char *why = rv == APR_SUCCESS ? NULL : records->why;
        um_json_doc_t *doc = NULL;

        if (rv == APR_EGENERAL) {
            return cut(import, records);
        }
        if (!why && !*line) {
            continue;
        }
        if (why || um_json_parse(um_import_pool(import), line, strlen(line), MOST_LEVELS, &doc, &why) != APR_SUCCESS
            || doc->kind != UM_JSON_OBJECT) {
            um_import_refuse(import, where_of(import, records), "", why ? why : "it is no object of JSON");
        }
        else if ((status = add_line(import, new_row(import, records), doc->root)) != UM_OK) {
            break;
        }
    }
    return status;
}
