/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_COLUMNS_H
#define UM_USER_COLUMNS_H
/* The columns of um_users as the statements name them, with their counts and positions. Those of the profile follow
 * from its rows; those beside it stand here, once each. */
#include "../core/account/profile.h"

#define UM_USER_COMMA_NAME(name, ...) ", " #name
#define UM_USER_COMMA_U_NAME(name, ...) ", u." #name
#define UM_USER_COMMA_TEXT(...) ", cast(%s as text)"
#define UM_USER_PLUS_1(...) + 1
#define UM_USER_PLUS_1_TEXT(name, label, kind, ...) UM_PROFILE_IF_TEXT(kind, + 1)

/* --- reading an account: id, the profile, and COLUMN(name) --- */

#define UM_USER_STATE(COLUMN) \
    COLUMN(password) \
    COLUMN(version) \
    COLUMN(is_active) \
    COLUMN(is_staff) \
    COLUMN(email_verified) \
    COLUMN(created_at) \
    COLUMN(last_sign_in_at) \
    COLUMN(custom)

/* The list after "select", of um_users u; and after "returning". */
#define UM_USER_COLUMNS "u.id" UM_PROFILE(UM_USER_COMMA_U_NAME) UM_USER_STATE(UM_USER_COMMA_U_NAME)
#define UM_USER_RETURNING " returning id" UM_PROFILE(UM_USER_COMMA_NAME) UM_USER_STATE(UM_USER_COMMA_NAME)

/* Where each stands in a row, and how many there are: further columns of a statement follow behind them. */
enum {
#define UM_USER_POSITION(name, ...) UM_USER_AT_##name,
    UM_USER_AT_id, UM_PROFILE(UM_USER_POSITION) UM_USER_STATE(UM_USER_POSITION) UM_STORE_USER_COLUMNS
#undef UM_USER_POSITION
};

/* --- a new account: id, the profile, and COLUMN(name, type, value). The values are expressions of
 * um_store_user_values(). --- */

#define UM_USER_NEW(COLUMN) \
    COLUMN(username_key, text, keys->username_key) \
    COLUMN(email_key, text, keys->email_key) \
    COLUMN(email_claim, text, claim(keys->email_claim)) \
    COLUMN(first_name_key, text, name_key(pool, user->first_name)) \
    COLUMN(last_name_key, text, name_key(pool, user->last_name)) \
    COLUMN(password, text, user->password) \
    COLUMN(version, uuid, user->version) \
    COLUMN(is_active, smallint, user->is_waiting ? "2" : "1") \
    COLUMN(created_at, bigint, um_store_number(pool, now)) \
    COLUMN(updated_at, bigint, um_store_number(pool, now)) \
    COLUMN(last_sign_in_at, bigint, NULL) \
    COLUMN(custom, json, user->custom ? user->custom : "{}")

#define UM_USER_CAST_text     "cast(%s as text)"
#define UM_USER_CAST_uuid     UM_UUID
#define UM_USER_CAST_smallint "cast(%s as smallint)"
#define UM_USER_CAST_bigint   "cast(%s as bigint)"
#define UM_USER_CAST_json     UM_SQL2("cast(%s as jsonb)", "cast(%s as text)")
#define UM_USER_COMMA_CAST(name, type, value) ", " UM_USER_CAST_##type

#define UM_USER_INSERT \
    "insert into um_users (id" UM_PROFILE(UM_USER_COMMA_NAME) UM_USER_NEW(UM_USER_COMMA_NAME) ")" \
    " values (" UM_UUID UM_PROFILE(UM_USER_COMMA_TEXT) UM_USER_NEW(UM_USER_COMMA_CAST) ")" \
    " on conflict do nothing returning id"

/* Where each value of UM_USER_INSERT stands, and how many it takes. */
enum {
#define UM_USER_POSITION(name, ...) UM_USER_VALUE_AT_##name,
    UM_USER_VALUE_AT_id, UM_PROFILE(UM_USER_POSITION) UM_USER_NEW(UM_USER_POSITION) UM_STORE_USER_VALUES
#undef UM_USER_POSITION
};

/* --- changing the profile: a value for each row of the kind TEXT; NULL keeps what is stored. The value after them has
 * custom fields as a JSON object; those that it does not have keep their values, and null removes one. The database
 * merges them, so that of two changes at one moment none is lost. --- */

#define UM_USER_SET_TEXT(name, label, kind, ...) \
    UM_PROFILE_IF_TEXT(kind, #name " = coalesce(cast(%s as text), u." #name "), ")
#define UM_USER_SET_TEXTS \
    UM_PROFILE(UM_USER_SET_TEXT) \
    UM_SQL2("custom = jsonb_strip_nulls(u.custom || coalesce(cast(%s as jsonb), '{}')), ", \
            "custom = json_patch(u.custom, coalesce(cast(%s as text), '{}')), ")

/* The keys by which accounts are found by name, with two values more; NULL as above. */
#define UM_USER_SET_KEYS \
    "first_name_key = coalesce(cast(%s as text), u.first_name_key)," \
    " last_name_key = coalesce(cast(%s as text), u.last_name_key), "

#define UM_USER_TEXTS (3 UM_PROFILE(UM_USER_PLUS_1_TEXT))

/* --- comparing the profile: a value for each row, and the custom fields --- */

#define UM_USER_AND_EQUAL(name, ...) " and " #name " = cast(%s as text)"
#define UM_USER_MATCHES UM_PROFILE(UM_USER_AND_EQUAL) " and custom = " UM_USER_CAST_json
#define UM_USER_FIELDS (1 UM_PROFILE(UM_USER_PLUS_1))

#endif
