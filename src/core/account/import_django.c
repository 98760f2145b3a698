/* SPDX-License-Identifier: Apache-2.0 */
/* What "manage.py dumpdata" writes: a list of objects {"model": "auth.user", "pk": 42, "fields": {...}}. */
#include "import_format.h"

#include "import_private.h"
#include "isotime.h"
#include "random.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

#define MOST_LEVELS 32
#define MOST_GROUPS 100000
#define USERS "auth.user"
#define GROUPS "auth.group"
#define TOKENS "authtoken.token"

/* What an object is. One pass over a file takes one kind, a pipe all. */
enum { GROUP = 1, USER = 2, TOKEN = 4, ALL = GROUP | USER | TOKEN };

typedef struct dump_t {
    um_import_t *import;
    um_records_t *records;
    const char *users;          /* the model of users */
    apr_hash_t *groups;         /* key of a group as text -> the name under which it is stored */
    int wanted;                 /* kinds that this pass takes */
    int seen;                   /* kinds that the file has */
    const char *where;          /* of the present object, in the import's pool */
} dump_t;

static int kind_of(const dump_t *dump, const char *model)
{
    return !model ? 0 : strcmp(model, dump->users) == 0 ? USER : strcmp(model, GROUPS) == 0 ? GROUP
           : strcmp(model, TOKENS) == 0 ? TOKEN : 0;
}

/* The kinds whose models are named somewhere in an object. Parsing costs ten times as much as looking for them. */
static int kinds_named(const dump_t *dump, const char *text, apr_size_t len)
{
    return (memmem(text, len, dump->users, strlen(dump->users)) ? USER : 0)
           | (memmem(text, len, GROUPS, strlen(GROUPS)) ? GROUP : 0)
           | (memmem(text, len, TOKENS, strlen(TOKENS)) ? TOKEN : 0);
}

/* A key as text: a number, a UUID, or the natural key of an object with one field, which is a list of it. */
static const char *key_text(apr_pool_t *pool, um_json_t *key, int *is_natural)
{
    *is_natural = um_json_length(key) == 1;
    return um_import_text(pool, *is_natural ? um_json_at(key, 0) : key);
}

static int is_number_key(const char *text)
{
    return text[0] && !text[strspn(text, "0123456789")];
}

/* --- groups --- */

static um_status_e add_group(dump_t *dump, const um_json_t *object, const um_json_t *fields)
{
    apr_pool_t *pool = um_import_pool(dump->import);
    const char *name = um_import_text(pool, um_json_child(fields, "name"));
    const char *key = um_import_text(pool, um_json_child(object, "pk")), *stored = NULL;
    um_status_e status;

    if (!name || apr_hash_count(dump->groups) >= MOST_GROUPS) {
        um_import_refuse(dump->import, dump->where, "", name ? "there are too many groups" : "the group has no name");
        return UM_OK;
    }
    status = um_import_group(dump->import, dump->where, name, &stored);
    if (key && stored) {
        apr_hash_set(dump->groups, apr_pstrdup(apr_hash_pool_get(dump->groups), key), APR_HASH_KEY_STRING, stored);
    }
    return status;
}

/* The name of a group to which an account refers. NULL: *why says why not. */
static const char *group_of(dump_t *dump, um_json_t *reference, um_status_e *status, const char **why)
{
    const char *stored = NULL;
    int is_natural;
    const char *key = key_text(um_import_pool(dump->import), reference, &is_natural);

    if (key && is_natural) {
        *status = um_import_group(dump->import, dump->where, key, &stored);
        return stored;
    }
    stored = key ? apr_hash_get(dump->groups, key, APR_HASH_KEY_STRING) : NULL;
    if (!stored) {
        *why = apr_psprintf(um_import_pool(dump->import), "group %s is not in the file%s", key ? key : "-",
                            dump->wanted == ALL ? " before its members: dump auth.group first, or give a file in place "
                            "of a pipe" : ": dump auth.group with the accounts");
    }
    return stored;
}

/* --- accounts --- */

static um_status_e add_user(dump_t *dump, const um_json_t *object, const um_json_t *fields)
{
    apr_pool_t *pool = um_import_pool(dump->import);
    um_import_row_t *row = apr_pcalloc(pool, sizeof(*row));
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(const char *));
    um_json_t *groups = um_json_child(fields, "groups");
    const char *key = um_import_text(pool, um_json_child(object, "pk")), *why;
    um_status_e status = UM_OK;

    row->where = dump->where;
    why = um_import_members(dump->import, row, fields);
    row->id = row->alias = NULL;        /* a custom model may have fields of these names */
    *(key && is_number_key(key) ? &row->alias : &row->id) = key;
    /* In many custom models the address is the name. */
    row->username = row->username ? row->username : row->email;
    for (int i = 0; i < um_json_length(groups) && status == UM_OK && !why; i++) {
        const char *name = group_of(dump, um_json_at(groups, i), &status, &why);

        if (name) {
            APR_ARRAY_PUSH(names, const char *) = name;
        }
    }
    row->groups = groups ? names : NULL;
    if (why) {
        um_import_refuse(dump->import, dump->where, row->username, why);
    }
    else if (status == UM_OK) {
        um_import_user(dump->import, row);
    }
    return status;
}

/* --- tokens --- */

static void add_token(dump_t *dump, const um_json_t *object, const um_json_t *fields)
{
    apr_pool_t *pool = um_import_pool(dump->import);
    um_import_token_t *token = apr_pcalloc(pool, sizeof(*token));
    const char *created = um_import_text(pool, um_json_child(fields, "created"));
    int is_natural;
    const char *owner = key_text(pool, um_json_child(fields, "user"), &is_natural);

    token->where = dump->where;
    token->token = um_import_text(pool, um_json_child(object, "pk"));
    if (!token->token || !owner) {
        um_import_refuse(dump->import, dump->where, "", "the token has no key or no account");
        return;
    }
    *(is_natural ? &token->username : is_number_key(owner) ? &token->alias : &token->id) = owner;
    if (created) {
        (void)um_isotime_read(created, &token->created_at);
    }
    um_import_token(dump->import, token);
}

/* --- the file --- */

static um_status_e add_object(dump_t *dump, const char *text, apr_size_t len)
{
    apr_pool_t *pool = um_import_pool(dump->import);
    const char *why = NULL;
    um_json_doc_t *doc;
    const um_json_t *fields;
    int kind = kinds_named(dump, text, len);

    if (!(kind & dump->wanted)) {
        dump->seen |= kind;
        return UM_OK;
    }
    if (um_json_parse(pool, text, len, MOST_LEVELS, &doc, &why) != APR_SUCCESS) {
        um_import_refuse(dump->import, dump->where, "", why);
        return UM_OK;
    }
    fields = um_json_child(doc->root, "fields");
    kind = doc->kind == UM_JSON_OBJECT ? kind_of(dump, um_json_get(doc->root, "model").text) : 0;
    dump->seen |= kind;
    if (!(kind & dump->wanted)) {
        return UM_OK;
    }
    if (um_json_value((um_json_t *)fields).kind != UM_JSON_OBJECT) {
        um_import_refuse(dump->import, dump->where, "", "it has no fields");
        return UM_OK;
    }
    if (kind == TOKEN) {
        add_token(dump, doc->root, fields);
        return UM_OK;
    }
    return kind == GROUP ? add_group(dump, doc->root, fields) : add_user(dump, doc->root, fields);
}

/* Reads the file once. What cannot be read is told in the pass for accounts only. */
static um_status_e pass(dump_t *dump, int wanted)
{
    um_import_t *import = dump->import;
    um_records_t *records = dump->records;
    um_status_e status;
    apr_size_t len;
    const char *text;
    apr_status_t rv;

    dump->wanted = wanted;
    while ((status = um_import_next(import)) == UM_OK && (rv = um_records_json(records, &text, &len)) != APR_EOF) {
        dump->where = apr_psprintf(um_import_pool(import), "entry %" APR_INT64_T_FMT, records->count);
        if (rv == APR_EGENERAL) {
            return um_ctx_failed(import->ctx, records->count < 2 ? records->why
                                 : apr_psprintf(import->ctx->pool, "behind entry %" APR_INT64_T_FMT ": %s",
                                                records->count - 1, records->why));
        }
        if (rv == APR_EINVAL) {
            if (wanted & USER) {
                um_import_refuse(import, dump->where, "", records->why);
            }
        }
        else if ((status = add_object(dump, text, len)) != UM_OK) {
            break;
        }
    }
    return status == UM_OK ? um_import_flush(import) : status;
}

um_status_e um_import_django(um_import_t *import, um_records_t *records)
{
    const char *model = um_import_options(import)->model;
    dump_t dump = {
        .import = import, .records = records, .users = model ? model : USERS,
        .groups = apr_hash_make(import->ctx->pool),
    };
    static const int kinds[] = { USER, TOKEN };
    um_status_e status;

    if (!um_records_rewind(records)) {
        status = pass(&dump, ALL);
    }
    else {
        status = pass(&dump, GROUP);
        for (int i = 0; i < 2 && status == UM_OK; i++) {
            if ((dump.seen & kinds[i]) && um_records_rewind(records)) {
                status = pass(&dump, kinds[i]);
            }
        }
    }
    if (status == UM_OK && !(dump.seen & USER)) {
        return um_ctx_failed(import->ctx, apr_psprintf(import->ctx->pool, "the file has no accounts of the model %s; "
                                                       "name the model with --model APP.USER", dump.users));
    }
    return status;
}
