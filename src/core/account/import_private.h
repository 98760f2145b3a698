/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IMPORT_PRIVATE_H
#define UM_IMPORT_PRIVATE_H
/* What the files import*.c share. */
#include "import.h"
#include "json.h"
#include "store.h"
#include "store_user.h"

/** Rows of a batch. */
#define UM_IMPORT_BATCH 2500

/** What became of a row in its batch. */
typedef enum {
    UM_IMPORT_OPEN, UM_IMPORT_MADE, UM_IMPORT_UPDATED, UM_IMPORT_SKIPPED, UM_IMPORT_REFUSED
} um_import_result_e;

/** A checked account in a batch. */
typedef struct um_import_entry_t {
    const um_import_row_t *row;
    um_user_t user;             /**< its id is that of the account that is there, once one was found */
    um_user_keys_t keys;
    const char *given;          /**< the id of the row, canonical; NULL: none */
    const char *made_id;        /**< where given is NULL */
    apr_int64_t created_at;
    int email_verified;
    um_import_result_e result;
    const char *why;            /**< with UM_IMPORT_REFUSED */
} um_import_entry_t;

/** A table of the names that were read: 64 bits of a hash of each, and its line. */
typedef struct um_import_names_t um_import_names_t;

struct um_import_t {
    um_ctx_t *ctx;              /**< of the whole import */
    const um_import_options_t *options;
    um_import_counts_t counts;
    apr_pool_t *pool;           /**< of the present batch */
    um_import_entry_t *entries; /**< UM_IMPORT_BATCH of them */
    int entry_count;
    const um_import_token_t **tokens;
    int token_count;
    int records;                /**< that were read for this batch */
    apr_hash_t *groups;         /**< their names in the file, and as they are stored */
    apr_hash_t *made_groups;    /**< names as stored of those that a dry run would have made */
    um_import_names_t *names;
    um_import_names_t *would_be;    /**< of a dry run: ids, numbers, names and addresses that it would have stored */
    apr_int64_t number;         /**< of the account that was added last, from 1 on */
};

/* --- import_check.c --- */

/** Checks a row and fills entry. NULL, or why the row is refused; the text is in the import's pool. */
const char *um_import_check(um_import_t *import, const um_import_row_t *row, um_import_entry_t *entry);

/** Sets a custom field of row, if the site has one of that name; 0: it has not. *why: the value is none for it. "" of a
 * field that accounts must have says nothing, because accounts from before it was one have no value. */
int um_import_check_custom(um_import_t *import, um_import_row_t *row, const char *name, const char *value,
                           const char **why);

/** Why a stored hash cannot be used; NULL: it can. */
const char *um_import_check_hash(apr_pool_t *pool, const char *hash);

/* --- import_names.c --- */

um_import_names_t *um_import_names_create(apr_pool_t *pool);

/** Adds the key of a name that was read as the number-th account. Gives the number under which it was read before; 0:
 * it was not. */
apr_int64_t um_import_names_add(um_import_names_t *names, const char *key, apr_int64_t number);

/** The number under which a key was added; 0: it was not. */
apr_int64_t um_import_names_find(const um_import_names_t *names, const char *key);

/* --- import_batch.c --- */

/** Runs a transaction of a batch, until it is committed or rolled back. While another program has the database locked
 * it is tried again for some seconds. After a lost COMMIT it is done once more: what was stored is then found there. */
um_status_e um_import_run(um_import_t *import, um_store_tx_fn *fn, void *baton);

/** Writes a number as text. */
void um_import_write_number(um_json_writer_t *rows, apr_int64_t number);

/** Stores the accounts of the batch, and tells what became of them. */
um_status_e um_import_store_users(um_import_t *import);

/* --- import_dry_run.c: what a dry run would have stored before the present batch --- */

/** Looks whether an account that would be made meets one of an earlier batch, and changes what becomes of it then.
 * Otherwise notes it. */
void um_import_dry_account(um_import_t *import, um_import_entry_t *entry);

/** Whether a token is of an account that would have been made. */
int um_import_dry_has_owner(const um_import_t *import, const um_import_token_t *token);

/* --- import_tokens.c --- */

/** The same for the tokens. */
um_status_e um_import_store_tokens(um_import_t *import);

#endif
