/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h about mails, and about rows that have ended. statements.h includes it and has the rules. */

/* --- sending mail --- */

#define UM_MAIL_COLUMNS \
    "m.id, m.kind, m.address, m.user_id, m.username, m.detail, m.language, m.site, m.attempts, m.created_at," \
    " m.last_error, m.made_at"

/* Several requests for mail in one statement, because the commit is what costs. A shorter list is filled up with copies
 * of its last row. */
#define UM_REQUEST_INTO "insert into um_requests (site, id, kind, email_key, address, language, created_at) values "
#define UM_REQUEST \
    "(cast(%s as text), " UM_UUID ", cast(%s as text), cast(%s as text), cast(%s as text), cast(%s as text)," \
    " cast(%s as bigint))"
#define UM_REQUEST_END " on conflict do nothing returning id"

UM_STATEMENT(REQUEST, WRITE, 7, UM_REQUEST_INTO UM_REQUEST UM_REQUEST_END)

UM_STATEMENT(REQUEST_2, WRITE, 14, UM_REQUEST_INTO UM_REQUEST ", " UM_REQUEST UM_REQUEST_END)

UM_STATEMENT(REQUEST_4, WRITE, 28,
    UM_REQUEST_INTO UM_REQUEST ", " UM_REQUEST ", " UM_REQUEST ", " UM_REQUEST UM_REQUEST_END)

UM_STATEMENT(REQUEST_8, WRITE, 56,
    UM_REQUEST_INTO UM_REQUEST ", " UM_REQUEST ", " UM_REQUEST ", " UM_REQUEST ", " UM_REQUEST ", " UM_REQUEST ", "
    UM_REQUEST ", " UM_REQUEST UM_REQUEST_END)

UM_STATEMENT(REQUEST_DUE, READ, 1,
    "select r.id from um_requests r where r.site = cast(%s as text) limit 1")

/* The newest requests come first, so that a flood of earlier ones does not delay them. */
#define UM_REQUEST_NEWEST(columns) \
    "select " columns " from um_requests r where r.site = cast(%s as text) order by r.id desc limit cast(%s as integer)"

/* Requests for which an account may get a mail become mails. An address gets as many as its hourly limit allows, mails
 * that wait already included. PostgreSQL deletes all requests in the same statement, returns how many there were and
 * how many became mails, and leaves out rows that another node has locked. SQLite returns the mails. REQUEST_DROP
 * follows in the same transaction, in which no other process writes. */
UM_STATEMENT(REQUEST_RESOLVE, WRITE, 6,
    UM_SQL2("with gone as (delete from um_requests d where d.ctid = any(array(" UM_REQUEST_NEWEST("r.ctid")
            " for update skip locked)) returning *), ", "with gone as (" UM_REQUEST_NEWEST("*") "), ")
    "numbered as (select g.*, row_number() over (partition by g.email_key, g.kind order by g.id) as number"
    " from gone g)" UM_SQL2(", mails as (", " ")
    "insert into um_mail (id, kind, due_at, address, language, site, created_at, email_key)"
    " select n.id, n.kind, cast(%s as bigint), n.address, n.language, n.site, n.created_at, n.email_key"
    " from numbered n where n.email_key <> '' and n.number + (select count(*) from um_mail m where m.state = 0"
    " and m.user_id is null and m.email_key = n.email_key and m.kind = n.kind) <= cast(%s as bigint)"
    " and exists (select 1 from um_users u where u.email_key = n.email_key"
    " and u.is_active in (1, case when n.kind = 'verify' then 2 else 1 end)"
    " and u.email_verified <= case when n.kind = 'verify' then 0 else 1 end"
    " and (n.kind <> 'reset' or substr(u.password, 1, 1) <> '!')"
    " and (select count(distinct t.mail_id) from um_one_time_tokens t where t.user_id = u.id and t.kind = n.kind"
    " and t.created_at > cast(%s as bigint)) < cast(%s as bigint)) on conflict do nothing returning id"
    UM_SQL2(") select (select count(*) from gone), (select count(*) from mails)", ""))

UM_STATEMENT(REQUEST_DROP, WRITE, 3,
    "delete from um_requests where site = cast(%s as text) and id in (" UM_REQUEST_NEWEST("r.id") ") returning id")

UM_STATEMENT(MAIL_DUE, READ, 2,
    "select m.id from um_mail m where m.state = 0 and m.site = cast(%s as text) and m.due_at <= cast(%s as bigint)"
    " order by m.due_at limit 1")

/* A claim is a lease: due_at is set to its end, so the rows of a worker that dies become due again by themselves. */
UM_STATEMENT(MAIL_CLAIM, WRITE, 5,
    "update um_mail set claim = " UM_UUID ", due_at = cast(%s as bigint), attempts = attempts + 1"
    " where id" UM_LISTED("select m.id from um_mail m where m.state = 0 and m.site = cast(%s as text)"
    " and m.due_at <= cast(%s as bigint) order by m.due_at limit cast(%s as integer)") " returning id")

/* Mails that failed before come last, so that a few mails that no server takes are not always the first. */
UM_STATEMENT(MAIL_CLAIMED, READ, 1,
    "select " UM_MAIL_COLUMNS " from um_mail m where m.claim = " UM_UUID " and m.state = 0"
    " order by case when m.last_error = '' then 0 else 1 end, m.created_at, m.id")

/* A row without an account becomes the mail of its first account; the other accounts get rows of their own. The "case"
 * keeps PostgreSQL from reading all of the index of such rows. */
UM_STATEMENT(MAIL_RESOLVE, WRITE, 5,
    "update um_mail set user_id = " UM_UUID ", username = cast(%s as text), address = cast(%s as text)"
    " where id = " UM_UUID " and claim = " UM_UUID " and state = 0"
    " and case when user_id is null then 1 else 0 end = 1 returning id")

/* Marks a mail as prepared, which counts from then on, unless its address had as many of its kind as the limit lately.
 * With first = 1 a mail is prepared all the same when its account had none of its kind. A mail that was prepared before
 * has been counted. The second value of the row is null when the account has another address, otherwise whether the
 * address is verified. */
UM_STATEMENT(MAIL_MADE, WRITE, 14,
    "update um_mail set email_key = cast(%s as text), made_at = cast(%s as bigint)"
    " where id = " UM_UUID " and claim = " UM_UUID " and state = 0 and (made_at is not null"
    " or (select count(*) from (select m.id from um_mail m where m.email_key = cast(%s as text)"
    " and m.kind = cast(%s as text) and m.made_at > cast(%s as bigint) limit cast(%s as integer)) n)"
    " < cast(%s as bigint)"
    " or (cast(%s as integer) = 1 and not exists (select 1 from um_mail o where o.email_key = cast(%s as text)"
    " and o.kind = cast(%s as text) and o.made_at > cast(%s as bigint) and o.user_id = " UM_UUID ")))"
    " returning id, (select u.email_verified from um_users u where u.id = um_mail.user_id"
    " and u.email_key = um_mail.email_key)")

/* Postpones a notice that has reached its limit. No row when the account has the former address again, or when that
 * address got another notice of the account since: then there is nothing left to say. */
UM_STATEMENT(MAIL_POSTPONE, WRITE, 6,
    "update um_mail set due_at = cast(%s as bigint), attempts = attempts - 1, claim = null,"
    " last_error = cast(%s as text) where id = " UM_UUID " and claim = " UM_UUID " and state = 0"
    " and exists (select 1 from um_users u where u.id = um_mail.user_id and u.email_key <> cast(%s as text))"
    " and not exists (select 1 from um_mail o where o.email_key = cast(%s as text) and o.kind = um_mail.kind"
    " and o.made_at > um_mail.created_at and o.user_id = um_mail.user_id) returning id")

UM_STATEMENT(MAIL_UNMADE, WRITE, 2,
    "update um_mail set made_at = null where id = " UM_UUID " and claim = " UM_UUID " and state = 0 returning id")

UM_STATEMENT(MAIL_DONE, WRITE, 5,
    "update um_mail set state = cast(%s as smallint), done_at = cast(%s as bigint), last_error = cast(%s as text)"
    " where id = " UM_UUID " and claim = " UM_UUID " and state = 0 returning id")

UM_STATEMENT(MAIL_LATER, WRITE, 5,
    "update um_mail set due_at = cast(%s as bigint), attempts = cast(%s as integer), last_error = cast(%s as text),"
    " claim = null where id = " UM_UUID " and claim = " UM_UUID " and state = 0 returning id")

/* The mails that a worker has claimed and will not send; without the one that may have been sent. */
UM_STATEMENT(MAIL_RELEASE, WRITE, 3,
    "update um_mail set due_at = cast(%s as bigint), attempts = attempts - 1, claim = null"
    " where claim = " UM_UUID " and state = 0 and id <> " UM_UUID " returning id")

/* Mails that wait for a time later than any that is set, for instance after a clock was set back, become due now. A
 * claimed mail stays claimed, unless it waits longer than any lease. */
UM_STATEMENT(MAIL_HURRY, WRITE, 5,
    "update um_mail set due_at = cast(%s as bigint) where id" UM_LISTED("select m.id from um_mail m where m.state = 0"
    " and m.site = cast(%s as text) and m.due_at > cast(%s as bigint)"
    " and (m.claim is null or m.due_at > cast(%s as bigint)) order by m.due_at limit cast(%s as integer)")
    " returning id")

/* Rows without a site, from before step 003, become mails of the first site that asks. */
UM_STATEMENT(MAIL_ADOPT, WRITE, 2,
    "update um_mail set site = cast(%s as text) where id" UM_LISTED("select m.id from um_mail m where m.state = 0"
    " and m.site = '' order by m.due_at limit cast(%s as integer)") " returning id")

/* The next site by name that has waiting mails, and the next that has requests. */
UM_STATEMENT(MAIL_SITE, READ, 1,
    "select m.site from um_mail m where m.state = 0 and m.site > cast(%s as text) order by m.site limit 1")

UM_STATEMENT(REQUEST_SITE, READ, 1,
    "select r.site from um_requests r where r.site > cast(%s as text) order by r.site limit 1")

/* Mails of a site that no host serves any more: they have been due for a long time. */
UM_STATEMENT(MAIL_ORPHANS, WRITE, 5,
    "update um_mail set state = 2, done_at = cast(%s as bigint), last_error = 'no host sends mail of this site'"
    " where id" UM_LISTED("select m.id from um_mail m where m.state = 0 and m.site = cast(%s as text)"
    " and m.due_at < cast(%s as bigint) and m.created_at < cast(%s as bigint) order by m.due_at"
    " limit cast(%s as integer)") " returning id")

UM_STATEMENT(REQUEST_ORPHANS, WRITE, 4,
    "delete from um_requests where site = cast(%s as text) and id" UM_LISTED("select r.id from um_requests r"
    " where r.site = cast(%s as text) and r.id < " UM_UUID " order by r.id limit cast(%s as integer)") " returning id")

/* --- deleting rows that have ended, in bounded batches --- */

/* In the order of an index, so that every plan uses it. */
UM_STATEMENT(MAIL_PURGE, WRITE, 2,
    "delete from um_mail where id" UM_LISTED("select m.id from um_mail m where m.state <> 0"
    " and m.done_at < cast(%s as bigint) order by m.done_at limit cast(%s as integer)") " returning id")

UM_STATEMENT(ONE_TIME_TOKEN_PURGE, WRITE, 2,
    "delete from um_one_time_tokens where hash" UM_LISTED("select t.hash from um_one_time_tokens t where t.expires_at <"
    " cast(%s as bigint) order by t.expires_at limit cast(%s as integer)") " returning hash")

UM_STATEMENT(SESSION_PURGE, WRITE, 2,
    "delete from um_sessions where id" UM_LISTED("select s.id from um_sessions s where s.expires_at <"
    " cast(%s as bigint) order by s.expires_at limit cast(%s as integer)") " returning id")

UM_STATEMENT(NAME_PURGE, WRITE, 2,
    "delete from um_held_names where hash" UM_LISTED("select h.hash from um_held_names h where h.held_until <"
    " cast(%s as bigint) order by h.held_until limit cast(%s as integer)") " returning hash")
