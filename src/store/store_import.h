/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_IMPORT_H
#define UM_STORE_IMPORT_H
/* Many accounts by one statement each, in a transaction, and pages of accounts to export. rows is a list of lists
 * in JSON, one of them a row. Their elements are texts, and the numbers too: n is the number of a row. All return
 * APR_EGENERAL, with the reason in the call's cause, when the database did not execute the statement. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;
typedef struct um_user_t um_user_t;

/** An account that is there and that a row concerns. */
typedef struct um_store_import_found_t {
    int row;
    const char *by;            /**< id, alias, name or email: what the row and the account have in common */
    const char *id;
    const char *alias;         /**< NULL: none */
} um_store_import_found_t;

/** To be called before an import: gives SQLite the memory for the pages of its indexes, 32 MiB. Without it most of the
 * time goes into writing and reading them again. */
apr_status_t um_store_import_begin(um_store_call_t *call);

/** Elements: n, given (the id that the row names, or null), alias, username_key, email_claim; each of the last four may
 * be null. *found holds um_store_import_found_t. */
apr_status_t um_store_import_look(um_tx_t *tx, const char *rows, apr_array_header_t **found);

/** Stores accounts, or changes those that are there. Elements: id, the profile (an object of its fields), username_key,
 * first_name_key, last_name_key, email_key, email_claim (or null), email_verified, password, version, is_active,
 * is_staff, alias (or null), created_at, last_sign_in_at (or null), updated_at, custom (a JSON object as text, in which
 * null stands for no value; or null: those that are there stay). *names holds the username_key (const char *) of those
 * that were stored; no two rows may have the same one. A new account whose id, name, address or number another one has
 * is left out. A changed one whose state and password stay keeps its version. */
apr_status_t um_store_import_insert(um_tx_t *tx, const char *rows, apr_array_header_t **names);
apr_status_t um_store_import_update(um_tx_t *tx, const char *rows, apr_array_header_t **names);

/** Ends all memberships of accounts. Elements: id. */
apr_status_t um_store_import_leave(um_tx_t *tx, const char *rows);
/** Adds accounts to groups. Elements: id, group (its name). Those that are members already stay. */
apr_status_t um_store_import_join(um_tx_t *tx, const char *rows);

/** Stores tokens. Elements: n; id, alias and username_key of the account, of which one is not null; session, hash,
 * created_at, expires_at. owned[n] becomes 1 for a token that has an account, else 0.
 * @param renew  a token that is there gets the new end and the account's present version
 * @param stored  how many were stored or renewed */
apr_status_t um_store_import_tokens(um_tx_t *tx, const char *rows, int renew, char *owned, int count, int *stored);

/** An account to export. */
typedef struct um_store_export_t {
    um_user_t *user;
    const char *groups;        /**< names in order, joined by commas */
    const char *alias;         /**< NULL: none */
    apr_int64_t created_at;
    apr_int64_t last_sign_in_at;    /**< 0: never, or not known */
    int email_verified;
} um_store_export_t;

/** The accounts (um_store_export_t) after an id, in the order of ids, at most most. after NULL: from the first. */
apr_status_t um_store_import_page(um_store_call_t *call, const char *after, int most, apr_array_header_t **users);

#endif
