/* SPDX-License-Identifier: Apache-2.0 */
/* Every SQL statement of the product: UM_STATEMENT(name, kind, values, text). There is no include guard: store_sql.h
 * includes this for the numbers, and store_sql.c once for each dialect, with UM_UUID (a value that is a UUID) and
 * UM_SQL2 (where the two texts must differ) as that database needs them.
 *
 * kind    READ, or WRITE (under the write lock on SQLite)
 * values  how many values the statement takes. APR does not check the count and would read beyond the list
 *
 * Rules. One text serves both databases wherever that is possible. A number is cast(%s as bigint), because SQLite takes
 * the comparison of a bound text with an expression for false. A percent sign that is no value is doubled. A statement
 * that may collide with another says so by "on conflict" or "where", and "returning" tells which of them succeeded. */

/* A row when the table of steps exists. It tells whether the table has the column works_from. Reading the table itself
 * would be an error in an empty database, and on PostgreSQL an error in the middle of a transaction ends it. */
UM_STATEMENT(SCHEMA_TABLE, READ, 0,
    UM_SQL2("select case when exists (select 1 from pg_attribute a where a.attrelid = to_regclass('um_schema')"
            " and a.attname = 'works_from') then 1 else 0 end where to_regclass('um_schema') is not null",
            "select case when instr(sql, 'works_from') > 0 then 1 else 0 end from sqlite_master"
            " where type = 'table' and name = 'um_schema'"))

UM_STATEMENT(SCHEMA_STEPS, READ, 0,
    "select step, name, works_from from um_schema order by step")

/* For a schema before step 008. */
UM_STATEMENT(SCHEMA_STEPS_BARE, READ, 0,
    "select step, name, 0 from um_schema order by step")

/* The lock of an upgrade that builds indexes, which ends with the connection at the latest: 1 when it was free. The
 * number is that of the lock in schema_upgrade.c. */
UM_STATEMENT(SCHEMA_LOCK, READ, 0,
    UM_SQL2("select case when pg_try_advisory_lock(7234815906) then 1 else 0 end", ""))

UM_STATEMENT(SCHEMA_UNLOCK, READ, 0,
    UM_SQL2("select 1 from pg_advisory_unlock_all()", ""))

/* Whose locks on our tables a step may wait for: of transactions that are not young. PostgreSQL does not tell everybody
 * the age of those of other roles (null). */
UM_STATEMENT(SCHEMA_BLOCKERS, READ, 0,
    UM_SQL2("select string_agg(distinct cast(l.pid as text), ', ') from pg_locks l"
            " join pg_class c on c.oid = l.relation join pg_stat_activity a on a.pid = l.pid"
            " where l.granted and l.pid <> pg_backend_pid()"
            " and l.database = (select d.oid from pg_database d where d.datname = current_database())"
            " and substr(c.relname, 1, 3) = 'um_'"
            " and coalesce(a.xact_start, '-infinity') < clock_timestamp() - interval '1s'", ""))

/* The rows of a table whose ids are in a list. PostgreSQL finds the list first and then each row by its index, whatever
 * its statistics are. It leaves out rows that another node has locked, so no node waits for another. */
#define UM_LISTED(select) UM_SQL2(" = any(array(" select " for update skip locked))", " in (" select ")")

/* --- events, and users --- */

#include "statements_event.h"

#include "statements_user.h"
#include "statements_user_admin.h"

/* The name of a deleted account. */
UM_STATEMENT(NAME_HOLD, WRITE, 2,
    "insert into um_held_names (hash, held_until) values (cast(%s as text), cast(%s as bigint))"
    " on conflict (hash) do update set held_until = excluded.held_until returning hash")

UM_STATEMENT(NAME_HELD, READ, 2,
    "select h.hash from um_held_names h where h.hash = cast(%s as text) and h.held_until > cast(%s as bigint)")

/* --- sessions --- */

/* The caller of a request: the user, whether the session's version is still the user's, and the end of the session. */
UM_STATEMENT(SESSION_USER, READ, 1,
    "select " UM_USER_COLUMNS ", case when s.user_version = u.version then 1 else 0 end, s.expires_at"
    " from um_sessions s join um_users u on u.id = s.user_id where s.id = " UM_UUID)

/* The same with the names of the user's groups. */
#define UM_USER_GROUPS \
    UM_SQL2("(select string_agg(g.name, ',' order by g.name)" \
            " from um_memberships m join um_groups g on g.id = m.group_id where m.user_id = u.id)", \
            "(select group_concat(n.name, ',') from (select g.name from um_memberships m" \
            " join um_groups g on g.id = m.group_id where m.user_id = u.id order by g.name) n)")

UM_STATEMENT(SESSION_STATE, READ, 1,
    "select " UM_USER_COLUMNS ", case when s.user_version = u.version then 1 else 0 end, s.expires_at, " UM_USER_GROUPS
    " from um_sessions s join um_users u on u.id = s.user_id where s.id = " UM_UUID)

UM_STATEMENT(SESSION_BY_ID, READ, 1,
    "select s.id from um_sessions s where s.id = " UM_UUID)

/* The session of a token that was imported. */
UM_STATEMENT(SESSION_OF_TOKEN, READ, 1,
    "select s.id, s.user_id, s.created_at, s.expires_at from um_sessions s where s.token_hash = cast(%s as text)")

/* A row if any token was imported. The order lets PostgreSQL take the index also for a table without statistics. */
UM_STATEMENT(SESSION_ANY_TOKEN, READ, 0,
    "select 1 from um_sessions s where s.token_hash is not null order by s.token_hash limit 1")

#define UM_SESSION_INSERT \
    "insert into um_sessions (id, user_id, user_version, created_at, expires_at, address, user_agent, family_hash," \
    " refresh_hash, ends_at)" \
    " select " UM_UUID ", u.id, u.version, cast(%s as bigint), cast(%s as bigint), cast(%s as text)," \
    " cast(%s as text), cast(%s as text), cast(%s as text), cast(%s as bigint)"

#define UM_SESSION_OF_USER \
    UM_SESSION_INSERT \
    " from um_users u where u.id = " UM_UUID " and u.version = " UM_UUID " and u.is_active = 1" \
    " on conflict do nothing returning id"

/* Only for a user who is active and whose credentials are still those that were checked. PostgreSQL also notes the time
 * in the account, in the same round trip: once a second at most, so that many clients that sign in to one account at
 * the same time do not wait for each other's commits. For SQLite SESSION_NOTE does it in the same transaction. */
UM_STATEMENT(SESSION_INSERT, WRITE, 10,
    UM_SQL2("with s as (" UM_SESSION_OF_USER ", user_id, created_at),"
            " n as (update um_users u set last_sign_in_at = s.created_at from s where u.id = s.user_id"
            " and coalesce(u.last_sign_in_at, 0) < s.created_at)"
            " select s.id from s", UM_SESSION_OF_USER))

UM_STATEMENT(SESSION_NOTE, WRITE, 3,
    "update um_users set last_sign_in_at = cast(%s as bigint) where id = " UM_UUID
    " and coalesce(last_sign_in_at, 0) < cast(%s as bigint) returning id")

UM_STATEMENT(SESSION_REFRESH, READ, 1,
    "select " UM_USER_COLUMNS ", case when s.user_version = u.version then 1 else 0 end, s.created_at, s.expires_at,"
    " s.ends_at, s.family_hash, s.refresh_hash, s.previous_hash, s.refresh_salt, s.rotated_at,"
    " s.earlier_hashes"
    " from um_sessions s join um_users u on u.id = s.user_id where s.id = " UM_UUID)

/* Of several requests that present the present token at the same time, one gets the row. */
UM_STATEMENT(SESSION_ROTATE, WRITE, 12,
    "update um_sessions set refresh_hash = cast(%s as text), previous_hash = cast(%s as text),"
    " refresh_salt = cast(%s as text), earlier_hashes = cast(%s as text), rotated_at = cast(%s as bigint),"
    " refreshed_at = cast(%s as bigint), expires_at = cast(%s as bigint), address = cast(%s as text),"
    " user_agent = cast(%s as text)"
    " where id = " UM_UUID " and refresh_hash = cast(%s as text) and expires_at > cast(%s as bigint)"
    " and exists (select 1 from um_users u where u.id = um_sessions.user_id and u.version = um_sessions.user_version"
    " and u.is_active = 1) returning id")

UM_STATEMENT(SESSION_LIST, READ, 3,
    "select s.id, s.created_at, s.expires_at, s.refreshed_at, s.address, s.user_agent"
    " from um_users u join um_sessions s on s.user_id = u.id and s.user_version = u.version"
    " where u.id = " UM_UUID " and s.expires_at > cast(%s as bigint)"
    " order by s.created_at desc, s.id desc limit cast(%s as integer)")

UM_STATEMENT(SESSION_ADDRESSES, READ, 4,
    "select s.address, s.created_at from um_sessions s where s.user_id in ("
    "select u.id from um_users u where u.username_key = cast(%s as text)"
    " union all select u.id from um_users u where u.email_claim = cast(%s as text))"
    " and s.created_at > cast(%s as bigint) order by s.created_at desc limit cast(%s as integer)")

UM_STATEMENT_AND_EVENT(SESSION_END, 3,
    "delete from um_sessions where id = " UM_UUID " and user_id = " UM_UUID " and expires_at > cast(%s as bigint)"
    " and exists (select 1 from um_users u where u.id = um_sessions.user_id and u.version = um_sessions.user_version)"
    " returning id")

/* --- groups --- */

UM_STATEMENT(GROUPS, READ, 0,
    "select g.name, count(m.user_id) from um_groups g left join um_memberships m on m.group_id = g.id"
    " group by g.name order by g.name")

UM_STATEMENT(GROUP_MEMBERS, READ, 1,
    "select u.id, u.username from um_groups g join um_memberships m on m.group_id = g.id"
    " join um_users u on u.id = m.user_id where g.name = cast(%s as text) order by u.username")

/* Some of the members, in any order. */
UM_STATEMENT(GROUP_MEMBER_IDS, READ, 2,
    "select m.user_id from um_memberships m where m.group_id = (select g.id from um_groups g"
    " where g.name = cast(%s as text)) limit cast(%s as integer)")

/* A user with the names of the groups, which may be none. */
UM_STATEMENT(GROUP_USER, READ, 1,
    "select " UM_USER_COLUMNS ", " UM_USER_GROUPS " from um_users u where u.id = " UM_UUID)

/* A row when the group exists. Its second value is null when the user is not in it. */
UM_STATEMENT(GROUP_LOOK, READ, 2,
    "select g.id, m.user_id from um_groups g left join um_memberships m on m.group_id = g.id and m.user_id = " UM_UUID
    " where g.name = cast(%s as text)")

UM_STATEMENT(GROUP_BY_NAME, READ, 1,
    "select g.name, g.created_at from um_groups g where g.name = cast(%s as text)")

/* A page of groups in the order of their names, in either direction. */
UM_STATEMENT(GROUP_AFTER, READ, 2,
    "select g.name, g.created_at from um_groups g where g.name > cast(%s as text) order by g.name"
    " limit cast(%s as integer)")

UM_STATEMENT(GROUP_BEFORE, READ, 2,
    "select g.name, g.created_at from um_groups g where g.name < cast(%s as text) order by g.name desc"
    " limit cast(%s as integer)")

UM_STATEMENT(GROUP_COUNT, READ, 0,
    "select count(*) from um_groups")

/* No row when there is no such group, or one has the new name. */
UM_STATEMENT_AND_EVENT(GROUP_RENAME, 3,
    "update um_groups set name = cast(%s as text) where name = cast(%s as text)"
    " and not exists (select 1 from um_groups o where o.name = cast(%s as text)) returning id")

UM_STATEMENT_AND_EVENT(GROUP_INSERT, 3,
    "insert into um_groups (id, name, created_at) values (" UM_UUID ", cast(%s as text), cast(%s as bigint))"
    " on conflict do nothing returning id")

UM_STATEMENT_AND_EVENT(GROUP_DELETE, 1,
    "delete from um_groups where name = cast(%s as text) returning id")

UM_STATEMENT_AND_EVENT(GROUP_ADD, 2,
    "insert into um_memberships (user_id, group_id) select u.id, g.id from um_users u, um_groups g"
    " where u.id = " UM_UUID " and g.name = cast(%s as text) on conflict do nothing returning user_id")

UM_STATEMENT_AND_EVENT(GROUP_DROP, 2,
    "delete from um_memberships where user_id = " UM_UUID
    " and group_id in (select g.id from um_groups g where g.name = cast(%s as text)) returning user_id")

/* --- mail to be sent --- */

#define UM_MAIL_INSERT \
    "insert into um_mail (id, kind, due_at, address, user_id, username, detail, language, site, created_at)"
#define UM_MAIL_VALUES \
    UM_UUID ", cast(%s as text), cast(%s as bigint), cast(%s as text), " UM_UUID ", cast(%s as text)," \
    " cast(%s as text), cast(%s as text), cast(%s as text), cast(%s as bigint)"

/* One mail, for the worker to send. */
UM_STATEMENT(MAIL_INSERT, WRITE, 10,
    UM_MAIL_INSERT " values (" UM_MAIL_VALUES ") on conflict do nothing returning id")

/* A new account with its session, the mail to verify its address, and the event, each unless its id is NULL. Inserts
 * all rows or none, in one round trip. SQLite has no such statement, and needs none because it has no round trips. */
UM_STATEMENT(REGISTRATION, WRITE, UM_STORE_USER_VALUES + 20 + UM_EVENT_VALUES + 1,
    UM_SQL2("with u as (" UM_USER_INSERT ", version),"
            " s as (" UM_SESSION_INSERT " from u where cast(%s as uuid) is not null),"
            " m as (" UM_MAIL_INSERT " select " UM_MAIL_VALUES " from u where cast(%s as uuid) is not null),"
            " e as (" UM_EVENT_INSERT " from u where cast(%s as uuid) is not null)"
            " select u.id from u", ""))

/* --- accounts of an address --- */

/* A page of the accounts after an id: active ones, or with is_active as given; with email_verified at most as given;
 * without those for which as many mails as the limit were made lately. An account whose password was made unusable gets
 * no mail that would give it one. */
UM_STATEMENT(USERS_BY_EMAIL, READ, 8,
    "select " UM_USER_COLUMNS " from um_users u where u.email_key = cast(%s as text) and u.id > " UM_UUID
    " and u.is_active in (1, cast(%s as smallint)) and u.email_verified <= cast(%s as smallint)"
    " and (cast(%s as text) <> 'reset' or substr(u.password, 1, 1) <> '!')"
    " and (select count(distinct t.mail_id) from um_one_time_tokens t where t.user_id = u.id"
    " and t.kind = cast(%s as text) and t.created_at > cast(%s as bigint)) < cast(%s as bigint) order by u.id limit 20")

/* Whether the address of an account is verified. No row: the account has another address. */
UM_STATEMENT(USER_IS_VERIFIED, READ, 2,
    "select u.email_verified from um_users u where u.id = " UM_UUID " and u.email_key = cast(%s as text)")

/* The account for whose address a token was made. The version stays, so verifying an address ends no session: only the
 * address was in doubt. */
UM_STATEMENT(USER_VERIFIED, WRITE, 3,
    "update um_users set email_verified = 1, is_active = case when is_active = 2 then 1 else is_active end,"
    " updated_at = cast(%s as bigint)"
    " where id = (select t.user_id from um_one_time_tokens t where t.hash = cast(%s as text))"
    " and email_key = (select t.email_key from um_one_time_tokens t where t.hash = cast(%s as text)) returning id")

/* --- one-time tokens --- */

/* Only while the account has the address that the mail goes to and, for an invitation, no password. */
UM_STATEMENT(ONE_TIME_TOKEN_INSERT, WRITE, 9,
    "insert into um_one_time_tokens (hash, kind, mail_id, user_id, user_version, email_key, created_at, expires_at)"
    " select cast(%s as text), cast(%s as text), " UM_UUID ", u.id, u.version, u.email_key, cast(%s as bigint),"
    " cast(%s as bigint) from um_users u where u.id = " UM_UUID " and u.is_active in (1, cast(%s as smallint))"
    " and u.email_key = cast(%s as text) and (cast(%s as text) <> 'invite' or u.password = 'invited')"
    " on conflict do nothing returning user_id")

/* A mail that is tried again carries another token. The last one is kept, because that mail may have arrived. The
 * account's row is locked before any token's, as the deletion of an account does: the subquery is executed before a row
 * can match. */
UM_STATEMENT(ONE_TIME_TOKEN_DROP, WRITE, 4,
    "delete from um_one_time_tokens where user_id = "
    UM_SQL2("(select u.id from um_users u where u.id = " UM_UUID " for key share)", UM_UUID) " and mail_id = " UM_UUID
    " and hash not in (select t.hash from um_one_time_tokens t where t.user_id = " UM_UUID " and t.mail_id = " UM_UUID
    " order by t.created_at desc limit 1) returning hash")

/* Deletes the oldest tokens of a kind beyond a count. Of the tokens of one second it keeps the one that was just made.
 * */
UM_STATEMENT(ONE_TIME_TOKEN_BOUND, WRITE, 4,
    "delete from um_one_time_tokens where hash in (select t.hash from um_one_time_tokens t where t.user_id = " UM_UUID
    " and t.kind = cast(%s as text) order by case when t.hash = cast(%s as text) then 0 else 1 end,"
    " t.created_at desc limit 1000 offset cast(%s as integer))"
    " returning hash")

/* A token that sets a password is valid while it has not expired and the account has the version and the address for
 * which it was made. An invitation is valid while the account has no password, whatever else was changed: it may have
 * been made staff meanwhile. */
UM_STATEMENT(ONE_TIME_TOKEN_USER, READ, 2,
    "select " UM_USER_COLUMNS ", t.email_key, t.kind from um_one_time_tokens t join um_users u on u.id = t.user_id"
    " where t.hash = cast(%s as text) and t.expires_at > cast(%s as bigint) and t.email_key = u.email_key"
    " and case when t.kind = 'invite' and u.password = 'invited' then 1"
    " when t.kind = 'reset' and t.user_version = u.version then 1 else 0 end = 1")

/* Whether a token is stored, valid or not. */
UM_STATEMENT(ONE_TIME_TOKEN_THERE, READ, 1,
    "select t.hash from um_one_time_tokens t where t.hash = cast(%s as text)")

/* Of several requests that use a token at the same time, one gets the row. */
UM_STATEMENT(ONE_TIME_TOKEN_TAKE, WRITE, 3,
    "delete from um_one_time_tokens where hash = cast(%s as text) and kind = cast(%s as text)"
    " and expires_at > cast(%s as bigint) returning user_id, email_key")

#include "statements_mail.h"
#include "statements_email_change.h"
#include "statements_admin.h"
#include "statements_idempotency.h"
#include "statements_list.h"
#include "statements_import.h"

#undef UM_STATEMENT_AND_EVENT
#undef UM_EVENT_COLUMNS
#undef UM_EVENT_INSERT
#undef UM_USER_GROUPS
#undef UM_SESSION_INSERT
#undef UM_SESSION_OF_USER
#undef UM_MAIL_INSERT
#undef UM_MAIL_VALUES
#undef UM_USER_READDRESS
#undef UM_MAIL_COLUMNS
#undef UM_LISTED
#undef UM_EMAIL_CHANGE_IS_PENDING
#undef UM_EMAIL_CHANGE_APPLY
#undef UM_REQUEST_INTO
#undef UM_REQUEST
#undef UM_REQUEST_END
#undef UM_REQUEST_NEWEST
#undef UM_HASH_AT
