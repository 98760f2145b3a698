/* SPDX-License-Identifier: Apache-2.0 */
#include "store_user.h"

#include <apr_strings.h>
#include <string.h>

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
    const char *at = um_store_number(pool, now);
    const char *const all[UM_STORE_USER_VALUES] = {
        user->id, user->username, keys->username_key, user->first_name, user->last_name, user->email, keys->email_key,
        claim(keys->email_claim), user->password, user->version, user->is_waiting ? "2" : "1", at, at,
    };

    memcpy(values, all, sizeof(all));
}

#define MOST_UPDATE_VALUES 10

/* A statement with its values. */
typedef struct update_t {
    um_statement_e id;
    const char *values[MOST_UPDATE_VALUES];
    int count;
} update_t;

static update_t make_update(apr_pool_t *pool, const um_user_t *change, const um_user_keys_t *keys,
                            const char *email_before, apr_int64_t now)
{
    const char *at = um_store_number(pool, now);

    if (!change->email) {
        return (update_t){ UM_SQL_USER_UPDATE, { change->first_name, change->last_name, at, change->id }, 4 };
    }
    return (update_t){
        claim(keys->email_claim) ? UM_SQL_USER_READDRESS_CLAIM : UM_SQL_USER_READDRESS,
        { change->first_name, change->last_name, change->email, keys->email_key, keys->email_claim, keys->email_key, at,
          change->id, email_before, keys->email_claim },
        claim(keys->email_claim) ? 10 : 9
    };
}

apr_status_t um_store_user_update(um_store_call_t *call, const um_user_t *change, const um_user_keys_t *keys,
                                  const char *email_before, apr_int64_t now, um_user_t **user)
{
    update_t update = make_update(call->pool, change, keys, email_before, now);
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, update.id, update.values, update.count, &rows);

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

static apr_status_t set_state(um_store_call_t *call, um_statement_e id, const um_user_t *change, int on,
                              apr_int64_t now, um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, id, UM_VALUES(on ? "1" : "0", change->version,
                                                       um_store_number(call->pool, now), change->id), &rows);

    *user = first(call->pool, &rows);
    return rv;
}

apr_status_t um_store_user_active(um_store_call_t *call, const um_user_t *change, apr_int64_t now, um_user_t **user)
{
    return set_state(call, UM_SQL_USER_ACTIVE, change, change->is_active, now, user);
}

apr_status_t um_store_user_staff(um_store_call_t *call, const um_user_t *change, apr_int64_t now, um_user_t **user)
{
    return set_state(call, UM_SQL_USER_STAFF, change, change->is_staff, now, user);
}

apr_status_t um_store_user_match(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, apr_int64_t unmodified_since,
                                 int *matches)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_MATCH,
                                      UM_VALUES(user->id, user->username, user->first_name, user->last_name,
                                                user->email, um_store_number(pool, unmodified_since)), &rows);

    *matches = rows.count > 0;
    return rv;
}

apr_status_t um_store_user_delete(um_store_call_t *call, const char *id, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_DELETE, UM_VALUES(id), &rows);

    *done = rows.count > 0 || rows.again;
    return rv;
}
