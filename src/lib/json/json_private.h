/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JSON_PRIVATE_H
#define UM_JSON_PRIVATE_H
/* What the files of this wing share; everybody else includes json.h. */
#include <apr_pools.h>

typedef struct json_object um_json_t;

/* --- json.c --- */

/** Ends the process unless good. json-c returns NULL when it is out of memory, and NULL is its null too: the one must
 *  never be taken for the other. */
void um_json_need(int good);

/** A malloc'ed copy of text with U+FFFD for each bad byte; *len becomes its length. NULL: text is valid UTF-8. */
char *um_json_repair(const char *text, apr_size_t *len);

/** value itself, which pool frees from now on. */
um_json_t *um_json_own(apr_pool_t *pool, um_json_t *value);

/* --- json_string.c: strings (RFC 8259 section 7), and what member names need beyond them --- */

typedef struct um_json_string_t {
    const char *text;          /**< between the quotes, in the JSON text; not NUL-terminated */
    apr_size_t len;
    apr_size_t at;             /**< set by the caller: the offset of the string in the JSON text, for messages */
    int is_escaped;            /**< text contains a backslash */
    int has_null;              /**< an escape stands for U+0000 */
    apr_uint32_t lone;         /**< the first unpaired surrogate, or 0 */
} um_json_string_t;

typedef enum {
    UM_JSON_STRING_GOOD, UM_JSON_STRING_CUT, UM_JSON_STRING_UTF8, UM_JSON_STRING_ESCAPE, UM_JSON_STRING_CONTROL
} um_json_string_e;

/** Reads a string. *at is at the opening quote and moves behind the closing one, or to the first fault. */
um_json_string_e um_json_string_scan(const char **at, const char *end, um_json_string_t *string);

/** Replaces the escapes of a string that um_json_string_scan has accepted: text becomes UTF-8 in pool, with U+FFFD for
 *  each unpaired surrogate. */
void um_json_string_unescape(apr_pool_t *pool, um_json_string_t *string);

/** Sorts names, which have no escapes left, and returns the offset (at) of the first one that equals an earlier one;
 *  APR_SIZE_MAX when all differ. They are sorted and not hashed, so that no choice of names makes this slow. */
apr_size_t um_json_string_duplicate(um_json_string_t *names, int count);

/* --- json_number.c: numbers that are known to be written as RFC 8259 section 6 says; end is behind the last byte ---
 * */

/** Whether the value rounds to a finite double. */
int um_json_number_fits_double(apr_pool_t *pool, const char *number, const char *end);

/** Whether a number without fraction and exponent fits int64. */
int um_json_number_fits_int64(const char *number, const char *end);

/** The value of a number that fits int64. */
apr_int64_t um_json_number_int64(const char *number, const char *end);

/** The double nearest to the value, whatever decimal point the locale of the process uses. */
double um_json_number_double(apr_pool_t *pool, const char *number, const char *end);

/* --- json_build.c: values for json_parse.c, which owns them until they are in another value --- */

/** A string that um_json_string_scan has accepted, without its escapes. */
um_json_t *um_json_build_text(apr_pool_t *pool, um_json_string_t string);
/** A number that um_json_number_fits_double accepts. It is printed as it was written. */
um_json_t *um_json_build_float(apr_pool_t *pool, const char *number, const char *end);
/** A number that um_json_number_fits_int64 accepts. */
um_json_t *um_json_build_int64(const char *number, const char *end);
um_json_t *um_json_build_boolean(int truth);
/** An empty object or list. */
um_json_t *um_json_build_container(int is_object);
/** Adds value, NULL for null, without looking for a member of the same name: both are kept. The reader refuses equal
 *  names later, when the object ends, and um_json_build_discard must find all values to wipe them. */
void um_json_build_member(apr_pool_t *pool, um_json_t *object, const um_json_string_t *name, um_json_t *value);
void um_json_build_element(um_json_t *list, um_json_t *value);
/** How many elements a list has. */
apr_size_t um_json_build_count(const um_json_t *list);
/** Wipes all strings in value, which may be passwords, and frees it. */
void um_json_build_discard(um_json_t *value);
#endif
