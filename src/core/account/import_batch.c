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

void um_import_write_number(um_json_writer_t *rows, apr_int64_t number)
{
    char text[24];

    apr_snprintf(text, sizeof(text), "%" APR_INT64_T_FMT, number);
    um_json_write_text(rows, text);
}

/* --- what is there ------------------------------------------------------------------------------------------------ */

/* The rows that were not stored as new accounts; NULL: all were. */
static const char *look_rows(const um_import_t *import)
{
    um_json_writer_t *rows = um_json_writer(import->pool);
    int count = 0;

    um_json_write_begin(rows, '[');
    for (int i = 0; i < import->entry_count; i++) {
        const um_import_entry_t *entry = &import->entries[i];

        if (entry->result == UM_IMPORT_MADE) {
            continue;
        }
        um_json_write_begin(rows, '[');
        um_import_write_number(rows, i);
        um_json_write_text(rows, entry->given);
        um_json_write_text(rows, entry->row->alias);
        um_json_write_text(rows, entry->keys.username_key);
        um_json_write_text(rows, *entry->keys.email_claim ? entry->keys.email_claim : NULL);
        um_json_write_end(rows, ']');
        count++;
    }
    um_json_write_end(rows, ']');
    return count ? um_json_written(rows) : NULL;
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

/* Two rows of a batch may be about one account, or give two accounts what only one can have. Names are compared in the
 * whole file (import_names.c). */
static void refuse_pair(um_import_entry_t *entry, int is_email)
{
    refuse_entry(entry, is_email ? "another row of the file has the e-mail address"
                 : "another row of the file is about the same account");
}

/* Looks at the accounts that were found in that way. made: the ids of those that the batch has stored itself. */
static void compare_all(um_import_t *import, const apr_array_header_t *found, const char *by, apr_hash_t *made,
                        const char **same)
{
    for (int i = 0; i < found->nelts; i++) {
        const um_store_import_found_t *one = &APR_ARRAY_IDX(found, i, um_store_import_found_t);
        um_import_entry_t *entry = one->row >= 0 && one->row < import->entry_count ? &import->entries[one->row] : NULL;

        if (!entry || strcmp(one->by, by) != 0 || entry->result == UM_IMPORT_REFUSED) {
            continue;
        }
        if (apr_hash_get(made, one->id, APR_HASH_KEY_STRING)) {
            refuse_pair(entry, strcmp(by, "email") == 0);
        }
        else {
            compare(entry, one, &same[one->row]);
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

/* Among the rows that change accounts; the database would refuse the whole statement. */
static void refuse_pairs(um_import_t *import)
{
    apr_hash_t *seen = apr_hash_make(import->pool);

    for (int i = 0; i < import->entry_count; i++) {
        um_import_entry_t *entry = &import->entries[i];

        if (entry->result != UM_IMPORT_UPDATED) {
            continue;
        }
        if (first_with(import, seen, "id ", entry->user.id, i) != i
            || (entry->row->alias && first_with(import, seen, "alias ", entry->row->alias, i) != i)) {
            refuse_pair(entry, 0);
        }
        else if (*entry->keys.email_claim && first_with(import, seen, "email ", entry->keys.email_claim, i) != i) {
            refuse_pair(entry, 1);
        }
    }
}

/* Decides what becomes of each row that is open: keys come before names, and names before addresses. */
static void decide(um_import_t *import, const apr_array_header_t *found, apr_hash_t *made)
{
    static const char *const ways[] = { "id", "alias", "name", "email" };
    const char **same = apr_pcalloc(import->pool, UM_IMPORT_BATCH * sizeof(*same));

    for (apr_size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        compare_all(import, found, ways[i], made, same);
    }
    for (int i = 0; i < import->entry_count; i++) {
        um_import_entry_t *entry = &import->entries[i];

        if (entry->result != UM_IMPORT_REFUSED && same[i]) {
            entry->result = import->options->on_conflict == UM_IMPORT_UPDATE ? UM_IMPORT_UPDATED : UM_IMPORT_SKIPPED;
            entry->user.id = same[i];
        }
    }
    refuse_pairs(import);
}

/* --- accounts ----------------------------------------------------------------------------------------------------- */

/* The key by which a first or last name is searched for; "": it has none. */
static void write_name_key(const um_import_t *import, um_json_writer_t *rows, const char *text)
{
    const char *key;

    um_json_write_text(rows, um_unicode_key(import->pool, text, &key) == APR_SUCCESS ? key : "");
}

static void write_entry(const um_import_t *import, um_json_writer_t *rows, const um_import_entry_t *entry)
{
    const um_import_row_t *row = entry->row;

    um_json_write_begin(rows, '[');
    um_json_write_text(rows, entry->user.id);
    um_json_write_begin(rows, '{');
#define WRITE(name, ...) um_json_write_name(rows, #name), um_json_write_text(rows, entry->user.name);
    UM_PROFILE(WRITE)
#undef WRITE
    um_json_write_end(rows, '}');
    um_json_write_text(rows, entry->keys.username_key);
    write_name_key(import, rows, entry->user.first_name);
    write_name_key(import, rows, entry->user.last_name);
    um_json_write_text(rows, entry->keys.email_key);
    um_json_write_text(rows, *entry->keys.email_claim ? entry->keys.email_claim : NULL);
    um_import_write_number(rows, entry->email_verified);
    um_json_write_text(rows, entry->user.password);
    um_json_write_text(rows, entry->user.version);
    um_import_write_number(rows, entry->user.is_active);
    um_import_write_number(rows, entry->user.is_staff);
    um_json_write_text(rows, row->alias);
    um_import_write_number(rows, entry->created_at);
    if (row->last_sign_in_at) {
        um_import_write_number(rows, row->last_sign_in_at);
    }
    else {
        um_json_write_text(rows, NULL);
    }
    um_import_write_number(rows, um_ctx_seconds(import->ctx));
    um_json_write_text(rows, row->custom ? um_json_print(import->pool, row->custom) : NULL);
    um_json_write_end(rows, ']');
}

/* Stores the rows with one result. Those that were stored get another one, the others become open. made gets the ids of
 * the former. */
static apr_status_t store_accounts(um_import_t *import, um_tx_t *tx, um_import_result_e from, um_import_result_e to,
                                   apr_hash_t *made)
{
    um_json_writer_t *rows = um_json_writer(import->pool);
    apr_hash_t *stored = apr_hash_make(import->pool);
    apr_array_header_t *names = NULL;
    int count = 0;
    apr_status_t rv;

    um_json_write_begin(rows, '[');
    for (int i = 0; i < import->entry_count; i++) {
        if (import->entries[i].result == from) {
            write_entry(import, rows, &import->entries[i]);
            count++;
        }
    }
    um_json_write_end(rows, ']');
    if (!count) {
        return APR_SUCCESS;
    }
    rv = (to == UM_IMPORT_MADE ? um_store_import_insert : um_store_import_update)(tx, um_json_written(rows), &names);
    for (int i = 0; i < names->nelts; i++) {
        apr_hash_set(stored, APR_ARRAY_IDX(names, i, const char *), APR_HASH_KEY_STRING, "");
    }
    for (int i = 0; i < import->entry_count; i++) {
        um_import_entry_t *entry = &import->entries[i];

        if (entry->result == from && apr_hash_get(stored, entry->keys.username_key, APR_HASH_KEY_STRING)) {
            entry->result = to;
            apr_hash_set(made, entry->user.id, APR_HASH_KEY_STRING, "");
        }
        else if (entry->result == from) {
            entry->result = UM_IMPORT_OPEN;
        }
    }
    return rv;
}

/* The memberships of an account that was changed become those of its row. */
static apr_status_t store_memberships(um_import_t *import, um_tx_t *tx)
{
    um_json_writer_t *left = um_json_writer(import->pool), *joined = um_json_writer(import->pool);
    int left_count = 0, joined_count = 0;
    apr_status_t rv = APR_SUCCESS;

    um_json_write_begin(left, '[');
    um_json_write_begin(joined, '[');

    for (int i = 0; i < import->entry_count; i++) {
        const um_import_entry_t *entry = &import->entries[i];
        const apr_array_header_t *groups = entry->row->groups;

        if (!groups || (entry->result != UM_IMPORT_MADE && entry->result != UM_IMPORT_UPDATED)) {
            continue;
        }
        if (entry->result == UM_IMPORT_UPDATED) {
            um_json_write_begin(left, '[');
            um_json_write_text(left, entry->user.id);
            um_json_write_end(left, ']');
            left_count++;
        }
        for (int k = 0; k < groups->nelts; k++) {
            um_json_write_begin(joined, '[');
            um_json_write_text(joined, entry->user.id);
            um_json_write_text(joined, APR_ARRAY_IDX(groups, k, const char *));
            um_json_write_end(joined, ']');
            joined_count++;
        }
    }
    um_json_write_end(left, ']');
    um_json_write_end(joined, ']');
    if (left_count) {
        rv = um_store_import_leave(tx, um_json_written(left));
    }
    return rv == APR_SUCCESS && joined_count ? um_store_import_join(tx, um_json_written(joined)) : rv;
}

/* What is there is looked for only after the new accounts were stored, and only for the rows that were not: in most
 * imports these are few. */
static apr_status_t store_users(um_tx_t *tx, void *baton)
{
    um_import_t *import = baton;
    apr_array_header_t *found = NULL;
    apr_hash_t *made = apr_hash_make(import->pool);
    const char *open;
    apr_status_t rv;

    for (int i = 0; i < import->entry_count; i++) {
        import->entries[i].result = UM_IMPORT_OPEN;
        import->entries[i].user.id = import->entries[i].given ? import->entries[i].given : import->entries[i].made_id;
    }
    rv = store_accounts(import, tx, UM_IMPORT_OPEN, UM_IMPORT_MADE, made);
    open = rv == APR_SUCCESS ? look_rows(import) : NULL;
    if (open) {
        rv = um_store_import_look(tx, open, &found);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        decide(import, found, made);
        if (import->options->on_conflict == UM_IMPORT_FAIL) {
            return UM_STORE_ROLLED_BACK;
        }
        rv = store_accounts(import, tx, UM_IMPORT_UPDATED, UM_IMPORT_UPDATED, made);
    }
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
        um_import_entry_t *entry = &import->entries[i];
        int is_there;

        if (import->options->dry_run) {
            um_import_dry_account(import, entry);
        }
        is_there = entry->result == UM_IMPORT_SKIPPED;
        if (entry->result == UM_IMPORT_OPEN) {
            /* What it collided with is there no more, or came meanwhile. */
            refuse_entry(entry, "another account has the name, the key or the e-mail address");
        }
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
