/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h about what an administrator does to an account. statements.h includes it and has the
 * rules. */

UM_STATEMENT(USERS_OF_EMAIL, READ, 2,
    "select " UM_USER_COLUMNS " from um_users u where u.email_key = cast(%s as text)"
    " order by u.id limit cast(%s as integer)")

/* What no other statement reads of an account: its last change, and about its valid sessions. */
UM_STATEMENT(USER_DETAILS, READ, 3,
    "select u.updated_at,"
    " (select count(*) from um_sessions s where s.user_id = u.id and s.user_version = u.version"
    " and s.expires_at > cast(%s as bigint)),"
    " (select max(s.created_at) from um_sessions s where s.user_id = u.id and s.user_version = u.version"
    " and s.expires_at > cast(%s as bigint))"
    " from um_users u where u.id = " UM_UUID)

/* For a new account, in the transaction that inserts it. */
UM_STATEMENT(USER_GRANT, WRITE, 3,
    "update um_users set is_staff = cast(%s as smallint), email_verified = cast(%s as smallint)"
    " where id = " UM_UUID " returning id")

/* No row when the account is gone or has another name than before, or when another account has the new name. */
UM_STATEMENT(USER_RENAME, WRITE, 6,
    "update um_users as u set username = cast(%s as text), username_key = cast(%s as text),"
    " updated_at = cast(%s as bigint) where id = " UM_UUID " and u.username_key = cast(%s as text)"
    " and not exists (select 1 from um_users o where o.username_key = cast(%s as text) and o.id <> u.id)"
    UM_USER_RETURNING)

/* Whatever the password is now: an administrator does not know it, and the last one to set it decides. */
UM_STATEMENT(USER_SET_PASSWORD, WRITE, 4,
    "update um_users set password = cast(%s as text), version = " UM_UUID ", updated_at = cast(%s as bigint)"
    " where id = " UM_UUID UM_USER_RETURNING)

/* No row when the account is gone, has no address, or has another one than was read. */
UM_STATEMENT_AND_EVENT(USER_VERIFY, 3,
    "update um_users set email_verified = 1, is_active = case when is_active = 2 then 1 else is_active end,"
    " updated_at = cast(%s as bigint) where id = " UM_UUID " and email = cast(%s as text) and email <> ''"
    UM_USER_RETURNING)
