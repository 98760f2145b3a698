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
 * another account claims, and one id of each. */
#define UM_CLAIMS_PAGE \
    " from um_users u where u.id > " UM_UUID " order by u.id limit cast(%s as integer)"
#define UM_CLAIMS_ONE(column) ", sum(k." column "), max(case when k." column " = 1 then k.id end)"
UM_STATEMENT(CLAIMS, READ, 2,
    "select count(*), max(k.id)" UM_CLAIMS_ONE("shared") UM_CLAIMS_ONE("hiding")
    " from (select cast(u.id as text) as id,"
    " case when u.email_claim is null and u.email_key <> '' then 1 else 0 end as shared,"
    " case when exists (select 1 from um_users o where o.email_claim = u.username_key and o.id <> u.id)"
    " then 1 else 0 end as hiding" UM_CLAIMS_PAGE ") k")

/* Gives the accounts of a page the claim to their address, unless another account has the address. */
UM_STATEMENT(CLAIM_EMAILS, WRITE, 2,
    "update um_users as c set email_claim = c.email_key where c.id in (select u.id" UM_CLAIMS_PAGE ")"
    " and c.email_claim is null and c.email_key <> ''"
    " and not exists (select 1 from um_users o where o.email_key = c.email_key and o.id <> c.id) returning id")

UM_STATEMENT(START_SESSION, READ, 1,
    "select s.id from um_sessions s where s.expires_at > cast(%s as bigint) order by s.expires_at desc limit 1")
