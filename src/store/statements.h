/* SPDX-License-Identifier: Apache-2.0 */
/* Every SQL statement of the product: UM_STATEMENT(name, kind, values, text). No include guard: statements.c includes it
 * once for each dialect, with UM_UUID (a value that is a UUID) and UM_SQL2 (where the two texts have to differ) spelt the
 * way that database wants it.
 *
 * kind   READ, or WRITE (under the write lock on SQLite)
 * values how many values the statement takes: APR does not check it and would read beyond the list
 *
 * Ground rules: one text for both databases wherever it can be; a number is cast(%s as bigint), because SQLite compares a
 * bound text with an expression as false; a percent sign that is no value is doubled; what may collide or race says so
 * with "on conflict" or "where", and "returning" tells who won. */

/* A row when the table of steps is there. Asking the table itself would be an error in an empty database, and on
 * PostgreSQL an error in the middle of a transaction ends it. */
UM_STATEMENT(SCHEMA_TABLE, READ, 0,
    UM_SQL2("select 1 where to_regclass('um_schema') is not null",
            "select 1 from sqlite_master where type = 'table' and name = 'um_schema'"))

UM_STATEMENT(SCHEMA_STEPS, READ, 0,
    "select step, name from um_schema order by step")

/* --- users --- */

#define UM_USER_COLUMNS \
    "u.id, u.username, u.first_name, u.last_name, u.email, u.password, u.version, u.is_active, u.is_staff"

UM_STATEMENT(USER_BY_ID, READ, 1,
    "select " UM_USER_COLUMNS " from um_users u where u.id = " UM_UUID)

UM_STATEMENT(USER_BY_KEY, READ, 1,
    "select " UM_USER_COLUMNS " from um_users u where u.username_key = cast(%s as text)")

/* Whether the name, or where e-mail addresses are exclusive the address, is taken by anybody but this id. */
UM_STATEMENT(USER_TAKEN, READ, 3,
    "select case when u.username_key = cast(%s as text) then 1 else 0 end"
    " from um_users u where (u.username_key = cast(%s as text) or u.email_claim = cast(%s as text))")

UM_STATEMENT(USER_EMAIL_TAKEN, READ, 2,
    "select u.id from um_users u where u.email_claim = cast(%s as text) and u.id <> " UM_UUID)

UM_STATEMENT(USER_INSERT, WRITE, 13,
    "insert into um_users (id, username, username_key, first_name, last_name, email, email_key, email_claim, password,"
    " version, is_staff, created_at, updated_at)"
    " values (" UM_UUID ", cast(%s as text), cast(%s as text), cast(%s as text), cast(%s as text), cast(%s as text),"
    " cast(%s as text), cast(%s as text), cast(%s as text), " UM_UUID ", cast(%s as smallint), cast(%s as bigint),"
    " cast(%s as bigint))"
    " on conflict do nothing returning id")

/* A member that is absent (NULL) keeps its value. */
UM_STATEMENT(USER_UPDATE, WRITE, 7,
    "update um_users as u set first_name = coalesce(cast(%s as text), u.first_name),"
    " last_name = coalesce(cast(%s as text), u.last_name), email = coalesce(cast(%s as text), u.email),"
    " email_key = coalesce(cast(%s as text), u.email_key),"
    " email_claim = nullif(coalesce(cast(%s as text), u.email_claim), ''),"
    " updated_at = cast(%s as bigint)"
    " where id = " UM_UUID " returning id, username, first_name, last_name, email, password, version, is_active, is_staff")

/* Only while nobody else has changed the credentials: the old version must still stand. */
UM_STATEMENT(USER_PASSWORD, WRITE, 5,
    "update um_users set password = cast(%s as text), version = " UM_UUID ", updated_at = cast(%s as bigint)"
    " where id = " UM_UUID " and version = " UM_UUID " returning id")

/* A better hash of the same password: the version stays, no token dies. */
UM_STATEMENT(USER_REHASH, WRITE, 3,
    "update um_users set password = cast(%s as text) where id = " UM_UUID " and password = cast(%s as text) returning id")

UM_STATEMENT(USER_STATE, WRITE, 5,
    "update um_users set is_active = cast(%s as smallint), is_staff = cast(%s as smallint), version = " UM_UUID ","
    " updated_at = cast(%s as bigint) where id = " UM_UUID " returning id")

UM_STATEMENT(USER_DELETE, WRITE, 1,
    "delete from um_users where id = " UM_UUID " returning id")

/* --- sessions --- */

/* The caller of a request in one look: the session, whether it still stands, and the user. */
UM_STATEMENT(SESSION_USER, READ, 1,
    "select " UM_USER_COLUMNS ", case when s.user_version = u.version then 1 else 0 end, s.expires_at"
    " from um_sessions s join um_users u on u.id = s.user_id where s.id = " UM_UUID)

UM_STATEMENT(SESSION_BY_ID, READ, 1,
    "select s.id from um_sessions s where s.id = " UM_UUID)

/* Only for a user who is active and whose credentials are still those that were checked. */
UM_STATEMENT(SESSION_INSERT, WRITE, 7,
    "insert into um_sessions (id, user_id, user_version, created_at, expires_at, address, user_agent)"
    " select " UM_UUID ", u.id, u.version, cast(%s as bigint), cast(%s as bigint), cast(%s as text), cast(%s as text)"
    " from um_users u where u.id = " UM_UUID " and u.version = " UM_UUID " and u.is_active = 1"
    " on conflict do nothing returning id")
