/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h for the start and the command line. statements.h includes it and has the rules. */

/* --- ending sessions, tokens and mails of all accounts, in bounded batches --- */

/* A new version for the accounts after an id, which ends their sessions and their tokens of reset mails. */
UM_STATEMENT(END_USERS, WRITE, 4,
    "update um_users set version = " UM_UUID ", updated_at = cast(%s as bigint)"
    " where id in (select u.id from um_users u where u.id > " UM_UUID " order by u.id limit cast(%s as integer))"
    " returning id")

UM_STATEMENT(END_ONE_TIME_TOKENS, WRITE, 1,
    "delete from um_one_time_tokens where hash in (select t.hash from um_one_time_tokens t limit cast(%s as integer))"
    " returning hash")

UM_STATEMENT(END_REQUESTS, WRITE, 1,
    "delete from um_requests where (site, id) in (select r.site, r.id from um_requests r limit cast(%s as integer))"
    " returning id")

UM_STATEMENT(END_MAILS, WRITE, 2,
    "update um_mail set state = 2, done_at = cast(%s as bigint), last_error = 'ended with all sessions', claim = null"
    " where id in (select m.id from um_mail m where m.state = 0 limit cast(%s as integer)) returning id")

/* --- what a server reads at its start --- */

/* How many connections the server allows to roles without special rights. */
UM_STATEMENT(START_CONNECTIONS, READ, 0,
    UM_SQL2("select cast(current_setting('max_connections') as integer)"
            " - cast(current_setting('superuser_reserved_connections') as integer)", "select 0"))

UM_STATEMENT(START_ISSUERS, READ, 0,
    "select issuer, used_at from um_issuers order by used_at desc limit 100")

UM_STATEMENT(START_ISSUER_USED, WRITE, 2,
    "insert into um_issuers (issuer, used_at) values (cast(%s as text), cast(%s as bigint))"
    " on conflict (issuer) do update set used_at = excluded.used_at returning issuer")

/* A hash of each kind that some accounts have. What tells the kinds apart stands at the beginning of a hash, up to a
 * place that depends on its format (pwhash_table.c): behind "p=" of PHC strings, behind the rounds of $5$ and $6$,
 * behind the letters of the costs of $2b$ and $y$, behind the second field of Django's PBKDF2 and scrypt. */
#define UM_HASH_AT(text, where) UM_SQL2("strpos(" text ", '" where "')", "instr(" text ", '" where "')")
UM_STATEMENT(HASH_KINDS, READ, 2,
    "select min(k.p), count(*), max(k.id)"
    " from (select u.password as p, cast(u.id as text) as id from um_users u where u.id > " UM_UUID
    " order by u.id limit cast(%s as integer)) k group by"
    " case when " UM_HASH_AT("k.p", ",p=") " > 0 then substr(k.p, 1, " UM_HASH_AT("k.p", ",p=") " + 4)"
    " when substr(k.p, 4, 7) = 'rounds=' then substr(k.p, 1, 3 + " UM_HASH_AT("substr(k.p, 4)", "$") ")"
    " when substr(k.p, 1, 2) in ('$2', '$y') then substr(k.p, 1, 7)"
    " when substr(k.p, 1, 1) in ('$', '{') then substr(k.p, 1, 3)"
    " when substr(k.p, 1, 6) = 'bcrypt' then substr(k.p, 1, 7 + " UM_HASH_AT("k.p", "$$2") ")"
    " else substr(k.p, 1, " UM_HASH_AT("k.p", "$") " + " UM_HASH_AT("substr(k.p, " UM_HASH_AT("k.p", "$") " + 1)", "$")
    ") end")

/* A page of accounts: how many, the last id, those whose address has no claim, those whose name is an address that
 * another account claims, and one id of each. On PostgreSQL the keys of names have a collation of their own, which the
 * index of claims does not have. */
#define UM_CLAIMS_PAGE \
    " from um_users u where u.id > " UM_UUID " order by u.id limit cast(%s as integer)"
#define UM_CLAIMS_ONE(column) ", sum(k." column "), max(case when k." column " = 1 then k.id end)"
UM_STATEMENT(CLAIMS, READ, 2,
    "select count(*), max(k.id)" UM_CLAIMS_ONE("shared") UM_CLAIMS_ONE("hiding")
    " from (select cast(u.id as text) as id,"
    " case when u.email_claim is null and u.email_key <> '' then 1 else 0 end as shared,"
    " case when exists (select 1 from um_users o where o.email_claim = u.username_key "
    UM_SQL2("collate \"default\" ", "") "and o.id <> u.id)"
    " then 1 else 0 end as hiding" UM_CLAIMS_PAGE ") k")

/* Gives the accounts of a page the claim to their address, unless another account has the address. */
UM_STATEMENT(CLAIM_EMAILS, WRITE, 2,
    "update um_users as c set email_claim = c.email_key where c.id in (select u.id" UM_CLAIMS_PAGE ")"
    " and c.email_claim is null and c.email_key <> ''"
    " and not exists (select 1 from um_users o where o.email_key = c.email_key and o.id <> c.id) returning id")

UM_STATEMENT(START_SESSION, READ, 1,
    "select s.id from um_sessions s where s.expires_at > cast(%s as bigint) order by s.expires_at desc limit 1")

/* --- mails, for an administrator --- */

#define UM_MAIL_ADMIN_COLUMNS \
    "cast(m.id as text), m.kind, m.address, m.username, m.site," \
    " case m.state when 1 then 'sent' when 2 then 'given up' else case" \
    " when m.claim is not null and m.due_at > cast(%s as bigint) then 'sending' else 'waiting' end end," \
    " m.attempts, m.created_at, case when m.state = 0 then m.due_at else 0 end, m.done_at, m.last_error," \
    " cast(m.user_id as text)"

/* Mails and requests. The state of sent mails is 1; 9 as the state to leave out leaves out none. */
UM_STATEMENT(MAIL_ADMIN_LIST, READ, 7,
    "select * from (select * from (select " UM_MAIL_ADMIN_COLUMNS " from um_mail m where m.id > " UM_UUID
    " and m.state <> cast(%s as smallint) order by m.id limit cast(%s as integer)) a union all"
    " select * from (select cast(r.id as text), r.kind, r.address, null, r.site, 'requested', 0, r.created_at, 0,"
    " cast(null as bigint), '', cast(null as text) from um_requests r where r.id > " UM_UUID
    " order by r.id limit cast(%s as integer)) b)"
    " c order by 1 limit cast(%s as integer)")

UM_STATEMENT(MAIL_ADMIN_ONE, READ, 2,
    "select " UM_MAIL_ADMIN_COLUMNS " from um_mail m where m.id = " UM_UUID)

/* The mails of an account, the newest first: those that have been made for its address, for which there is an index. */
UM_STATEMENT(MAIL_ADMIN_OF_USER, READ, 4,
    "select " UM_MAIL_ADMIN_COLUMNS " from um_mail m where m.email_key = cast(%s as text) and m.made_at is not null"
    " and m.user_id = " UM_UUID " order by m.id desc limit cast(%s as integer)")

/* What is not being sent: the lease of its claim is over, or it has none. */
#define UM_MAIL_ADMIN_IDLE "state in (0, 2) and (claim is null or state = 2 or due_at <= cast(%s as bigint))"

/* As if it had been asked for now: a mail that is too old or was tried too often would be given up again. */
UM_STATEMENT_AND_EVENT(MAIL_ADMIN_RETRY, 4,
    "update um_mail set state = 0, due_at = cast(%s as bigint), created_at = cast(%s as bigint), attempts = 0,"
    " claim = null, done_at = null where id = " UM_UUID " and " UM_MAIL_ADMIN_IDLE " returning id")

UM_STATEMENT_AND_EVENT(MAIL_ADMIN_RETRY_ALL, 3,
    "update um_mail set state = 0, due_at = cast(%s as bigint), created_at = cast(%s as bigint), attempts = 0,"
    " claim = null, done_at = null where " UM_MAIL_ADMIN_IDLE " returning id")

UM_STATEMENT_AND_EVENT(MAIL_ADMIN_DROP, 2,
    "delete from um_mail where id = " UM_UUID " and " UM_MAIL_ADMIN_IDLE " returning id")

UM_STATEMENT_AND_EVENT(REQUEST_ADMIN_DROP, 1,
    "delete from um_requests where id = " UM_UUID " returning id")

UM_STATEMENT(MAIL_ADMIN_COUNTS, READ, 2,
    "select (select count(*) from um_mail m where m.state = 0) + (select count(*) from um_requests),"
    " (select min(m.due_at) from um_mail m where m.state = 0 and m.due_at <= cast(%s as bigint)),"
    " (select count(*) from um_mail m where m.state <> 0 and m.state = 2 and m.done_at > cast(%s as bigint))")

/* --- the metrics --- */

/* How many rows there are, and since when the oldest wait. Sessions and accounts are counted exactly only where that is
 * cheap: PostgreSQL estimates. Values: the time, and since when mails that were given up are counted. SQLite uses the
 * index of mails that have ended only where its condition, state <> 0, is written. */
#define UM_OVERVIEW_ESTIMATE(table) \
    "select greatest(cast(c.reltuples as bigint), coalesce((select t.n_live_tup from pg_stat_user_tables t" \
    " where t.relid = c.oid), 0), 0) from pg_class c where c.oid = to_regclass('" table "')"
#define UM_OVERVIEW_COUNT(table) UM_SQL2(UM_OVERVIEW_ESTIMATE(table), "select count(*) from " table)
UM_STATEMENT(OVERVIEW, READ, 2,
    "select (select count(*) from um_requests), count(*),"
    " coalesce(sum(case when m.claim is not null and m.due_at > cast(%s as bigint) then 1 else 0 end), 0),"
    " min(m.created_at), min(m.due_at), (select min(r.created_at) from um_requests r),"
    " (select count(*) from um_mail g where g.state <> 0 and g.state = 2 and g.done_at > cast(%s as bigint)),"
    " (" UM_OVERVIEW_COUNT("um_sessions") "), (" UM_OVERVIEW_COUNT("um_users") ")"
    " from um_mail m where m.state = 0")

/* --- the check of a site --- */

UM_STATEMENT(CHECK_CLOCK, READ, 0,
    UM_SQL2("select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
            "select cast((julianday('now') - 2440587.5) * 86400000.0 as integer)"))

/* --- moving a SQLite database to PostgreSQL --- */

/* The tables of the module; views of older versions are none. */
UM_STATEMENT(MOVE_TABLES, READ, 0,
    UM_SQL2("select c.relname from pg_class c where c.relkind = 'r' and pg_table_is_visible(c.oid)"
            " and substr(c.relname, 1, 3) = 'um_' and c.relname <> 'um_schema' order by 1",
            "select t.name from sqlite_master t where t.type = 'table' and substr(t.name, 1, 3) = 'um_'"
            " and t.name <> 'um_schema' order by 1"))

/* The columns of a table, their types, and their place in the primary key, from 1 on; 0: they are not in it. */
UM_STATEMENT(MOVE_COLUMNS, READ, 1,
    UM_SQL2("select a.attname, format_type(a.atttypid, null), 0 from pg_attribute a"
            " where a.attrelid = to_regclass(cast(%s as text)) and a.attnum > 0 and not a.attisdropped"
            " order by a.attnum",
            "select p.name, p.type, p.pk from pragma_table_info(%s) p order by p.cid"))

/* The tables that a table refers to. */
UM_STATEMENT(MOVE_REFERENCES, READ, 1,
    UM_SQL2("select cast(cast(k.confrelid as regclass) as text) from pg_constraint k"
            " where k.contype = 'f' and k.conrelid = to_regclass(cast(%s as text))",
            "select f.\"table\" from pragma_foreign_key_list(%s) f"))
