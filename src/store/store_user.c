/* SPDX-License-Identifier: Apache-2.0 */
#include "store_user.h"

#include "store_sql.h"
#include "unicode.h"
#include "user_columns.h"

#include <apr_strings.h>
#include <string.h>

static int is_set(const char *column)
{
    return column && column[0] == '1';
}

static apr_int64_t number(const char *column)
{
    return column ? apr_atoi64(column) : 0;
}

um_user_t *um_store_user_read(apr_pool_t *pool, const char *const *row)
{
    um_user_t *user = apr_pcalloc(pool, sizeof(*user));

#define READ(name, ...) user->name = row[UM_USER_AT_##name];
    UM_PROFILE(READ)
#undef READ
    user->id = row[UM_USER_AT_id];
    user->custom = row[UM_USER_AT_custom];
    user->password = row[UM_USER_AT_password];
    user->version = row[UM_USER_AT_version];
    user->is_active = is_set(row[UM_USER_AT_is_active]);
    user->is_waiting = row[UM_USER_AT_is_active] && row[UM_USER_AT_is_active][0] == '2';
    user->is_invited = strcmp(user->password, UM_USER_INVITED) == 0;
    user->is_staff = is_set(row[UM_USER_AT_is_staff]);
    user->is_verified = is_set(row[UM_USER_AT_email_verified]);
    user->created_at = number(row[UM_USER_AT_created_at]);
    user->last_sign_in_at = number(row[UM_USER_AT_last_sign_in_at]);
    return user;
}

static um_user_t *first(apr_pool_t *pool, const um_rows_t *rows)
{
    return rows->count ? um_store_user_read(pool, rows->row[0]) : NULL;
}

apr_status_t um_store_user_by_id(um_store_call_t *call, const char *id, um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_BY_ID, UM_VALUES(id), &rows);

    *user = first(call->pool, &rows);
    return rv;
}

apr_status_t um_store_user_id_by_alias(um_store_call_t *call, const char *alias, const char **id)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_BY_ALIAS, UM_VALUES(alias), &rows);

    *id = rows.count ? rows.row[0][0] : NULL;
    return rv;
}

apr_status_t um_store_user_names(um_store_call_t *call, const char *ids, apr_hash_t **names)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_NAMES, UM_VALUES(ids), &rows);

    *names = apr_hash_make(call->pool);
    for (int i = 0; i < rows.count; i++) {
        apr_hash_set(*names, rows.row[i][0], APR_HASH_KEY_STRING, rows.row[i][1]);
    }
    return rv;
}

apr_status_t um_store_user_by_key(um_store_call_t *call, const char *username_key, um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_BY_KEY, UM_VALUES(username_key), &rows);

    *user = first(call->pool, &rows);
    return rv;
}

apr_status_t um_store_user_by_login(um_store_call_t *call, const char *username_key, const char *email_key,
                                    um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_BY_LOGIN, UM_VALUES(username_key, email_key, username_key), &rows);

    *user = first(call->pool, &rows);
    return rv;
}

/* NULL where no address is claimed, because SQL's null equals nothing. */
static const char *claim(const char *text)
{
    return text && *text ? text : NULL;
}

/* The key of a first or last name, in the form of user names'; "" if it has none, and NULL for NULL. */
static const char *name_key(apr_pool_t *pool, const char *name)
{
    const char *key;

    return !name ? NULL : um_unicode_key(pool, name, &key) == APR_SUCCESS ? key : "";
}

apr_status_t um_store_user_taken(um_store_call_t *call, const um_user_keys_t *keys, int *name, int *email)
{
    const char *email_key = claim(keys->email_claim);
    um_rows_t rows;
    apr_status_t rv;

    *name = *email = 0;
    if (!email_key) {
        rv = um_store_run(call, UM_SQL_USER_BY_KEY, UM_VALUES(keys->username_key), &rows);
        *name = rows.count > 0;
        return rv;
    }
    rv = um_store_run(call, UM_SQL_USER_TAKEN,
                      UM_VALUES(keys->username_key, email_key, keys->username_key, email_key), &rows);
    for (int i = 0; i < rows.count; i++) {
        *name |= is_set(rows.row[i][0]);
        *email |= is_set(rows.row[i][1]);
    }
    return rv;
}

apr_status_t um_store_user_email_taken(um_store_call_t *call, const char *email_claim, const char *id, int *taken)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_EMAIL_TAKEN, UM_VALUES(claim(email_claim), id), &rows);

    *taken = rows.count > 0;
    return rv;
}

void um_store_user_values(apr_pool_t *pool, const um_user_t *user, const um_user_keys_t *keys, apr_int64_t now,
                          const char **values)
{
#define FIELD(name, ...) user->name,
#define COLUMN(name, type, value) value,
    const char *const all[] = { user->id, UM_PROFILE(FIELD) UM_USER_NEW(COLUMN) };
#undef FIELD
#undef COLUMN

    _Static_assert(sizeof(all) == UM_STORE_USER_VALUES * sizeof(all[0]), "USER_INSERT has a value for each column");
    memcpy(values, all, sizeof(all));
}

/* A statement with its values. */
typedef struct update_t {
    um_statement_e id;
    const char *values[UM_USER_TEXTS + 8];
    int count;
} update_t;

static update_t make_update(apr_pool_t *pool, const um_user_t *change, const um_user_keys_t *keys,
                            const char *email_before, apr_int64_t now)
{
    const char *at = um_store_number(pool, now);
    const char *first = name_key(pool, change->first_name), *last = name_key(pool, change->last_name);

#define TEXT(name, label, kind, ...) UM_PROFILE_IF_TEXT(kind, change->name,)
    if (!change->email) {
        return (update_t){ UM_SQL_USER_UPDATE, { UM_PROFILE(TEXT) change->custom, first, last, at, change->id },
                           UM_USER_TEXTS + 2 };
    }
    return (update_t){
        claim(keys->email_claim) ? UM_SQL_USER_READDRESS_CLAIM : UM_SQL_USER_READDRESS,
        { UM_PROFILE(TEXT) change->custom, first, last, change->email, keys->email_key, keys->email_claim,
          keys->email_key, at, change->id, email_before, keys->email_claim },
        claim(keys->email_claim) ? UM_USER_TEXTS + 8 : UM_USER_TEXTS + 7
    };
#undef TEXT
}

apr_status_t um_store_user_update(um_store_call_t *call, const um_user_t *change, const um_user_keys_t *keys,
                                  const char *email_before, apr_int64_t now, um_user_t **user)
{
    update_t update = make_update(call->pool, change, keys, email_before, now);
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, update.id, update.values, update.count, &rows);

    /* A new address is set only where the former one is found. The second sending does not find it any more. */
    if (rv == APR_SUCCESS && um_store_event_is_proof(call, &rows)) {
        return um_store_user_by_id(call, change->id, user);
    }
    *user = first(call->pool, &rows);
    return rv;
}

apr_status_t um_store_user_update_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change,
                                     const um_user_keys_t *keys, const char *email_before, apr_int64_t now,
                                     um_user_t **user)
{
    update_t update = make_update(pool, change, keys, email_before, now);
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, update.id, update.values, update.count, &rows);

    *user = first(pool, &rows);
    return rv;
}

apr_status_t um_store_user_lock_tx(um_tx_t *tx, apr_pool_t *pool, const char *id, um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_LOCK, UM_VALUES(id), &rows);

    *user = first(pool, &rows);
    return rv;
}

apr_status_t um_store_user_password(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, const char *old_version,
                                    apr_int64_t now, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_PASSWORD,
                                      UM_VALUES(user->password, user->version, um_store_number(pool, now), user->id,
                                                old_version), &rows);

    *done = rows.count > 0;
    return rv;
}

apr_status_t um_store_user_rehash(um_store_call_t *call, const char *id, const char *old_hash, const char *new_hash)
{
    um_rows_t rows;

    return um_store_run(call, UM_SQL_USER_REHASH, UM_VALUES(new_hash, id, old_hash), &rows);
}

static apr_status_t set_flag(um_store_call_t *call, um_statement_e id, const um_user_t *change, int on,
                             apr_int64_t now, um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, id, UM_VALUES(on ? "1" : "0", change->version,
                                                             um_store_number(call->pool, now), change->id), &rows);

    *user = first(call->pool, &rows);
    return rv;
}

apr_status_t um_store_user_active(um_store_call_t *call, const um_user_t *change, apr_int64_t now, um_user_t **user)
{
    return set_flag(call, UM_SQL_USER_ACTIVE, change, change->is_active, now, user);
}

apr_status_t um_store_user_staff(um_store_call_t *call, const um_user_t *change, apr_int64_t now, um_user_t **user)
{
    return set_flag(call, UM_SQL_USER_STAFF, change, change->is_staff, now, user);
}

static const char *active_of(const um_user_t *user)
{
    return user->is_waiting ? "2" : user->is_active ? "1" : "0";
}

apr_status_t um_store_user_state_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change, apr_int64_t now,
                                    um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_STATE,
                                      UM_VALUES(active_of(change), change->is_staff ? "1" : "0",
                                                change->is_verified ? "1" : "0", change->version,
                                                um_store_number(pool, now), change->id), &rows);

    *user = first(pool, &rows);
    return rv;
}

apr_status_t um_store_user_match(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, apr_int64_t unmodified_since,
                                 int *matches)
{
#define FIELD(name, ...) user->name,
    const char *const values[] = { user->id, UM_PROFILE(FIELD) user->custom, active_of(user),
                                   user->is_staff ? "1" : "0", user->is_verified ? "1" : "0",
                                   um_store_number(pool, unmodified_since) };
#undef FIELD
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_MATCH, values, (int)(sizeof(values) / sizeof(values[0])), &rows);

    *matches = rows.count > 0;
    return rv;
}

apr_status_t um_store_user_delete(um_store_call_t *call, const char *id, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_USER_DELETE, UM_VALUES(id), &rows);

    *done = rows.count > 0 || rows.again;
    return rv;
}

/* --- names of deleted accounts --- */

apr_status_t um_store_user_delete_tx(um_tx_t *tx, const char *user_id, const char **username_key)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_DELETE, UM_VALUES(user_id), &rows);

    *username_key = rows.count ? rows.row[0][1] : NULL;
    return rv;
}

apr_status_t um_store_user_hold_name(um_tx_t *tx, apr_pool_t *pool, const char *hash, apr_int64_t until)
{
    um_rows_t rows;

    return um_store_tx_run(tx, UM_SQL_NAME_HOLD, UM_VALUES(hash, um_store_number(pool, until)), &rows);
}

apr_status_t um_store_user_is_name_held(um_store_call_t *call, const char *hash, apr_int64_t now, int *held)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_NAME_HELD, UM_VALUES(hash, um_store_number(call->pool, now)), &rows);

    *held = rows.count > 0;
    return rv;
}
