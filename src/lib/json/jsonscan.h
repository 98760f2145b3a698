/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JSONSCAN_H
#define UM_JSONSCAN_H
/* Is this text JSON exactly as RFC 8259 writes it, and safe to hand to a more tolerant reader? Time and memory grow
 * with n log n of the text at worst, whatever a hostile client sends. */
#include <apr_pools.h>
#include <apr_tables.h>

/** A member of the root object: byte offsets into the text. */
typedef struct um_jsonscan_member_t {
    apr_size_t name;           /**< the opening quote of its name */
    apr_size_t value;          /**< the first byte of its value */
    apr_size_t end;            /**< behind the value */
} um_jsonscan_member_t;

/** What a sound text holds that its tree of values cannot tell any more. */
typedef struct um_jsonscan_t {
    /** Set by the caller: see um_json_wanted_fn; NULL: members are not listed. */
    int (*wanted)(const void *baton, const char *name, apr_size_t len);
    const void *baton;         /**< set by the caller: for wanted */
    apr_array_header_t *members; /**< um_jsonscan_member_t: the wanted ones of the root; NULL: it is no object */
    apr_array_header_t *lone;  /**< um_json_lone_t: see um_json_doc_t; NULL when there are none */
    apr_array_header_t *wide;  /**< apr_size_t, ascending: where each integer ends that int64 cannot hold; or NULL */
} um_jsonscan_t;

/**
 * Checks len bytes of text. On top of the grammar (RFC 8259 section 2 to 8) it refuses a byte order mark, strings
 * that are not UTF-8 (RFC 3629), equal member names in one object (compared after unescaping), U+0000 or an unpaired
 * surrogate in a member name, numbers too large for a double, and more than max_depth lists and objects within each
 * other.
 * @param scan  wanted and baton are read; the rest is filled in on APR_SUCCESS; its arrays live in pool
 * @param why   On error: a short English reason that holds no byte of the text; offsets in it count from 0
 * @return APR_EINVAL when the text is refused; empty text is "unexpected end of text"
 */
apr_status_t um_jsonscan_text(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth, um_jsonscan_t *scan,
                              const char **why);
#endif
