/* SPDX-License-Identifier: Apache-2.0 */
/* The transactions of a dry run are rolled back, so the database does not know what earlier batches would have stored.
 * The accounts that would have been made are remembered here, by hashes of what others must not have. */
#include "import_private.h"

#include "random.h"
#include "unicode.h"

#include <apr_strings.h>

/* The key of a value in the table: values of different kinds may be the same text. */
static const char *table_key(const um_import_t *import, const char *kind, const char *value)
{
    return apr_pstrcat(import->pool, kind, value, NULL);
}

static int is_noted(const um_import_t *import, const char *kind, const char *value)
{
    return value && *value && um_import_names_find(import->would_be, table_key(import, kind, value));
}

static void note_value(const um_import_t *import, const char *kind, const char *value)
{
    if (value && *value) {
        (void)um_import_names_add(import->would_be, table_key(import, kind, value), 1);
    }
}

/* Two rows of one name are refused in the whole file, so names need not be compared here. */
void um_import_dry_account(um_import_t *import, um_import_entry_t *entry)
{
    if (entry->result != UM_IMPORT_MADE) {
        return;
    }
    if (is_noted(import, "id ", entry->given) || is_noted(import, "alias ", entry->row->alias)) {
        entry->result = import->options->on_conflict == UM_IMPORT_UPDATE ? UM_IMPORT_UPDATED : UM_IMPORT_SKIPPED;
        return;
    }
    if (is_noted(import, "email ", entry->keys.email_claim)) {
        entry->result = UM_IMPORT_REFUSED;
        entry->why = "another account has the e-mail address";
        return;
    }
    note_value(import, "id ", entry->given);
    note_value(import, "alias ", entry->row->alias);
    note_value(import, "name ", entry->keys.username_key);
    note_value(import, "email ", entry->keys.email_claim);
}

int um_import_dry_has_owner(const um_import_t *import, const um_import_token_t *token)
{
    const char *key = NULL;

    if (token->username && um_unicode_key(import->pool, token->username, &key) != APR_SUCCESS) {
        key = NULL;
    }
    return is_noted(import, "id ", token->id ? um_random_uuid_parse(import->pool, token->id) : NULL)
           || is_noted(import, "alias ", token->alias) || is_noted(import, "name ", key);
}
