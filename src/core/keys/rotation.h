/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ROTATION_H
#define UM_ROTATION_H
/* Changing the keys of a folder (key_directory.h) so that no good token is ever refused: a key is published for a while
 * before it signs, and goes on verifying until the last token that it signed is over. Every change is a rename or one
 * new file, the folder has a key that signs before and after each, and each can be cut off and done again: whoever
 * comes next goes on from what is there. Processes and nodes that share a folder take turns by a lock that ends with
 * its holder. */
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

typedef struct um_rotation_t {
    apr_int64_t every;          /**< seconds that a key signs */
    apr_int64_t publish;        /**< of them, how long the next one is published meanwhile; 0: it signs at once */
    apr_int64_t lifetime;       /**< seconds that a token lives at most */
    apr_int64_t keep;           /**< seconds that the file of a retired key is kept; negative: for ever */
    const char *alg;            /**< of new keys; NULL: that of the key that signs */
    int now;                    /**< make the next key whatever the age of the one that signs */
} um_rotation_t;

/** What a site that rotates every so many seconds does with the rest. */
void um_rotation_plan(um_rotation_t *plan, apr_int64_t every, apr_int64_t lifetime);

/* All: what was done is said as lines, const char *, pushed onto said. APR_EBUSY: somebody else was at work for
 * some seconds; APR_EGENERAL: it could not be done. *why says which file and why. */

/** Does what is due at now: makes the next key, puts it to use, retires old ones, removes retired ones. A folder
 * without any key gets its first. Files with a public key only belong to other nodes and are left alone. */
apr_status_t um_rotation_step(apr_pool_t *pool, const char *folder, const um_rotation_t *plan, apr_time_t now,
                              apr_array_header_t *said, const char **why);

/** Makes a key: the next one, or where none signs, one that does. *file is its path. */
apr_status_t um_rotation_add(apr_pool_t *pool, const char *folder, const char *alg, apr_time_t now,
                             const char **file, const char **why);

/** Retires the key with that kid at once, and puts another to use when it is the one that signs. APR_NOTFOUND: there is
 * no such key. */
apr_status_t um_rotation_retire(apr_pool_t *pool, const char *folder, const char *kid, apr_time_t now,
                                apr_array_header_t *said, const char **why);

#endif
