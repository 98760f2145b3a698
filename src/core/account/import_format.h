/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IMPORT_FORMAT_H
#define UM_IMPORT_FORMAT_H
/* The formats that can be imported. */
#include "import.h"
#include "json.h"
#include "records.h"

#include <apr_dbm.h>

/** Reads a whole file. What is wrong with a row is told by um_import_refuse(). UM_FAILED: the file cannot be read
 * further, the cause is in the ctx of um_import_begin(); rows before that are stored by um_import_end(). Other statuses
 * are those of um_import_user(). */
typedef um_status_e um_import_read_fn(um_import_t *import, um_records_t *records);

/** A row of the table of formats. */
typedef struct um_import_format_t {
    const char *name;
    um_import_read_fn *read;
} um_import_format_t;

/** The format of that name; NULL: there is none. */
const um_import_format_t *um_import_format(const char *name);

/* What "manage.py dumpdata" writes: groups, users and authtoken's tokens. Where the file is no pipe it is read once for
 * each of them, in this order; in a pipe they must stand in this order. */
um_import_read_fn um_import_django;
/* Lines of name:hash, and more fields that are ignored. */
um_import_read_fn um_import_htpasswd;
/* A row an account. Columns: username, password, email, first_name, last_name, is_active, is_staff, email_verified,
 * created_at, id, alias, groups (separated by blanks), and the custom fields of the site. A column of another name is
 * refused, "-" is ignored. */
um_import_read_fn um_import_csv;
/* An object of JSON a line, with the same members; groups is a list. */
um_import_read_fn um_import_jsonl;

/** Reads a file of htdbm: names, and hashes with perhaps a comment behind a colon. */
um_status_e um_import_htdbm(um_import_t *import, apr_dbm_t *dbm);

/* --- import_value.c: values as rows have them --- */

/** Sets a member of row by its name. 0: there is no such member. *why: the value is none for it. */
int um_import_set(apr_pool_t *pool, um_import_row_t *row, const char *name, const char *value, const char **why);

/** Sets the members of row that an object of JSON has: texts, numbers and truth values. NULL, or why one is wrong. */
const char *um_import_members(um_import_t *import, um_import_row_t *row, const um_json_t *object);

/** A value of JSON as text; numbers and truth values as they were written. NULL: it is null or absent, a list or an
 * object, or a text with a NUL. */
const char *um_import_text(apr_pool_t *pool, um_json_t *value);

#endif
