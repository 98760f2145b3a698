/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JSONSTR_H
#define UM_JSONSTR_H
/* The strings of a JSON text (RFC 8259 section 7) and what member names need beyond them. */
#include <apr_pools.h>

typedef struct um_jsonstr_t {
    const char *text;          /**< into the JSON text, between the quotes; not NUL-terminated */
    apr_size_t len;
    apr_size_t at;             /**< set by the caller: where the string stands, for messages */
    int is_escaped;            /**< holds a backslash */
    int has_null;              /**< stands for characters of which one is U+0000 */
    apr_uint32_t lone;         /**< the first unpaired surrogate that it spells, or 0 */
} um_jsonstr_t;

typedef enum {
    UM_JSONSTR_GOOD, UM_JSONSTR_CUT, UM_JSONSTR_UTF8, UM_JSONSTR_ESCAPE, UM_JSONSTR_CONTROL
} um_jsonstr_e;

/** Reads a string; *at stands on its opening quote and goes behind its closing one, or to what is wrong with it. */
um_jsonstr_e um_jsonstr_scan(const char **at, const char *end, um_jsonstr_t *string);
/** Turns a sound string without unpaired surrogates into the characters that it stands for, UTF-8 in pool. */
void um_jsonstr_unescape(apr_pool_t *pool, um_jsonstr_t *string);
/** Sorts names (already unescaped) and returns where the first one stands that an earlier one equals; APR_SIZE_MAX:
 *  none. Sorted, not hashed: no choice of names makes this slow. */
apr_size_t um_jsonstr_duplicate(um_jsonstr_t *names, int count);
#endif
