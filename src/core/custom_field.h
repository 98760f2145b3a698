/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CUSTOM_FIELD_H
#define UM_CUSTOM_FIELD_H
/* Custom fields: fields of accounts that a site adds by UserMgmtProfile. Their values are one JSON object an account,
 * um_users.custom. Values of fields that are not configured any more stay there, and are not shown. */
#include <apr_pools.h>

typedef struct json_object um_json_t;           /* json.h */
typedef struct um_json_value_t um_json_value_t;

typedef enum {
    UM_CUSTOM_TEXT,             /**< "" where it has no value */
    UM_CUSTOM_INTEGER,          /**< of at most 53 bits, which JSON readers keep exactly; null where it has none */
    UM_CUSTOM_BOOLEAN,          /**< null where it has none */
    UM_CUSTOM_DATE              /**< YYYY-MM-DD; null where it has none */
} um_custom_kind_e;

#define UM_CUSTOM_LARGEST 9007199254740991 /**< the largest integer; the smallest is its negative */

typedef struct um_custom_field_t {
    const char *name;           /**< a-z, 0-9 and _; the member of bodies and answers, and the claim */
    const char *label;          /**< for people */
    const char *variable;       /**< USERMGMT_<NAME> */
    const char *header;         /**< X-Usermgmt-<Name> */
    um_custom_kind_e kind;
    int max_length;             /**< of a text, in characters */
    int is_required;            /**< a registration must have it */
    int is_claim;               /**< tokens and applications get it */
} um_custom_field_t;

/** The custom fields of a site, in the order of the configuration. */
typedef struct um_custom_fields_t {
    int count;
    const um_custom_field_t *field;
    int is_closed;              /**< a virtual host has these alone, not the main server's */
} um_custom_fields_t;

/** The field of that name; NULL: there is none. fields may be NULL. */
const um_custom_field_t *um_custom_field_find(const um_custom_fields_t *fields, const char *name, apr_size_t len);

/** The name of a kind in OPTIONS. */
const char *um_custom_field_type(um_custom_kind_e kind);

/** Whether a text is a date that exists, YYYY-MM-DD, from the year 1 on. */
int um_custom_field_is_date(const char *text);

/** Reads an integer of digits with an optional minus. Whether it is one of at most 53 bits. */
int um_custom_field_integer(const char *text, apr_int64_t *number);

/** A truth value as JSON or forms give it: 1 or 0; -1: it is none. */
int um_custom_field_boolean(const um_json_value_t *value);

/** Adds all fields to out, with their values in stored (um_users.custom). A value that is not of the field's kind, from
 * before the kind was changed, counts as none. */
void um_custom_field_show(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored, um_json_t *out);

/** The same without the fields that have no value. */
void um_custom_field_show_given(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored, um_json_t *out);

/** Adds those fields to claims that are claims and have a value. */
void um_custom_field_add_claims(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored,
                                um_json_t *claims);

/** The claims alone, as a JSON object; "": there are none. */
const char *um_custom_field_claims(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored);

/** The value of a field in the text of um_custom_field_claims(), for applications: a boolean as 1 or 0; "": none. */
const char *um_custom_field_text(apr_pool_t *pool, const um_custom_field_t *field, const char *claims);

/** The names of the fields that have another value in change than in stored, each behind a blank; "": none. In change,
 * null stands for no value. If change is NULL, no field is changed. */
const char *um_custom_field_changes(apr_pool_t *pool, const um_custom_fields_t *fields, const char *stored,
                                    const char *change);

#endif
