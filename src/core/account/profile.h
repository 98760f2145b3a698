/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PROFILE_H
#define UM_PROFILE_H
/* The profile: the fields of an account that answers show, one row a field. The database's statements, the structures,
 * the request bodies, the answers, the caller cache and what applications get are made of these rows; a row and one
 * migration for each database add a field (docs/architecture.md, "How to add an account field").
 *
 * This file holds macros alone and includes nothing, so the floors and wings below may include it (t/house/floors.t).
 *
 * name          the column of um_users, the member of um_user_t, um_profile_input_t and um_identity_t, and the field of
 *               bodies and answers. The column is "text not null default ''"
 * label         the field's name for people, in OPTIONS
 * kind          TEXT: any text. USERNAME and EMAIL are checked, and have further columns by which they are found; there
 *               is one row of each
 * longest       characters
 * registration  REQUIRED; or OPTIONAL: the field may be absent or "", and is stored as ""
 * update        WRITABLE: PATCH sets it. READ_ONLY: PATCH ignores it, except that staff gets an error
 * identity      what applications get of it.
 *               PRIVATE:   nothing
 *               VARIABLE:  the variable USERMGMT_<NAME>, in the environment and in httpd's expressions
 *               HEADER:    also the header X-Usermgmt-<Name>, where UserMgmtIdentityHeaders names the field
 *               HEADER_ON: also where UserMgmtIdentityHeaders is On */
#define UM_PROFILE(FIELD) \
    FIELD(/* name */ username, /* label */ "Username", /* kind */ USERNAME, /* longest */ 150, \
          /* registration */ REQUIRED, /* update */ READ_ONLY, /* identity */ HEADER_ON) \
    FIELD(/* name */ first_name, /* label */ "First name", /* kind */ TEXT, /* longest */ 150, \
          /* registration */ OPTIONAL, /* update */ WRITABLE, /* identity */ VARIABLE) \
    FIELD(/* name */ last_name, /* label */ "Last name", /* kind */ TEXT, /* longest */ 150, \
          /* registration */ OPTIONAL, /* update */ WRITABLE, /* identity */ VARIABLE) \
    FIELD(/* name */ email, /* label */ "Email address", /* kind */ EMAIL, /* longest */ 254, \
          /* registration */ OPTIONAL, /* update */ WRITABLE, /* identity */ HEADER_ON)

/* --- choosing rows: code for those of some kinds, nothing for the others. A new word of a column needs a line in each
 * of its groups here; one that is missing or mistyped does not compile. --- */

/* UM_PROFILE_IF_TEXT(kind, code) */
#define UM_PROFILE_IF_TEXT(kind, ...) UM_PROFILE_TEXT_##kind(__VA_ARGS__)
#define UM_PROFILE_TEXT_TEXT(...) __VA_ARGS__
#define UM_PROFILE_TEXT_USERNAME(...)
#define UM_PROFILE_TEXT_EMAIL(...)

/* UM_PROFILE_IF_USERNAME(kind, code), UM_PROFILE_UNLESS_USERNAME(kind, code) */
#define UM_PROFILE_IF_USERNAME(kind, ...) UM_PROFILE_USERNAME_##kind(__VA_ARGS__)
#define UM_PROFILE_USERNAME_TEXT(...)
#define UM_PROFILE_USERNAME_USERNAME(...) __VA_ARGS__
#define UM_PROFILE_USERNAME_EMAIL(...)
#define UM_PROFILE_UNLESS_USERNAME(kind, ...) UM_PROFILE_NO_USERNAME_##kind(__VA_ARGS__)
#define UM_PROFILE_NO_USERNAME_TEXT(...) __VA_ARGS__
#define UM_PROFILE_NO_USERNAME_USERNAME(...)
#define UM_PROFILE_NO_USERNAME_EMAIL(...) __VA_ARGS__

/* UM_PROFILE_IF_WRITABLE(update, code), UM_PROFILE_IF_READ_ONLY(update, code) */
#define UM_PROFILE_IF_WRITABLE(update, ...) UM_PROFILE_WRITABLE_##update(__VA_ARGS__)
#define UM_PROFILE_WRITABLE_WRITABLE(...) __VA_ARGS__
#define UM_PROFILE_WRITABLE_READ_ONLY(...)
#define UM_PROFILE_IF_READ_ONLY(update, ...) UM_PROFILE_READ_ONLY_##update(__VA_ARGS__)
#define UM_PROFILE_READ_ONLY_WRITABLE(...)
#define UM_PROFILE_READ_ONLY_READ_ONLY(...) __VA_ARGS__

/* UM_PROFILE_IF_PUBLIC(identity, code): applications get the field */
#define UM_PROFILE_IF_PUBLIC(identity, ...) UM_PROFILE_PUBLIC_##identity(__VA_ARGS__)
#define UM_PROFILE_PUBLIC_PRIVATE(...)
#define UM_PROFILE_PUBLIC_VARIABLE(...) __VA_ARGS__
#define UM_PROFILE_PUBLIC_HEADER(...) __VA_ARGS__
#define UM_PROFILE_PUBLIC_HEADER_ON(...) __VA_ARGS__

#endif
