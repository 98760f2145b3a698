/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h for importing and exporting accounts. statements.h includes it and has the rules.
 *
 * One statement stores many rows, because each round trip and each statement cost as much as several rows. The rows are
 * one value: a list of lists in JSON, whose elements store_import.h tells. Both databases read JSON, and a list has no
 * length that a statement would have to know. PostgreSQL reads a list in a third of the time that an object of the same
 * values takes. Only the profile is an object, because its fields have no numbers. */
#define UM_IN_ROWS UM_SQL2("jsonb_array_elements(cast(%s as jsonb)) r", "json_each(%s) r")
#define UM_IN(n) UM_SQL2("(r.value->>" #n ")", "json_extract(r.value, '$[" #n "]')")
#define UM_IN_UUID(n) UM_SQL2("cast(" UM_IN(n) " as uuid)", UM_IN(n))
#define UM_IN_NUMBER(n) "cast(" UM_IN(n) " as bigint)"
#define UM_IN_SMALL(n) "cast(" UM_IN(n) " as smallint)"

/* The accounts that a row concerns, each with the way by which it was found: the id or the number that the row names,
 * or the name or the unique address. */
UM_STATEMENT(IMPORT_LOOK, READ, 1,
    "select x.n, x.way, x.id, x.alias from (with i as (select " UM_IN_NUMBER(0) " as n, " UM_IN_UUID(1)
    " as given, " UM_IN(2) " as alias, " UM_IN(3) " as username_key, " UM_IN(4) " as email_claim from " UM_IN_ROWS ")"
    " select i.n, 'id' as way, u.id, u.alias from i join um_users u on u.id = i.given"
    " union all select i.n, 'alias', u.id, u.alias from i join um_users u on u.alias = i.alias"
    " union all select i.n, 'name', u.id, u.alias from i join um_users u on u.username_key = i.username_key"
    " union all select i.n, 'email', u.id, u.alias from i join um_users u on u.email_claim = i.email_claim) x")

/* The elements of a row of the next two. */
#define UM_IN_ID UM_IN_UUID(0)
#define UM_IN_PROFILE(name) UM_SQL2("(r.value->1->>'" #name "')", "json_extract(r.value, '$[1]." #name "')")
#define UM_IN_USERNAME_KEY UM_IN(2)
#define UM_IN_FIRST_NAME_KEY UM_IN(3)
#define UM_IN_LAST_NAME_KEY UM_IN(4)
#define UM_IN_EMAIL_KEY UM_IN(5)
#define UM_IN_EMAIL_CLAIM UM_IN(6)
#define UM_IN_EMAIL_VERIFIED UM_IN_SMALL(7)
#define UM_IN_PASSWORD UM_IN(8)
#define UM_IN_VERSION UM_IN_UUID(9)
#define UM_IN_IS_ACTIVE UM_IN_SMALL(10)
#define UM_IN_IS_STAFF UM_IN_SMALL(11)
#define UM_IN_ALIAS UM_IN(12)
#define UM_IN_CREATED_AT UM_IN_NUMBER(13)
#define UM_IN_LAST_SIGN_IN_AT UM_IN_NUMBER(14)
#define UM_IN_UPDATED_AT UM_IN_NUMBER(15)
/* Null in it stands for no value. */
#define UM_IN_CUSTOM UM_SQL2("cast(" UM_IN(16) " as jsonb)", UM_IN(16))
#define UM_IN_COMMA_NAME(name, ...) ", " #name
#define UM_IN_COMMA_VALUE(name, ...) ", " UM_IN_PROFILE(name)
#define UM_IN_SET(name, ...) #name " = " UM_IN_PROFILE(name) ", "

UM_STATEMENT(IMPORT_INSERT, WRITE, 1,
    "insert into um_users (id" UM_PROFILE(UM_IN_COMMA_NAME) ", username_key, email_key, email_claim, email_verified,"
    " first_name_key, last_name_key, password, version, is_active, is_staff, alias, last_sign_in_at, created_at,"
    " updated_at, custom) select " UM_IN_ID UM_PROFILE(UM_IN_COMMA_VALUE) ", " UM_IN_USERNAME_KEY ", " UM_IN_EMAIL_KEY
    ", " UM_IN_EMAIL_CLAIM ", " UM_IN_EMAIL_VERIFIED ", " UM_IN_FIRST_NAME_KEY ", " UM_IN_LAST_NAME_KEY ", "
    UM_IN_PASSWORD ", " UM_IN_VERSION ", " UM_IN_IS_ACTIVE ", " UM_IN_IS_STAFF ", " UM_IN_ALIAS ", "
    UM_IN_LAST_SIGN_IN_AT ", " UM_IN_CREATED_AT ", " UM_IN_UPDATED_AT ", "
    UM_SQL2("jsonb_strip_nulls(coalesce(" UM_IN_CUSTOM ", '{}'))", "json_patch('{}', coalesce(" UM_IN_CUSTOM ", '{}'))")
    " from " UM_IN_ROWS " where true on conflict do nothing returning username_key")

/* A row changes the version, which ends the sessions, only if it changes credentials or state. */
UM_STATEMENT(IMPORT_UPDATE, WRITE, 1,
    "update um_users as u set " UM_PROFILE(UM_IN_SET) "username_key = " UM_IN_USERNAME_KEY ", email_key = "
    UM_IN_EMAIL_KEY ", email_claim = " UM_IN_EMAIL_CLAIM ", email_verified = case when u.email_key = "
    UM_IN_EMAIL_KEY " and u.email_verified = 1 then 1 else " UM_IN_EMAIL_VERIFIED " end, first_name_key = "
    UM_IN_FIRST_NAME_KEY ", last_name_key = " UM_IN_LAST_NAME_KEY ", password = "
    UM_IN_PASSWORD ", version = case when u.password = " UM_IN_PASSWORD " and u.is_active = "
    UM_IN_IS_ACTIVE " and u.is_staff = " UM_IN_IS_STAFF " then u.version else " UM_IN_VERSION
    " end, is_active = " UM_IN_IS_ACTIVE ", is_staff = " UM_IN_IS_STAFF ", alias = coalesce("
    UM_IN_ALIAS ", u.alias), last_sign_in_at = coalesce(u.last_sign_in_at, "
    UM_IN_LAST_SIGN_IN_AT "), custom = "
    UM_SQL2("jsonb_strip_nulls(u.custom || coalesce(" UM_IN_CUSTOM ", '{}'))",
            "json_patch(u.custom, coalesce(" UM_IN_CUSTOM ", '{}'))")
    ", updated_at = " UM_IN_UPDATED_AT " from " UM_IN_ROWS " where u.id = " UM_IN_ID
    " returning " UM_SQL2("u.username_key", "username_key"))

UM_STATEMENT(IMPORT_LEAVE, WRITE, 1,
    "delete from um_memberships where user_id in (select " UM_IN_UUID(0) " from " UM_IN_ROWS ") returning user_id")

UM_STATEMENT(IMPORT_JOIN, WRITE, 1,
    "insert into um_memberships (user_id, group_id) select " UM_IN_UUID(0) ", g.id from " UM_IN_ROWS
    " join um_groups g on g.name = " UM_IN(1) " where true on conflict do nothing returning user_id")

/* Which tokens have an account. It is named by its id, its number or the key of its name. */
#define UM_IN_OWNER \
    " join um_users u on u.id = coalesce(" UM_IN_UUID(1) ", (select a.id from um_users a where a.alias = " \
    UM_IN(2) "), (select a.id from um_users a where a.username_key = " UM_IN(3) "))"

UM_STATEMENT(IMPORT_OWNERS, READ, 1,
    "select " UM_IN_NUMBER(0) " from " UM_IN_ROWS UM_IN_OWNER)

/* The second value is 1 where a token that is there gets the new end, and the account's present version. */
UM_STATEMENT(IMPORT_TOKENS, WRITE, 2,
    "insert into um_sessions (id, user_id, user_version, created_at, expires_at, ends_at, user_agent, token_hash)"
    " select " UM_IN_UUID(4) ", u.id, u.version, " UM_IN_NUMBER(6) ", " UM_IN_NUMBER(7)
    ", " UM_IN_NUMBER(7) ", 'imported token', " UM_IN(5) " from " UM_IN_ROWS UM_IN_OWNER " where true"
    " on conflict (token_hash) where token_hash is not null do update set user_id = excluded.user_id,"
    " user_version = excluded.user_version, expires_at = excluded.expires_at, ends_at = excluded.ends_at"
    " where cast(%s as integer) = 1 returning id")

/* --- exporting --- */

/* A page of the accounts after an id. */
UM_STATEMENT(EXPORT_USERS, READ, 2,
    "select " UM_USER_COLUMNS ", " UM_USER_GROUPS ", u.alias, u.created_at, u.email_verified, u.last_sign_in_at"
    " from um_users u"
    " where u.id > " UM_UUID " order by u.id limit cast(%s as integer)")

#undef UM_IN_ROWS
#undef UM_IN
#undef UM_IN_UUID
#undef UM_IN_NUMBER
#undef UM_IN_SMALL
#undef UM_IN_ID
#undef UM_IN_PROFILE
#undef UM_IN_USERNAME_KEY
#undef UM_IN_FIRST_NAME_KEY
#undef UM_IN_LAST_NAME_KEY
#undef UM_IN_EMAIL_KEY
#undef UM_IN_EMAIL_CLAIM
#undef UM_IN_EMAIL_VERIFIED
#undef UM_IN_PASSWORD
#undef UM_IN_VERSION
#undef UM_IN_IS_ACTIVE
#undef UM_IN_IS_STAFF
#undef UM_IN_ALIAS
#undef UM_IN_CREATED_AT
#undef UM_IN_LAST_SIGN_IN_AT
#undef UM_IN_UPDATED_AT
#undef UM_IN_CUSTOM
#undef UM_IN_COMMA_NAME
#undef UM_IN_COMMA_VALUE
#undef UM_IN_SET
#undef UM_IN_OWNER
