/* SPDX-License-Identifier: Apache-2.0 */
#include "import_private.h"

#include "json.h"
#include "store.h"
#include "store_import.h"
#include "unicode.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

/* How often a batch is tried while another program has the database locked, and after how long again. */
#define TRIES 20
#define PAUSE apr_time_from_msec(250)

void um_import_put_number(um_json_t *object, const char *name, apr_int64_t number)
{
    char text[24];

    apr_snprintf(text, sizeof(text), "%" APR_INT64_T_FMT, number);
    um_json_put_text(object, name, text);
}

/* --- what is there ------------------------------------------------------------------------------------------------ */

static const char *look_rows(const um_import_t *import)
{
    um_json_t *rows = um_json_list(import->pool);

    for (int i = 0; i < import->entry_count; i++) {
        const um_import_entry_t *entry = &import->entries[i];
        um_json_t *row = um_json_object(import->pool);

        um_import_put_number(row, "n", i);
        um_json_put_text(row, "given", entry->given);
        um_json_put_text(row, "alias", entry->row->alias);
        um_json_put_text(row, "username_key", entry->keys.username_key);
        um_json_put_text(row, "email_claim", *entry->keys.email_claim ? entry->keys.email_claim : NULL);
        um_json_push(rows, row);
    }
    return um_json_print(import->pool, rows);
}

static void refuse_entry(um_import_entry_t *entry, const char *why)
{
    entry->result = UM_IMPORT_REFUSED;
    entry->why = why;
}

/* A row and an account are the same one if they have the same id or number. Where the row has neither, or the account
 * has no number and the row has one, the name decides. Whatever else they have in common is a collision. */
static void compare(um_import_entry_t *entry, const um_store_import_found_t *found, const char **same)
{
    int by_key = strcmp(found->by, "id") == 0 || strcmp(found->by, "alias") == 0;

    if (by_key || (strcmp(found->by, "name") == 0 && !entry->given && (!entry->row->alias || !found->alias))) {
        if (*same && strcmp(*same, found->id) != 0) {
            refuse_entry(entry, "its key and its name belong to two accounts that are there");
        }
        *same = found->id;
    }
    else if (!*same || strcmp(*same, found->id) != 0) {
        refuse_entry(entry, strcmp(found->by, "name") == 0 ? "another account has the name"
               : "another account has the e-mail address");
    }
}

/* Looks at the accounts that were found in that way. */
static void compare_all(um_import_t *import, const apr_array_header_t *found, const char *by, const char **same)
{
    for (int i = 0; i < found->nelts; i++) {
        const um_store_import_found_t *one = &APR_ARRAY_IDX(found, i, um_store_import_found_t);

        if (strcmp(one->by, by) == 0 && one->row >= 0 && one->row < import->entry_count
            && import->entries[one->row].result != UM_IMPORT_REFUSED) {
            compare(&import->entries[one->row], one, &same[one->row]);
        }
    }
}

/* The number of the row under which an account is changed or made first, or under which it gives a value to one. */
static int first_with(const um_import_t *import, apr_hash_t *seen, const char *kind, const char *value, int number)
{
    const char *key = apr_pstrcat(import->pool, kind, value, NULL);
    const int *first = apr_hash_get(seen, key, APR_HASH_KEY_STRING);

    if (!first) {
        int *own = apr_palloc(import->pool, sizeof(*own));

        *own = number;
        apr_hash_set(seen, key, APR_HASH_KEY_STRING, own);
    }
    return first ? *first : number;
}

/* Two rows of a batch may be about one account, or give two accounts what only one can have. The database would refuse
 * the whole statement. Names are compared in the whole file (import_names.c). */
static void refuse_pairs(um_import_t *import)
{
    apr_hash_t *seen = apr_hash_make(import->pool);

    for (int i = 0; i < import->entry_count; i++) {
        um_import_entry_t *entry = &import->entries[i];

        if (entry->result != UM_IMPORT_MADE && entry->result != UM_IMPORT_UPDATED) {
            continue;
        }
        if (first_with(import, seen, "id ", entry->user.id, i) != i
            || (entry->row->alias && first_with(import, seen, "alias ", entry->row->alias, i) != i)) {
            refuse_entry(entry, "another row of the file is about the same account");
        }
        else if (*entry->keys.email_claim && first_with(import, seen, "email ", entry->keys.email_claim, i) != i) {
            refuse_entry(entry, "another row of the file has the e-mail address");
        }
    }
}

/* Decides what becomes of each row: keys come before names, and names before addresses. */
static void decide(um_import_t *import, const apr_array_header_t *found)
{
    static const char *const ways[] = { "id", "alias", "name", "email" };
    const char **same = apr_pcalloc(import->pool, UM_IMPORT_BATCH * sizeof(*same));

    for (apr_size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        compare_all(import, found, ways[i], same);
    }
    for (int i = 0; i < import->entry_count; i++) {
        um_import_entry_t *entry = &import->entries[i];

        if (entry->result != UM_IMPORT_REFUSED && same[i]) {
            entry->result = import->options->on_conflict == UM_IMPORT_UPDATE ? UM_IMPORT_UPDATED : UM_IMPORT_SKIPPED;
            entry->user.id = same[i];
        }
        else if (entry->result != UM_IMPORT_REFUSED) {
            entry->result = UM_IMPORT_MADE;
        }
    }
    refuse_pairs(import);
}

/* --- accounts ----------------------------------------------------------------------------------------------------- */

/* The key by which a first or last name is searched for; "": it has none. */
static void put_name_key(const um_import_t *import, um_json_t *row, const char *name, const char *text)
{
    const char *key;

    um_json_put_text(row, name, um_unicode_key(import->pool, text, &key) == APR_SUCCESS ? key : "");
}

static um_json_t *account_row(const um_import_t *import, const um_import_entry_t *entry)
{
    um_json_t *row = um_json_object(import->pool);

    um_json_put_text(row, "id", entry->user.id);
#define PUT(name, ...) um_json_put_text(row, #name, entry->user.name);
    UM_PROFILE(PUT)
#undef PUT
    um_json_put_text(row, "username_key", entry->keys.username_key);
    put_name_key(import, row, "first_name_key", entry->user.first_name);
    put_name_key(import, row, "last_name_key", entry->user.last_name);
    um_json_put_text(row, "email_key", entry->keys.email_key);
    um_json_put_text(row, "email_claim", *entry->keys.email_claim ? entry->keys.email_claim : NULL);
    um_import_put_number(row, "email_verified", entry->email_verified);
    um_json_put_text(row, "password", entry->user.password);
    um_json_put_text(row, "version", entry->user.version);
    um_import_put_number(row, "is_active", entry->user.is_active);
    um_import_put_number(row, "is_staff", entry->user.is_staff);
    um_json_put_text(row, "alias", entry->row->alias);
    um_import_put_number(row, "created_at", entry->created_at);
    if (entry->row->last_sign_in_at) {
        um_import_put_number(row, "last_sign_in_at", entry->row->last_sign_in_at);
    }
    um_import_put_number(row, "updated_at", um_ctx_seconds(import->ctx));
    if (entry->row->custom) {
        um_json_put_text(row, "custom", um_json_print(import->pool, entry->row->custom));
    }
    return row;
}

/* Stores the rows with that result. Those that were not stored have lost a race, or collide with one of the batch. */
static apr_status_t store_accounts(um_import_t *import, um_tx_t *tx, um_import_result_e result)
{
    apr_hash_t *stored = apr_hash_make(import->pool);
    um_json_t *rows = um_json_list(import->pool);
    apr_array_header_t *ids = NULL;
    const char *text;
    apr_status_t rv;

    for (int i = 0; i < import->entry_count; i++) {
        if (import->entries[i].result == result) {
            um_json_push(rows, account_row(import, &import->entries[i]));
        }
    }
    if (!um_json_length(rows)) {
        return APR_SUCCESS;
    }
    text = um_json_print(import->pool, rows);
    rv = result == UM_IMPORT_MADE ? um_store_import_insert(tx, text, &ids) : um_store_import_update(tx, text, &ids);
    for (int i = 0; i < ids->nelts; i++) {
        apr_hash_set(stored, APR_ARRAY_IDX(ids, i, const char *), APR_HASH_KEY_STRING, "");
    }
    for (int i = 0; i < import->entry_count; i++) {
        um_import_entry_t *entry = &import->entries[i];

        if (entry->result == result && !apr_hash_get(stored, entry->user.id, APR_HASH_KEY_STRING)) {
            refuse_entry(entry, "another account has the name, the key or the e-mail address");
        }
    }
    return rv;
}

/* The memberships of an account that was changed become those of its row. */
static apr_status_t store_memberships(um_import_t *import, um_tx_t *tx)
{
    um_json_t *left = um_json_list(import->pool), *joined = um_json_list(import->pool);
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; i < import->entry_count; i++) {
        const um_import_entry_t *entry = &import->entries[i];
        const apr_array_header_t *groups = entry->row->groups;
        um_json_t *row;

        if (!groups || (entry->result != UM_IMPORT_MADE && entry->result != UM_IMPORT_UPDATED)) {
            continue;
        }
        if (entry->result == UM_IMPORT_UPDATED) {
            row = um_json_object(import->pool);
            um_json_put_text(row, "id", entry->user.id);
            um_json_push(left, row);
        }
        for (int k = 0; k < groups->nelts; k++) {
            row = um_json_object(import->pool);
            um_json_put_text(row, "id", entry->user.id);
            um_json_put_text(row, "group", APR_ARRAY_IDX(groups, k, const char *));
            um_json_push(joined, row);
        }
    }
    if (um_json_length(left)) {
        rv = um_store_import_leave(tx, um_json_print(import->pool, left));
    }
    return rv == APR_SUCCESS && um_json_length(joined) ? um_store_import_join(tx, um_json_print(import->pool, joined))
                                                       : rv;
}

static apr_status_t store_users(um_tx_t *tx, void *baton)
{
    um_import_t *import = baton;
    apr_array_header_t *found = NULL;
    apr_status_t rv;

    for (int i = 0; i < import->entry_count; i++) {
        import->entries[i].result = UM_IMPORT_OPEN;
        import->entries[i].user.id = import->entries[i].given ? import->entries[i].given : import->entries[i].made_id;
    }
    rv = um_store_import_look(tx, look_rows(import), &found);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    decide(import, found);
    if (import->options->on_conflict == UM_IMPORT_FAIL) {
        for (int i = 0; i < import->entry_count; i++) {
            if (import->entries[i].result != UM_IMPORT_MADE) {
                return UM_STORE_ROLLED_BACK;
            }
        }
    }
    rv = store_accounts(import, tx, UM_IMPORT_MADE);
    rv = rv == APR_SUCCESS ? store_accounts(import, tx, UM_IMPORT_UPDATED) : rv;
    rv = rv == APR_SUCCESS ? store_memberships(import, tx) : rv;
    return rv == APR_SUCCESS && import->options->dry_run ? UM_STORE_ROLLED_BACK : rv;
}

um_status_e um_import_run(um_import_t *import, um_store_tx_fn *fn, void *baton)
{
    apr_status_t rv = APR_EGENERAL;
    um_store_call_t call;

    for (int i = 0; i < TRIES && rv != APR_SUCCESS && rv != UM_STORE_ROLLED_BACK; i++) {
        if (i) {
            apr_sleep(PAUSE);
        }
        call = um_ctx_store(import->ctx);
        call.pool = import->pool;
        rv = um_store_transaction(&call, fn, baton);
    }
    if (rv == APR_SUCCESS || rv == UM_STORE_ROLLED_BACK) {
        return UM_OK;
    }
    call.cause = apr_pstrdup(import->ctx->pool, call.cause);
    return um_ctx_unavailable(import->ctx, &call);
}

/* Counts and tells what became of the rows. */
static um_status_e settle(um_import_t *import)
{
    int may_not_be = import->options->on_conflict == UM_IMPORT_FAIL, stops = 0;

    for (int i = 0; i < import->entry_count; i++) {
        const um_import_entry_t *entry = &import->entries[i];
        int is_there = entry->result == UM_IMPORT_SKIPPED;

        stops |= may_not_be && (is_there || entry->result == UM_IMPORT_REFUSED);
        if (entry->result == UM_IMPORT_REFUSED || (is_there && may_not_be)) {
            um_import_refuse(import, entry->row->where, entry->user.username,
                             is_there ? "the account is there already" : entry->why);
        }
        import->counts.skipped += is_there && !may_not_be;
    }
    for (int i = 0; i < import->entry_count && !stops; i++) {
        import->counts.made += import->entries[i].result == UM_IMPORT_MADE;
        import->counts.updated += import->entries[i].result == UM_IMPORT_UPDATED;
    }
    return stops ? UM_INVALID : UM_OK;
}

um_status_e um_import_store_users(um_import_t *import)
{
    um_status_e status = um_import_run(import, store_users, import);

    return status == UM_OK ? settle(import) : status;
}
