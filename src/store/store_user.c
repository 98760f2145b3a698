/* SPDX-License-Identifier: Apache-2.0 */
#include "store_user.h"

#include <apr_strings.h>

static int is_set(const char *column)
{
    return column && column[0] == '1';
}

um_user_t *um_store_user_read(apr_pool_t *pool, const char *const *row)
{
    um_user_t *user = apr_pcalloc(pool, sizeof(*user));

    user->id = row[0];
    user->username = row[1];
    user->first_name = row[2];
    user->last_name = row[3];
    user->email = row[4];
    user->password = row[5];
    user->version = row[6];
    user->is_active = is_set(row[7]);
    user->is_waiting = row[7] && row[7][0] == '2';
    user->is_staff = is_set(row[8]);
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

apr_status_t um_store_user_by_key(um_store_call_t *call, const char *username_key, um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_BY_KEY, UM_VALUES(username_key), &rows);

    *user = first(call->pool, &rows);
    return rv;
}

/* SQL's null where nothing is claimed: it equals nothing. */
static const char *claim(const char *text)
{
    return text && *text ? text : NULL;
}

apr_status_t um_store_user_taken(um_store_call_t *call, const um_user_keys_t *keys, int *name, int *email)
{
    const char *email_key = claim(keys->email_claim);
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_TAKEN,
                                   UM_VALUES(keys->username_key, email_key, keys->username_key, email_key), &rows);

    *name = *email = 0;
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

apr_status_t um_store_user_insert(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, const um_user_keys_t *keys,
                                  apr_int64_t now, int *done)
{
    const char *at = um_store_number(pool, now);
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_INSERT,
                                      UM_VALUES(user->id, user->username, keys->username_key, user->first_name,
                                                user->last_name, user->email, keys->email_key, claim(keys->email_claim),
                                                user->password, user->version, user->is_waiting ? "2" : "1", at, at),
                                      &rows);

    *done = rows.count > 0;
    return rv;
}

#define UPDATE_VALUES 9

static const char *const *update_values(apr_pool_t *pool, const um_user_t *change, const um_user_keys_t *keys,
                                        apr_int64_t now)
{
    const char **values = apr_pcalloc(pool, UPDATE_VALUES * sizeof(*values));

    values[0] = change->first_name;
    values[1] = change->last_name;
    values[2] = change->email;
    values[3] = keys->email_key;
    values[4] = keys->email_claim;
    values[5] = keys->email_key;
    values[6] = um_store_number(pool, now);
    values[7] = change->id;
    values[8] = keys->email_claim;
    return values;
}

apr_status_t um_store_user_update(um_store_call_t *call, const um_user_t *change, const um_user_keys_t *keys,
                                  apr_int64_t now, um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_UPDATE, update_values(call->pool, change, keys, now),
                                   UPDATE_VALUES, &rows);

    *user = first(call->pool, &rows);
    return rv;
}

apr_status_t um_store_user_update_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change,
                                     const um_user_keys_t *keys, apr_int64_t now, um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_UPDATE, update_values(pool, change, keys, now), UPDATE_VALUES,
                                      &rows);

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

apr_status_t um_store_user_state(um_store_call_t *call, const um_user_t *user, apr_int64_t now, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_STATE,
                                   UM_VALUES(user->is_waiting ? "2" : user->is_active ? "1" : "0",
                                             user->is_staff ? "1" : "0", user->version,
                                             um_store_number(call->pool, now), user->id), &rows);

    *done = rows.count > 0;
    return rv;
}

apr_status_t um_store_user_delete(um_store_call_t *call, const char *id, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_DELETE, UM_VALUES(id), &rows);

    *done = rows.count > 0 || rows.again;
    return rv;
}
