/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h for lists of accounts; see there, and store_list.h for what the values mean.
 *
 * A list is read along one index, in windows of UM_LIST_WINDOW entries. The size of a window is written in the text and
 * not a value: PostgreSQL makes one plan for all values, and a constant leaves it no reason to read and sort the whole
 * range. What the index does not say is filtered within the window. So no filter, however few accounts it leaves, makes
 * a statement read more than a window. A subquery keeps its order in the outer query, in both databases. */

#define UM_LIST_WINDOW "1000"
#define UM_LIST_COUNTED "10001"

/* Takes UM_LIST_FILTERS values: is_active, is_staff, group (twice), username_key, email_key, and three ranges of keys
 * that leave accounts out. NULL, and for a range '' and '', mean that all accounts pass. */
#define UM_LIST_FILTERS 12
#define UM_LIST_FILTER \
    " coalesce(cast(%s as smallint), case when u.is_active = 1 then 1 else 0 end)" \
    " = case when u.is_active = 1 then 1 else 0 end" \
    " and coalesce(cast(%s as smallint), u.is_staff) = u.is_staff" \
    " and (cast(%s as text) is null or (select count(*) from um_memberships x join um_groups g on g.id = x.group_id" \
    " where x.user_id = u.id and g.name = cast(%s as text)) > 0)" \
    " and coalesce(cast(%s as text), u.username_key) = u.username_key" \
    " and coalesce(cast(%s as text), u.email_key) = u.email_key" \
    " and not (u.username_key >= cast(%s as text) and u.username_key < cast(%s as text))" \
    " and not (u.email_key " UM_LIST_C ">= cast(%s as text) and u.email_key " UM_LIST_C "< cast(%s as text))" \
    " and not (coalesce(u.first_name_key, '') >= cast(%s as text)" \
    " and coalesce(u.first_name_key, '') < cast(%s as text))"

/* email_key is the only one of these columns whose collation is not C in PostgreSQL. */
#define UM_LIST_C UM_SQL2("collate \"C\" ", "")

/* Where a list goes on, three values: behind a position (key and id), and within the range of keys. The index of user
 * names does not have the id, and needs it for no order. A pair of values and a bound are no range to PostgreSQL, which
 * takes a range between two values for a small one and would sort it. */
#define UM_LIST_UP(key, value)   "(" key ", u.id) > (" value ", " UM_UUID ") and " key " < " value
#define UM_LIST_DOWN(key, value) "(" key ", u.id) < (" value ", " UM_UUID ") and " key " >= " value

#define UM_LIST_LOW(key, value)  "(" key ", u.id) >= (" value ", '" UM_LIST_NO_ID "')"
#define UM_LIST_NO_ID "00000000-0000-0000-0000-000000000000"

/* The statements of one direction: a page; the last entry of a window, if the window is full. */
#define UM_LIST_ROWS(name, from, key, condition, after, order) \
    UM_STATEMENT(LIST_##name, READ, UM_LIST_FILTERS + 4, \
        "select " UM_USER_COLUMNS ", u.list_key, " UM_USER_GROUPS " from (select u.*, " key " as list_key from " from \
        " where " condition after " order by " order " limit " UM_LIST_WINDOW ") u where" UM_LIST_FILTER \
        " limit cast(%s as integer)") \
    UM_STATEMENT(LIST_END_##name, READ, 3, \
        "select " key ", u.id from " from " where " condition after " order by " order \
        " limit 1 offset " UM_LIST_WINDOW " - 1")

/* How many accounts of a window pass the filters; and, in the index alone, how many a range has. */
#define UM_LIST_NUMBERS(name, from, key, value, condition, after, low, order) \
    UM_STATEMENT(LIST_COUNT_##name, READ, UM_LIST_FILTERS + 3, \
        "select count(*) from (select u.* from " from " where " condition after " order by " order \
        " limit " UM_LIST_WINDOW ") u where" UM_LIST_FILTER) \
    UM_STATEMENT(LIST_SIZE_##name, READ, 2, \
        "select count(*) from (select " key " as list_key from " from " where " condition \
        low " and " key " < " value " order by " order " limit " UM_LIST_COUNTED ") u")

#define UM_LIST_INDEX(name, key, value, condition) \
    UM_LIST_ROWS(UP_##name, "um_users u", key, condition, UM_LIST_UP(key, value), key ", u.id") \
    UM_LIST_ROWS(DOWN_##name, "um_users u", key, condition, UM_LIST_DOWN(key, value), key " desc, u.id desc") \
    UM_LIST_NUMBERS(name, "um_users u", key, value, condition, UM_LIST_UP(key, value), \
        UM_LIST_LOW(key, value), key ", u.id")

#define UM_LIST_NAMES(name) \
    UM_LIST_ROWS(UP_##name, "um_users u", UM_LIST_NAME, "", UM_LIST_UP(UM_LIST_NAME, UM_LIST_TEXT), UM_LIST_NAME) \
    UM_LIST_ROWS(DOWN_##name, "um_users u", UM_LIST_NAME, "", UM_LIST_DOWN(UM_LIST_NAME, UM_LIST_TEXT), \
        UM_LIST_NAME " desc") \
    UM_LIST_NUMBERS(name, "um_users u", UM_LIST_NAME, UM_LIST_TEXT, "", UM_LIST_UP(UM_LIST_NAME, UM_LIST_TEXT), \
        "(" UM_LIST_NAME ", " UM_LIST_NAME ") >= (" UM_LIST_TEXT ", '')", UM_LIST_NAME)

#define UM_LIST_TEXT "cast(%s as text)"
#define UM_LIST_NUMBER "cast(%s as bigint)"
#define UM_LIST_NAME "u.username_key"
#define UM_LIST_EMAIL "u.email_key " UM_LIST_C
#define UM_LIST_IS_STAFF "u.is_staff = 1 and "
#define UM_LIST_IS_OFF "u.is_active <> 1 and "

/* PostgreSQL's keys of the indexes of a few accounts are expressions, which no index of all accounts has. Otherwise it
 * would read such an index from end to end to find the few in both. */
#define UM_LIST_CREATED_FEW UM_SQL2("(u.created_at + 0)", "u.created_at")
#define UM_LIST_NAME_FEW UM_SQL2("(u.username_key || '')", "u.username_key")
#define UM_LIST_EMAIL_FEW UM_SQL2("(u.email_key || '') ", "u.email_key") UM_LIST_C

/* In the order of um_list_index_e. */
UM_LIST_INDEX(CREATED, "u.created_at", UM_LIST_NUMBER, "")
UM_LIST_NAMES(USERNAME)
UM_LIST_INDEX(EMAIL, UM_LIST_EMAIL, UM_LIST_TEXT, "")
UM_LIST_INDEX(STAFF_CREATED, UM_LIST_CREATED_FEW, UM_LIST_NUMBER, UM_LIST_IS_STAFF)
UM_LIST_INDEX(STAFF_USERNAME, UM_LIST_NAME_FEW, UM_LIST_TEXT, UM_LIST_IS_STAFF)
UM_LIST_INDEX(STAFF_EMAIL, UM_LIST_EMAIL_FEW, UM_LIST_TEXT, UM_LIST_IS_STAFF)
UM_LIST_INDEX(OFF_CREATED, UM_LIST_CREATED_FEW, UM_LIST_NUMBER, UM_LIST_IS_OFF)
UM_LIST_INDEX(OFF_USERNAME, UM_LIST_NAME_FEW, UM_LIST_TEXT, UM_LIST_IS_OFF)
UM_LIST_INDEX(OFF_EMAIL, UM_LIST_EMAIL_FEW, UM_LIST_TEXT, UM_LIST_IS_OFF)
UM_LIST_INDEX(FIRST_NAME, "u.first_name_key", UM_LIST_TEXT, "u.first_name_key <> '' and ")
UM_LIST_INDEX(LAST_NAME, "u.last_name_key", UM_LIST_TEXT, "u.last_name_key <> '' and ")

/* The members of a group, by id. The values are the same: the group's name in place of a key, an id, and "". */
#define UM_LIST_GROUP "m.group_id = (select g.id from um_groups g where g.name = cast(%s as text))"
#define UM_LIST_MEMBERS "um_memberships m join um_users u on u.id = m.user_id"
#define UM_LIST_GROUP_UP   UM_LIST_GROUP " and m.user_id > " UM_UUID " and cast(%s as text) is not null"
#define UM_LIST_GROUP_DOWN UM_LIST_GROUP " and m.user_id < " UM_UUID " and cast(%s as text) is not null"
UM_LIST_ROWS(UP_GROUP, UM_LIST_MEMBERS, "''", "", UM_LIST_GROUP_UP, "m.user_id")
UM_LIST_ROWS(DOWN_GROUP, UM_LIST_MEMBERS, "''", "", UM_LIST_GROUP_DOWN, "m.user_id desc")
UM_STATEMENT(LIST_COUNT_GROUP, READ, UM_LIST_FILTERS + 3,
    "select count(*) from (select u.* from " UM_LIST_MEMBERS " where " UM_LIST_GROUP_UP " order by m.user_id"
    " limit " UM_LIST_WINDOW ") u where" UM_LIST_FILTER)
UM_STATEMENT(LIST_SIZE_GROUP, READ, 2,
    "select count(*) from (select m.user_id from um_memberships m where " UM_LIST_GROUP
    " and cast(%s as text) is not null order by m.user_id limit " UM_LIST_COUNTED ") u")

/* How many accounts the database estimates; -1: it does not. */
UM_STATEMENT(LIST_ESTIMATE, READ, 0,
    "select " UM_SQL2("cast(c.reltuples as bigint) from pg_class c where c.oid = to_regclass('um_users')", "-1"))

/* Names of accounts whose keys are not made yet. */
UM_STATEMENT(USERS_NO_NAME_KEY, READ, 1,
    "select id, first_name, last_name from um_users where first_name_key is null and id > " UM_UUID
    " order by id limit 2000")
/* The keys of many accounts, as a list of lists in JSON (statements_import.h says why): id, both names, both keys. An
 * account whose names were changed meanwhile is left out, and one that another process has made the keys of. */
UM_STATEMENT(USERS_NAME_KEYS, WRITE, 1,
    UM_SQL2("update um_users as u set first_name_key = r.value->>3, last_name_key = r.value->>4"
            " from jsonb_array_elements(cast(%s as jsonb)) r where u.id = cast(r.value->>0 as uuid)"
            " and u.first_name = r.value->>1 and u.last_name = r.value->>2",
            "update um_users as u set first_name_key = json_extract(r.value, '$[3]'),"
            " last_name_key = json_extract(r.value, '$[4]') from json_each(%s) r"
            " where u.id = json_extract(r.value, '$[0]') and u.first_name = json_extract(r.value, '$[1]')"
            " and u.last_name = json_extract(r.value, '$[2]')")
    " and u.first_name_key is null returning " UM_SQL2("u.id", "id"))
