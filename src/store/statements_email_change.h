/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h about addresses that are not confirmed yet. statements.h includes it and has the rules. */

/* A change p of the account u is pending while the account has the version and the address of when it was asked for. */
#define UM_EMAIL_CHANGE_IS_PENDING "p.user_id = u.id and p.user_version = u.version and p.former_key = u.email_key"

/* A newer change replaces an older one. No row: the account's version is not the last value. */
UM_STATEMENT(EMAIL_CHANGE_PUT, WRITE, 6,
    "insert into um_email_changes (user_id, user_version, former_key, email, email_key, created_at, expires_at)"
    " select u.id, u.version, u.email_key, cast(%s as text), cast(%s as text), cast(%s as bigint), cast(%s as bigint)"
    " from um_users u where u.id = " UM_UUID " and u.version = " UM_UUID
    " on conflict (user_id) do update set user_version = excluded.user_version, former_key = excluded.former_key,"
    " email = excluded.email, email_key = excluded.email_key, created_at = excluded.created_at,"
    " expires_at = excluded.expires_at returning user_id")

UM_STATEMENT(EMAIL_CHANGE_GET, READ, 2,
    "select p.email from um_users u join um_email_changes p on " UM_EMAIL_CHANGE_IS_PENDING
    " where u.id = " UM_UUID " and p.expires_at > cast(%s as bigint)")

/* As ONE_TIME_TOKEN_INSERT, with the same values, for the address that is not confirmed yet. */
UM_STATEMENT(EMAIL_CHANGE_TOKEN, WRITE, 9,
    "insert into um_one_time_tokens (hash, kind, mail_id, user_id, user_version, email_key, created_at, expires_at)"
    " select cast(%s as text), cast(%s as text), " UM_UUID ", u.id, u.version, p.email_key, cast(%s as bigint),"
    " cast(%s as bigint) from um_users u join um_email_changes p on " UM_EMAIL_CHANGE_IS_PENDING
    " where u.id = " UM_UUID " and u.is_active in (1, cast(%s as smallint)) and p.email_key = cast(%s as text)"
    " and cast(%s as text) = 'email_change' on conflict do nothing returning user_id")

UM_STATEMENT(EMAIL_CHANGE_EXPIRES, WRITE, 3,
    "update um_email_changes set expires_at = cast(%s as bigint) where user_id = " UM_UUID
    " and email_key = cast(%s as text) returning user_id")

/* The account of a valid token, and its new address. */
UM_STATEMENT(EMAIL_CHANGE_USER, READ, 3,
    "select " UM_USER_COLUMNS ", p.email, p.email_key from um_one_time_tokens t join um_users u on u.id = t.user_id"
    " join um_email_changes p on " UM_EMAIL_CHANGE_IS_PENDING
    " where t.hash = cast(%s as text) and t.kind = cast(%s as text) and t.expires_at > cast(%s as bigint)"
    " and t.user_version = u.version and t.email_key = p.email_key and u.is_active = 1")

/* Confirms a change that is still pending. The address is verified: its owner has read the mail. Where addresses are
 * unique, no row when another account has the address. */
#define UM_EMAIL_CHANGE_APPLY \
    "update um_users as u set email = cast(%s as text), email_key = cast(%s as text)," \
    " email_claim = nullif(cast(%s as text), ''), email_verified = 1, updated_at = cast(%s as bigint)" \
    " where id = " UM_UUID " and is_active = 1 and u.email = cast(%s as text)" \
    " and exists (select 1 from um_email_changes p where " UM_EMAIL_CHANGE_IS_PENDING \
    " and p.email_key = cast(%s as text))"
UM_STATEMENT(EMAIL_CHANGE_APPLY, WRITE, 7, UM_EMAIL_CHANGE_APPLY " returning id")
UM_STATEMENT(EMAIL_CHANGE_APPLY_CLAIM, WRITE, 8,
    UM_EMAIL_CHANGE_APPLY
    " and not exists (select 1 from um_users o where o.email_key = cast(%s as text) and o.id <> u.id) returning id")

UM_STATEMENT(EMAIL_CHANGE_DROP, WRITE, 1,
    "delete from um_email_changes where user_id = " UM_UUID " returning user_id")

UM_STATEMENT(EMAIL_CHANGE_PURGE, WRITE, 2,
    "delete from um_email_changes where user_id" UM_LISTED("select p.user_id from um_email_changes p"
    " where p.expires_at < cast(%s as bigint) order by p.expires_at limit cast(%s as integer)") " returning user_id")
