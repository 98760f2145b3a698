/* SPDX-License-Identifier: Apache-2.0 */
#include "rotation.h"

#include "jwk.h"
#include "jwt.h"
#include "keys_private.h"

#include <apr_file_io.h>
#include <string.h>

/* For so long a process that has not yet seen a change of the directory may sign with the old key. */
#define SLACK_SECONDS 10
#define LONGEST_PUBLISH 3600

void um_rotation_plan(um_rotation_t *plan, apr_int64_t every, apr_int64_t lifetime)
{
    apr_int64_t publish = every / 4 < LONGEST_PUBLISH ? every / 4 : LONGEST_PUBLISH;

    *plan = (um_rotation_t){ .every = every, .publish = publish, .lifetime = lifetime, .keep = -1 };
}

/* --- the steps --- */

/* The index of the first next key; -1: there is none. */
static int next_key(const um_key_directory_t *dir)
{
    for (int i = 0; i < dir->files->nelts; i++) {
        if (um_key_directory_can_sign(dir, i, UM_KEY_NEXT)) {
            return i;
        }
    }
    return -1;
}

static apr_status_t make_next(um_key_directory_t *dir, const um_rotation_t *plan)
{
    const char *alg = plan->alg ? plan->alg : um_jwk_alg(dir->keys[dir->signing]), *file;
    apr_int64_t age = apr_time_sec(dir->now - um_key_directory_key_since(dir, dir->signing));
    int next;

    if (next_key(dir) >= 0 || (!plan->now && age < plan->every - plan->publish)) {
        return APR_SUCCESS;
    }
    if (um_key_directory_create_key(dir, alg, UM_KEY_NEXT, &file) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    next = next_key(dir);
    um_key_directory_report(dir, "%s is published and will sign in %" APR_INT64_T_FMT " s: %s",
                            um_jwk_kid(dir->keys[next]), plan->publish, um_key_directory_file(dir, next)->name);
    return APR_SUCCESS;
}

static apr_status_t use_next(um_key_directory_t *dir, const um_rotation_t *plan)
{
    int next = next_key(dir);

    if (next < 0 || dir->now - um_key_directory_key_since(dir, next) < apr_time_from_sec(plan->publish)) {
        return APR_SUCCESS;
    }
    return um_key_directory_activate(dir, next);
}

/* The index of the key that signs after this one. */
static int successor(const um_key_directory_t *dir, int i)
{
    while (++i < dir->files->nelts && !um_key_directory_can_sign(dir, i, UM_KEY_IN_USE)) {
        continue;
    }
    return i;
}

static apr_status_t retire_old(um_key_directory_t *dir, const um_rotation_t *plan)
{
    apr_time_t longest = apr_time_from_sec(plan->lifetime + UM_JWT_LEEWAY_MAX + SLACK_SECONDS);

    for (int i = 0; i < dir->signing; i++) {
        if (um_key_directory_can_sign(dir, i, UM_KEY_IN_USE)
            && dir->now - um_key_directory_key_since(dir, successor(dir, i)) > longest) {
            if (um_key_directory_retire(dir, i) != APR_SUCCESS) {
                return APR_EGENERAL;
            }
            i = -1;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t remove_old(um_key_directory_t *dir, const um_rotation_t *plan)
{
    for (int i = 0; i < dir->files->nelts; i++) {
        const um_key_directory_file_t *file = um_key_directory_file(dir, i);

        if (file->state == UM_KEY_RETIRED && plan->keep >= 0
            && dir->now - file->changed > apr_time_from_sec(plan->keep)) {
            if (apr_file_remove(file->path, dir->pool) != APR_SUCCESS) {
                return um_key_directory_fail(dir, "%s cannot be removed", file->path);
            }
            um_key_directory_report(dir, "%s is removed", file->name);
        }
    }
    return APR_SUCCESS;
}

/* Provides a key that signs in a directory that has none. */
static apr_status_t first_key(um_key_directory_t *dir, const char *alg)
{
    int next = next_key(dir);
    const char *file;

    if (next >= 0) {
        return um_key_directory_activate(dir, next);
    }
    for (int i = 0; i < dir->files->nelts; i++) {
        if (um_key_directory_file(dir, i)->state == UM_KEY_IN_USE) {
            return um_key_directory_fail(dir, "%s holds public keys only: none can sign", dir->path);
        }
    }
    if (um_key_directory_create_key(dir, alg ? alg : "EdDSA", UM_KEY_IN_USE, &file) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    um_key_directory_report(dir, "%s signs: %s", um_jwk_kid(dir->keys[dir->signing]),
                            um_key_directory_file(dir, dir->signing)->name);
    return APR_SUCCESS;
}

static apr_status_t do_step(um_key_directory_t *dir, const um_rotation_t *plan)
{
    if (um_key_directory_add_times(dir) != APR_SUCCESS
        || (dir->signing < 0 && first_key(dir, plan->alg) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    if (make_next(dir, plan) != APR_SUCCESS || use_next(dir, plan) != APR_SUCCESS
        || retire_old(dir, plan) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return remove_old(dir, plan);
}

/* Lets another key sign. The key that signs now is retired after that, so that the directory always has one that
 * signs. */
static apr_status_t replace_signing(um_key_directory_t *dir)
{
    const char *alg = um_jwk_alg(dir->keys[dir->signing]), *file;

    if (um_key_directory_add_times(dir) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (next_key(dir) < 0 && um_key_directory_create_key(dir, alg, UM_KEY_NEXT, &file) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return um_key_directory_activate(dir, next_key(dir));
}

/* The index of a file with that key which is to be retired next; -1: there is none. The key may be in several files.
 * The file that signs is retired last, because another file of the same key would replace it. */
static int to_retire(const um_key_directory_t *dir, const char *kid)
{
    int found = -1;

    for (int i = 0; i < dir->files->nelts; i++) {
        if (um_key_directory_file(dir, i)->state != UM_KEY_RETIRED && strcmp(um_jwk_kid(dir->keys[i]), kid) == 0
            && (found < 0 || found == dir->signing)) {
            found = i;
        }
    }
    return found;
}

static int was_retired(const um_key_directory_t *dir, const char *kid)
{
    for (int i = 0; i < dir->files->nelts; i++) {
        if (dir->keys[i] && strcmp(um_jwk_kid(dir->keys[i]), kid) == 0) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t do_retire(um_key_directory_t *dir, const char *kid)
{
    int i = to_retire(dir, kid);

    if (i < 0) {
        if (!was_retired(dir, kid)) {
            um_key_directory_fail(dir, "%s holds no key %s", dir->path, kid);
            return APR_NOTFOUND;
        }
        um_key_directory_report(dir, "%s was retired before", kid);
    }
    for (; i >= 0; i = to_retire(dir, kid)) {
        apr_status_t rv = i == dir->signing ? replace_signing(dir) : um_key_directory_retire(dir, i);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

apr_status_t um_rotation_step(apr_pool_t *pool, const char *path, const um_rotation_t *plan, apr_time_t now,
                              apr_array_header_t *report, const char **why)
{
    um_key_directory_t dir = { .pool = pool, .path = path, .now = now, .report = report };
    apr_status_t rv = um_key_directory_open(&dir);

    if (rv == APR_SUCCESS) {
        rv = do_step(&dir, plan);
    }
    um_key_directory_close(&dir);
    *why = dir.why;
    return rv;
}

apr_status_t um_rotation_add(apr_pool_t *pool, const char *path, const char *alg, apr_time_t now,
                             const char **file, const char **why)
{
    um_key_directory_t dir = { .pool = pool, .path = path, .now = now };
    apr_status_t rv = um_key_directory_open(&dir);

    if (rv == APR_SUCCESS) {
        rv = um_key_directory_create_key(&dir, alg, dir.signing < 0 ? UM_KEY_IN_USE : UM_KEY_NEXT, file);
    }
    um_key_directory_close(&dir);
    *why = dir.why;
    return rv;
}

apr_status_t um_rotation_retire(apr_pool_t *pool, const char *path, const char *kid, apr_time_t now,
                                apr_array_header_t *report, const char **why)
{
    um_key_directory_t dir = { .pool = pool, .path = path, .now = now, .report = report };
    apr_status_t rv = um_key_directory_open(&dir);

    if (rv == APR_SUCCESS) {
        rv = do_retire(&dir, kid);
    }
    um_key_directory_close(&dir);
    *why = dir.why;
    return rv;
}
