/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ROTATION_H
#define UM_ROTATION_H
/* Rotation of the keys in a directory (key_directory.h), so that no valid token is ever refused: a key is published for
 * a while before it signs, and verifies until the last token that it signed has expired.
 *
 * Each change is one rename or one new file, and the directory has a key that signs before and after it. So a rotation
 * that is interrupted leaves a usable directory, and the next one continues from there. Processes and nodes that share
 * a directory take turns by a lock, which the system releases when its holder ends. */
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

typedef struct um_rotation_t {
    apr_int64_t every;          /**< seconds that a key signs */
    apr_int64_t publish;        /**< seconds that the next key is published before it signs; 0: it signs at once */
    apr_int64_t lifetime;       /**< seconds, the longest lifetime of a token */
    apr_int64_t keep;           /**< seconds that the file of a retired key is kept; negative: for ever */
    const char *alg;            /**< of new keys; NULL: that of the key that signs */
    int now;                    /**< make the next key now, whatever the age of the key that signs */
} um_rotation_t;

/** The defaults for a site that rotates every so many seconds. */
void um_rotation_plan(um_rotation_t *plan, apr_int64_t every, apr_int64_t lifetime);

/* For all functions: report receives what was done as lines, const char *. APR_EBUSY: another process worked in the
 * directory for three seconds. APR_EGENERAL: it could not be done. *why names the file and the reason. */

/** Does all that is due at now: makes the next key, lets it sign, retires old keys, removes the files of retired keys.
 * A directory without any key gets its first one. A file with only a public key is never changed, because it belongs to
 * another node. */
apr_status_t um_rotation_step(apr_pool_t *pool, const char *path, const um_rotation_t *plan, apr_time_t now,
                              apr_array_header_t *report, const char **why);

/** Makes a key: a next key, or, if no key signs, one that signs. *file is its path. */
apr_status_t um_rotation_add(apr_pool_t *pool, const char *path, const char *alg, apr_time_t now,
                             const char **file, const char **why);

/** Retires the key with that kid at once. If it is the one that signs, another key signs from then on. APR_NOTFOUND:
 * there is no such key. */
apr_status_t um_rotation_retire(apr_pool_t *pool, const char *path, const char *kid, apr_time_t now,
                                apr_array_header_t *report, const char **why);

#endif
