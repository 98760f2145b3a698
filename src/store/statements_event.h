/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h for um_events. statements.h includes it before all others and has the rules. */

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
