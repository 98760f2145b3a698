/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h for um_events and um_webhooks. statements.h includes it before all others and has the
 * rules. */

/* How many values UM_EVENT_INSERT takes. */
#define UM_EVENT_VALUES 12

#define UM_EVENT_COLUMNS \
    "id, user_id, kind, at_ms, actor, session_id, detail, address, user_agent, request_id, host, node"
#define UM_EVENT_INSERT \
    "insert into um_events (" UM_EVENT_COLUMNS ")" \
    " select " UM_UUID ", " UM_UUID ", cast(%s as text), cast(%s as bigint), cast(%s as text), " UM_UUID "," \
    " cast(%s as text), cast(%s as text), cast(%s as text), cast(%s as text), cast(%s as text), cast(%s as text)"

/* A statement that changes rows, and a second form of it that also stores one event if it has: in one round
 * trip, and both or neither. When the statement is sent again, the event has the same id and is stored once. SQLite has
 * no such statement and needs none, because it has no round trips. The values of the event follow the others. */
#define UM_STATEMENT_AND_EVENT(name, values, text) \
    UM_STATEMENT(name, WRITE, values, text) \
    UM_STATEMENT(name##_EVENT, WRITE, (values) + UM_EVENT_VALUES, \
        UM_SQL2("with changed as (" text "), event as (" UM_EVENT_INSERT " from changed on conflict do nothing)" \
                " select * from changed", ""))

UM_STATEMENT(EVENT_INSERT, WRITE, UM_EVENT_VALUES,
    UM_EVENT_INSERT " where true on conflict do nothing returning id")

UM_STATEMENT(EVENT_THERE, READ, 1,
    "select e.id from um_events e where e.id = " UM_UUID)

UM_STATEMENT(EVENT_COUNT, READ, 1,
    "select count(*) from um_events e where e.user_id = " UM_UUID)

/* A page of the events of an account: those before an id, the newest first; and those after one, the oldest first. */
UM_STATEMENT(EVENT_BEFORE, READ, 3,
    "select " UM_EVENT_COLUMNS " from um_events e where e.user_id = " UM_UUID " and e.id < " UM_UUID
    " order by e.id desc limit cast(%s as integer)")

UM_STATEMENT(EVENT_AFTER, READ, 3,
    "select " UM_EVENT_COLUMNS " from um_events e where e.user_id = " UM_UUID " and e.id > " UM_UUID
    " order by e.id limit cast(%s as integer)")

/* A page of the events of all accounts, the oldest first. */
UM_STATEMENT(EVENT_ALL, READ, 2,
    "select " UM_EVENT_COLUMNS " from um_events e where e.id > " UM_UUID " order by e.id limit cast(%s as integer)")

/* The rows are not locked first, as those of other tables are: that needs the right to update them, which nobody is to
 * have. */
UM_STATEMENT(EVENT_PURGE, WRITE, 2,
    "delete from um_events where id " UM_SQL2("= any(array(",
                                              "in (") "select e.id from um_events e where e.id < " UM_UUID
    " order by e.id limit cast(%s as integer))" UM_SQL2(")", "") " returning id")

/* --- webhooks --- */

/* The name is that of the account in the transaction of the event: after a renaming the new one. A receiver that is
 * disabled gets no row. */
UM_STATEMENT(WEBHOOK_INSERT, WRITE, 14,
    "insert into um_webhooks (id, site, url, event_id, kind, at_ms, user_id, username, actor, detail, due_at,"
    " created_at) select " UM_UUID ", cast(%s as text), cast(%s as text), " UM_UUID ", cast(%s as text),"
    " cast(%s as bigint), " UM_UUID ", coalesce((select u.username from um_users u where u.id = " UM_UUID "), ''),"
    " cast(%s as text), cast(%s as text), cast(%s as bigint), cast(%s as bigint)"
    " where not exists (select 1 from um_webhook_receivers r where r.site = cast(%s as text)"
    " and r.url = cast(%s as text)) on conflict do nothing returning id")

/* --- sending --- */

/* 1 or 0. PostgreSQL would answer an "exists" by reading the whole table. */
#define UM_WEBHOOK_DISABLED \
    "coalesce((select 1 from um_webhook_receivers r where r.site = w.site and r.url = w.url), 0)"

#define UM_WEBHOOK_DUE \
    " from um_webhooks w where w.state = 0 and w.site = cast(%s as text) and w.url = cast(%s as text)" \
    " and w.due_at <= cast(%s as bigint) order by w.due_at limit "

UM_STATEMENT(WEBHOOK_DUE, READ, 3,
    "select " UM_WEBHOOK_DISABLED UM_WEBHOOK_DUE "1")

/* A claim is a lease, as that of a mail. */
UM_STATEMENT(WEBHOOK_CLAIM, WRITE, 6,
    "update um_webhooks set claim = " UM_UUID ", due_at = cast(%s as bigint), attempts = attempts + 1"
    " where id" UM_LISTED("select w.id" UM_WEBHOOK_DUE "cast(%s as integer)") " returning id")

UM_STATEMENT(WEBHOOK_CLAIMED, READ, 1,
    "select w.id, w.url, w.event_id, w.kind, w.at_ms, w.user_id, w.username, w.actor, w.detail, w.attempts,"
    " w.created_at from um_webhooks w where w.claim = " UM_UUID " and w.state = 0 order by w.created_at, w.id")

UM_STATEMENT(WEBHOOK_DONE, WRITE, 5,
    "update um_webhooks set state = cast(%s as smallint), done_at = cast(%s as bigint), last_error = cast(%s as text)"
    " where id = " UM_UUID " and claim = " UM_UUID " and state = 0 returning id")

UM_STATEMENT(WEBHOOK_LATER, WRITE, 4,
    "update um_webhooks set due_at = cast(%s as bigint), last_error = cast(%s as text), claim = null"
    " where id = " UM_UUID " and claim = " UM_UUID " and state = 0 returning id")

/* What a worker has claimed and will not send. */
UM_STATEMENT(WEBHOOK_RELEASE, WRITE, 2,
    "update um_webhooks set due_at = cast(%s as bigint), attempts = attempts - 1, claim = null"
    " where claim = " UM_UUID " and state = 0 returning id")

/* --- rows that nobody sends, and rows that have ended, in bounded batches --- */

/* The next site and URL that have waiting rows, by the index of such rows. */
UM_STATEMENT(WEBHOOK_NEXT, READ, 2,
    "select w.site, w.url from um_webhooks w where w.state = 0 and (w.site, w.url) > (cast(%s as text),"
    " cast(%s as text)) order by w.site, w.url limit 1")

/* What is being sent is left out: the lease of its claim is not over. */
UM_STATEMENT(WEBHOOK_GIVE_UP, WRITE, 7,
    "update um_webhooks set state = 2, done_at = cast(%s as bigint), last_error = cast(%s as text), claim = null"
    " where id" UM_LISTED("select w.id from um_webhooks w where w.state = 0 and w.site = cast(%s as text)"
    " and w.url = cast(%s as text) and w.due_at < cast(%s as bigint)"
    " and (w.claim is null or w.due_at < cast(%s as bigint)) order by w.due_at limit cast(%s as integer)")
    " returning id")

/* Rows that wait for a time later than any that is set, after a clock was set back, become due now. */
UM_STATEMENT(WEBHOOK_HURRY, WRITE, 3,
    "update um_webhooks set due_at = cast(%s as bigint) where id" UM_LISTED("select w.id from um_webhooks w"
    " where w.state = 0 and w.due_at > cast(%s as bigint) order by w.due_at limit cast(%s as integer)")
    " returning id")

UM_STATEMENT(WEBHOOK_PURGE, WRITE, 2,
    "delete from um_webhooks where id" UM_LISTED("select w.id from um_webhooks w where w.state <> 0"
    " and w.done_at < cast(%s as bigint) order by w.done_at limit cast(%s as integer)") " returning id")

/* --- for an administrator --- */

#define UM_WEBHOOK_ADMIN_COLUMNS \
    "cast(w.id as text), w.url, cast(w.event_id as text), w.kind, w.at_ms, cast(w.user_id as text), w.username," \
    " w.actor, w.detail, w.site, case w.state when 1 then 'delivered' when 2 then 'given up' else case" \
    " when w.claim is not null and w.due_at > cast(%s as bigint) then 'sending' else 'waiting' end end," \
    " w.attempts, w.created_at, case when w.state = 0 then w.due_at else 0 end, w.done_at, w.last_error"

/* The state of delivered rows is 1; 9 as the state to leave out leaves out none. */
UM_STATEMENT(WEBHOOK_ADMIN_LIST, READ, 4,
    "select " UM_WEBHOOK_ADMIN_COLUMNS " from um_webhooks w where w.id > " UM_UUID
    " and w.state <> cast(%s as smallint) order by w.id limit cast(%s as integer)")

UM_STATEMENT(WEBHOOK_ADMIN_ONE, READ, 2,
    "select " UM_WEBHOOK_ADMIN_COLUMNS " from um_webhooks w where w.id = " UM_UUID)

#define UM_WEBHOOK_IDLE "(claim is null or state <> 0 or due_at <= cast(%s as bigint))"
#define UM_WEBHOOK_ENABLED \
    " and not exists (select 1 from um_webhook_receivers r where r.site = um_webhooks.site" \
    " and r.url = um_webhooks.url)"

/* Also one that was delivered, for a receiver that has lost it. Its age counts from now on. */
UM_STATEMENT_AND_EVENT(WEBHOOK_ADMIN_RETRY, 4,
    "update um_webhooks set state = 0, due_at = cast(%s as bigint), created_at = cast(%s as bigint), attempts = 0,"
    " claim = null, done_at = null where id = " UM_UUID " and " UM_WEBHOOK_IDLE UM_WEBHOOK_ENABLED " returning id")

UM_STATEMENT_AND_EVENT(WEBHOOK_ADMIN_RETRY_ALL, 3,
    "update um_webhooks set state = 0, due_at = cast(%s as bigint), created_at = cast(%s as bigint), attempts = 0,"
    " claim = null, done_at = null where state <> 1 and " UM_WEBHOOK_IDLE UM_WEBHOOK_ENABLED " returning id")

UM_STATEMENT_AND_EVENT(WEBHOOK_ADMIN_DROP, 2,
    "delete from um_webhooks where id = " UM_UUID " and " UM_WEBHOOK_IDLE " returning id")

/* --- receivers that want no more --- */

UM_STATEMENT(WEBHOOK_ADMIN_RECEIVERS, READ, 0,
    "select r.site, r.url, r.disabled_at from um_webhook_receivers r order by r.site, r.url")

UM_STATEMENT_AND_EVENT(WEBHOOK_DISABLE, 3,
    "insert into um_webhook_receivers (site, url, disabled_at) values (cast(%s as text), cast(%s as text),"
    " cast(%s as bigint)) on conflict do nothing returning url")

UM_STATEMENT_AND_EVENT(WEBHOOK_ENABLE, 2,
    "delete from um_webhook_receivers where site = cast(%s as text) and url = cast(%s as text) returning url")

/* --- the metrics --- */

/* How many wait, how many are being sent, how many were given up since a time; when the oldest of the first two was
 * made, and since when the one that is overdue longest is due. */
UM_STATEMENT(WEBHOOK_COUNTS, READ, 4,
    "select count(case when w.claim is null or w.due_at <= cast(%s as bigint) then 1 end),"
    " count(case when w.claim is not null and w.due_at > cast(%s as bigint) then 1 end),"
    " (select count(*) from um_webhooks g where g.state <> 0 and g.state = 2 and g.done_at > cast(%s as bigint)),"
    " coalesce(min(w.created_at), 0), coalesce(min(case when w.due_at <= cast(%s as bigint) then w.due_at end), 0)"
    " from um_webhooks w where w.state = 0")

#undef UM_WEBHOOK_DUE
#undef UM_WEBHOOK_DISABLED
#undef UM_WEBHOOK_ENABLED
#undef UM_WEBHOOK_ADMIN_COLUMNS
#undef UM_WEBHOOK_IDLE
