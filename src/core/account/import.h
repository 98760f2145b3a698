/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IMPORT_H
#define UM_IMPORT_H
/* Importing accounts from another program. Readers of formats (import_format.h) give rows one after the other; they are
 * checked as at registration, and stored in batches, each in a transaction. What was stored stays when the import is
 * ended in the middle: the next one finds it there. The memory does not grow with the number of accounts, except by 24
 * bytes for each, with which a second line of the same name is found; and in a dry run by as many for each of its name,
 * id, number and unique address. */
#include "ctx.h"
#include "profile.h"

typedef struct json_object um_json_t;   /* json.h */
typedef struct um_import_t um_import_t;

/** What is done about an account that is there already. */
typedef enum {
    UM_IMPORT_SKIP,             /**< it stays as it is */
    UM_IMPORT_UPDATE,           /**< it becomes as the row says */
    UM_IMPORT_FAIL              /**< the import ends */
} um_import_conflict_e;

typedef struct um_import_options_t {
    um_import_conflict_e on_conflict;
    int dry_run;                /**< all is checked, each transaction is rolled back */
    apr_int64_t tokens_until;   /**< seconds since the epoch; 0: tokens are left out */
    const char *model;          /**< Django's model of users, such as auth.user */
    const char *columns;        /**< names of CSV's columns, by commas; NULL: the first line has them */
    /** Told of each row that is not stored: where it stands ("line 12"), the account's name or "", and why. */
    void (*refuse)(void *baton, const char *where, const char *name, const char *why);
    /** Called after each batch; NULL: nobody. */
    void (*progress)(void *baton, const um_import_t *import);
    void *baton;
} um_import_options_t;

typedef struct um_import_counts_t {
    apr_int64_t made, updated, skipped, refused;    /**< accounts */
    apr_int64_t groups;                             /**< that were made */
    apr_int64_t tokens, tokens_skipped;             /**< stored; there already, or left out */
} um_import_counts_t;

/** An account as a file has it. Texts are UTF-8; NULL: the file does not say. */
typedef struct um_import_row_t {
    const char *where;          /**< "line 12" */
    const char *id;             /**< a UUID in any spelling; NULL: a new one is made */
    const char *alias;          /**< a number, see alias.h */
#define UM_IMPORT_MEMBER(name, ...) const char *name;
    UM_PROFILE(UM_IMPORT_MEMBER)
#undef UM_IMPORT_MEMBER
    const char *password;       /**< the hash; "!" and what follows: unusable, and no mail may change that; "" or NULL:
                                 * none yet, a reset mail can give it one */
    um_json_t *custom;          /**< custom fields that are said (custom_input.h); NULL: none */
    int is_inactive, is_staff, email_verified;
    apr_int64_t created_at;     /**< 0: now */
    apr_int64_t last_sign_in_at;    /**< 0: never, or not known */
    const apr_array_header_t *groups;   /**< const char *: names as stored (um_import_group()); NULL: not said */
} um_import_row_t;

/** A token as a file has it. The account is named by one of id, alias and username. */
typedef struct um_import_token_t {
    const char *where, *id, *alias, *username;
    const char *token;
    apr_int64_t created_at;     /**< 0: now */
} um_import_token_t;

/** Starts an import. It lives as long as ctx->pool. options must outlive it. */
um_import_t *um_import_begin(um_ctx_t *ctx, const um_import_options_t *options);

const um_import_options_t *um_import_options(const um_import_t *import);
const um_import_counts_t *um_import_counts(const um_import_t *import);

/** The pool for what a reader makes of a row. It is cleared when a batch has been stored. */
apr_pool_t *um_import_pool(const um_import_t *import);

/** Counts and tells a row that is not stored. */
void um_import_refuse(um_import_t *import, const char *where, const char *name, const char *why);

/** To be called before each record is read. Stores the batch when it is full, and then clears um_import_pool().
 * Statuses: UM_OK; UM_INVALID: the import ends because of UM_IMPORT_FAIL, which was told; UM_UNAVAILABLE, UM_FAILED
 * with the cause in the ctx of um_import_begin(). */
um_status_e um_import_next(um_import_t *import);

/** Adds an account, or refuses it. row and all that it points to must live in um_import_pool(). At most one account or
 * token is added for each um_import_next(). */
void um_import_user(um_import_t *import, const um_import_row_t *row);

/** Adds a token, in the same way. Tokens come after their accounts. */
void um_import_token(um_import_t *import, const um_import_token_t *token);

/** Makes a group unless it is there. Names of groups have no blanks and few signs: others become "-". *stored is the
 * name in the pool of um_import_begin(); NULL: no name is left, which was told. UM_UNAVAILABLE, UM_FAILED. */
um_status_e um_import_group(um_import_t *import, const char *where, const char *name, const char **stored);

/** Stores what has been added so far; statuses as above. */
um_status_e um_import_flush(um_import_t *import);

/** Stores the rest, and the event that tells of the import. */
um_status_e um_import_end(um_import_t *import);

#endif
