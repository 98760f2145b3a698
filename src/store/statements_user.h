/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h that is about users; see there. The columns are those of user_columns.h. */

/* The columns of the table: name, type, and whether null is refused. */
UM_STATEMENT(USERS_TABLE, READ, 0,
    UM_SQL2("select a.attname, format_type(a.atttypid, null), case when a.attnotnull then 1 else 0 end"
            " from pg_attribute a where a.attrelid = to_regclass('um_users') and a.attnum > 0 and not a.attisdropped",
            "select name, lower(type), \"notnull\" from pragma_table_info('um_users')"))

UM_STATEMENT(USER_BY_ID, READ, 1,
    "select " UM_USER_COLUMNS " from um_users u where u.id = " UM_UUID)

UM_STATEMENT(USER_BY_KEY, READ, 1,
    "select " UM_USER_COLUMNS " from um_users u where u.username_key = cast(%s as text)")

/* The names of the accounts in a list of ids (JSON). */
UM_STATEMENT(USER_NAMES, READ, 1,
    "select u.id, u.username from "
    UM_SQL2("jsonb_array_elements_text(cast(%s as jsonb)) n(value) join um_users u on u.id = cast(n.value as uuid)",
            "json_each(%s) n join um_users u on u.id = n.value"))

/* The account that had this key in the program from which it was imported. */
UM_STATEMENT(USER_BY_ALIAS, READ, 1,
    "select u.id from um_users u where u.alias = cast(%s as text)")

/* The account that is meant by what somebody has typed to sign in. Values that are NULL equal nothing. The name comes
 * first. */
UM_STATEMENT(USER_BY_LOGIN, READ, 3,
    "select " UM_USER_COLUMNS " from um_users u where u.username_key = cast(%s as text)"
    " or u.email_claim = cast(%s as text) order by case when u.username_key = cast(%s as text) then 0 else 1 end"
    " limit 1")

/* The accounts that have the name or, where addresses are unique, the address: also accounts that had it before that.
 * */
UM_STATEMENT(USER_TAKEN, READ, 4,
    "select case when u.username_key = cast(%s as text) then 1 else 0 end,"
    " case when u.email_key = cast(%s as text) then 1 else 0 end"
    " from um_users u where u.username_key = cast(%s as text) or u.email_key = cast(%s as text) limit 20")

UM_STATEMENT(USER_EMAIL_TAKEN, READ, 2,
    "select u.id from um_users u where u.email_key = cast(%s as text) and u.id <> " UM_UUID " limit 1")

UM_STATEMENT(USER_INSERT, WRITE, UM_STORE_USER_VALUES, UM_USER_INSERT)

UM_STATEMENT(USER_LOCK, READ, 1,
    "select " UM_USER_COLUMNS " from um_users u where u.id = " UM_UUID UM_SQL2(" for update", ""))

/* A field that is NULL keeps its value. The condition has nothing but the key: PostgreSQL keeps one plan for all values
 * only if no value can make the plan cheaper. */
UM_STATEMENT_AND_EVENT(USER_UPDATE, UM_USER_TEXTS + 2,
    "update um_users as u set " UM_USER_SET_TEXTS UM_USER_SET_KEYS "updated_at = cast(%s as bigint) where id = " UM_UUID
    UM_USER_RETURNING)

/* The same with the address. A new address is not verified. No row when the present address is not the last value: the
 * notice of the change goes to that address. */
#define UM_USER_READDRESS \
    "update um_users as u set " UM_USER_SET_TEXTS UM_USER_SET_KEYS \
    "email = cast(%s as text), email_key = cast(%s as text)," \
    " email_claim = nullif(cast(%s as text), '')," \
    " email_verified = case when u.email_key = cast(%s as text) then u.email_verified else 0 end," \
    " updated_at = cast(%s as bigint) where id = " UM_UUID " and u.email = cast(%s as text)"

UM_STATEMENT_AND_EVENT(USER_READDRESS, UM_USER_TEXTS + 7, UM_USER_READDRESS UM_USER_RETURNING)

/* Where addresses are unique. No row when another account has the address, also one that had it before that. */
UM_STATEMENT_AND_EVENT(USER_READDRESS_CLAIM, UM_USER_TEXTS + 8,
    UM_USER_READDRESS
    " and not exists (select 1 from um_users o where o.email_key = cast(%s as text) and o.id <> u.id)"
    UM_USER_RETURNING)

/* Accounts whose address has a key of a former kind. The condition must be that of the index um_users_old_key. */
UM_STATEMENT(USERS_OLD_KEY, READ, 1,
    "select id, email, email_key from um_users"
    " where " UM_SQL2("octet_length(email) <> char_length(email)"
                      " and strpos(substr(email_key, strpos(email_key, '@')), 'xn--') = 0"
                      " and strpos(email_key, '@?') = 0",
                      "length(cast(email as blob)) <> length(email)"
                      " and instr(substr(email_key, instr(email_key, '@')), 'xn--') = 0"
                      " and instr(email_key, '@?') = 0")
    " and id > " UM_UUID " order by id limit 2000")

UM_STATEMENT(USER_REKEY, WRITE, 8,
    "update um_users as u set email = cast(%s as text), email_key = cast(%s as text),"
    " email_claim = case when u.email_claim is null or exists (select 1 from um_users o where o.id <> u.id"
    " and o.email_claim = cast(%s as text)) then null else cast(%s as text) end,"
    " email_verified = case when cast(%s as integer) = 1 then u.email_verified else 0 end"
    " where id = " UM_UUID " and u.email = cast(%s as text) and u.email_key = cast(%s as text) returning id")

/* Only while the version is the last value: otherwise the credentials were changed meanwhile. */
UM_STATEMENT(USER_PASSWORD, WRITE, 5,
    "update um_users set password = cast(%s as text), version = " UM_UUID ", updated_at = cast(%s as bigint)"
    " where id = " UM_UUID " and version = " UM_UUID " returning id")

/* With a one-time token: only while the account is active and has the address that the token was sent to. The first
 * password of an invited account verifies the address. */
UM_STATEMENT(USER_RESET, WRITE, 6,
    "update um_users set password = cast(%s as text), version = " UM_UUID ", updated_at = cast(%s as bigint),"
    " email_verified = case when password = 'invited' then 1 else email_verified end"
    " where id = " UM_UUID " and version = " UM_UUID " and email_key = cast(%s as text) and is_active = 1 returning id")

/* A better hash of the same password: the version stays, so no session ends. */
UM_STATEMENT(USER_REHASH, WRITE, 3,
    "update um_users set password = cast(%s as text)"
    " where id = " UM_UUID " and password = cast(%s as text) returning id")

/* Each of the two states has its own statement, which must not write other values that were read before. */
UM_STATEMENT_AND_EVENT(USER_ACTIVE, 4,
    "update um_users set is_active = cast(%s as smallint), version = " UM_UUID ", updated_at = cast(%s as bigint)"
    " where id = " UM_UUID UM_USER_RETURNING)

UM_STATEMENT_AND_EVENT(USER_STAFF, 4,
    "update um_users set is_staff = cast(%s as smallint), version = " UM_UUID ", updated_at = cast(%s as bigint)"
    " where id = " UM_UUID UM_USER_RETURNING)

/* All states at once, after the row was read in the same transaction. */
UM_STATEMENT(USER_STATE, WRITE, 6,
    "update um_users as u set is_active = cast(%s as smallint), is_staff = cast(%s as smallint),"
    " email_verified = cast(%s as smallint), version = " UM_UUID ", updated_at = cast(%s as bigint) where id = " UM_UUID
    UM_USER_RETURNING)

/* Ends all sessions of a user. */
UM_STATEMENT_AND_EVENT(USER_RENEW, 3,
    "update um_users set version = " UM_UUID ", updated_at = cast(%s as bigint) where id = " UM_UUID " returning id")

/* Changes nothing. Locks the row if it is as it was read and was last changed at the last value or before. */
UM_STATEMENT(USER_MATCH, WRITE, UM_USER_FIELDS + 5,
    "update um_users set updated_at = updated_at where id = " UM_UUID UM_USER_MATCHES
    " and is_active = cast(%s as smallint) and is_staff = cast(%s as smallint)"
    " and email_verified = cast(%s as smallint) and updated_at <= cast(%s as bigint) returning id")

UM_STATEMENT_AND_EVENT(USER_DELETE, 1,
    "delete from um_users where id = " UM_UUID " returning id, username_key")
