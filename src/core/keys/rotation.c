/* SPDX-License-Identifier: Apache-2.0 */
#include "rotation.h"

#include "jwk.h"
#include "jwt.h"
#include "keys_private.h"

#include <apr_file_io.h>
#include <string.h>

/* What a process that has not yet looked at the folder may still sign with an old key. */
#define SLACK_SECONDS 10
#define LONGEST_PUBLISH 3600

void um_rotation_plan(um_rotation_t *plan, apr_int64_t every, apr_int64_t lifetime)
{
    apr_int64_t publish = every / 4 < LONGEST_PUBLISH ? every / 4 : LONGEST_PUBLISH;

    *plan = (um_rotation_t){ .every = every, .publish = publish, .lifetime = lifetime, .keep = -1 };
}

/* --- what is due --- */

/* The earliest of the next keys. -1: there is none. */
static int next_key(const um_key_directory_t *work)
{
    for (int i = 0; i < work->files->nelts; i++) {
        if (um_key_directory_can_sign(work, i, UM_KEY_NEXT)) {
            return i;
        }
    }
    return -1;
}

static apr_status_t make_next(um_key_directory_t *work, const um_rotation_t *plan)
{
    const char *alg = plan->alg ? plan->alg : um_jwk_alg(work->keys[work->signing]), *file;
    apr_int64_t age = apr_time_sec(work->now - um_key_directory_key_since(work, work->signing));
    int next;

    if (next_key(work) >= 0 || (!plan->now && age < plan->every - plan->publish)) {
        return APR_SUCCESS;
    }
    if (um_key_directory_create_key(work, alg, UM_KEY_NEXT, &file) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    next = next_key(work);
    um_key_directory_report(work, "%s is published and will sign in %" APR_INT64_T_FMT " s: %s",
                            um_jwk_kid(work->keys[next]),
                            plan->publish, um_key_directory_file(work, next)->name);
    return APR_SUCCESS;
}

static apr_status_t use_next(um_key_directory_t *work, const um_rotation_t *plan)
{
    int next = next_key(work);

    if (next < 0 || work->now - um_key_directory_key_since(work, next) < apr_time_from_sec(plan->publish)) {
        return APR_SUCCESS;
    }
    return um_key_directory_activate(work, next);
}

/* The key that took over from this one. */
static int successor(const um_key_directory_t *work, int i)
{
    while (++i < work->files->nelts && !um_key_directory_can_sign(work, i, UM_KEY_IN_USE)) {
        continue;
    }
    return i;
}

static apr_status_t retire_old(um_key_directory_t *work, const um_rotation_t *plan)
{
    apr_time_t longest = apr_time_from_sec(plan->lifetime + UM_JWT_LEEWAY_MAX + SLACK_SECONDS);

    for (int i = 0; i < work->signing; i++) {
        if (um_key_directory_can_sign(work, i, UM_KEY_IN_USE)
            && work->now - um_key_directory_key_since(work, successor(work, i)) > longest) {
            if (um_key_directory_retire(work, i) != APR_SUCCESS) {
                return APR_EGENERAL;
            }
            i = -1;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t remove_old(um_key_directory_t *work, const um_rotation_t *plan)
{
    for (int i = 0; i < work->files->nelts; i++) {
        const um_key_directory_file_t *file = um_key_directory_file(work, i);

        if (file->state == UM_KEY_RETIRED && plan->keep >= 0
            && work->now - file->changed > apr_time_from_sec(plan->keep)) {
            if (apr_file_remove(file->path, work->pool) != APR_SUCCESS) {
                return um_key_directory_fail(work, "%s cannot be removed", file->path);
            }
            um_key_directory_report(work, "%s is removed", file->name);
        }
    }
    return APR_SUCCESS;
}

/* A key that signs where there is none. */
static apr_status_t first_key(um_key_directory_t *work, const char *alg)
{
    int next = next_key(work);
    const char *file;

    if (next >= 0) {
        return um_key_directory_activate(work, next);
    }
    for (int i = 0; i < work->files->nelts; i++) {
        if (um_key_directory_file(work, i)->state == UM_KEY_IN_USE) {
            return um_key_directory_fail(work, "%s holds public keys only: none can sign", work->folder);
        }
    }
    if (um_key_directory_create_key(work, alg ? alg : "EdDSA", UM_KEY_IN_USE, &file) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    um_key_directory_report(work, "%s signs: %s", um_jwk_kid(work->keys[work->signing]),
                            um_key_directory_file(work, work->signing)->name);
    return APR_SUCCESS;
}

static apr_status_t do_step(um_key_directory_t *work, const um_rotation_t *plan)
{
    if (um_key_directory_add_times(work) != APR_SUCCESS
        || (work->signing < 0 && first_key(work, plan->alg) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    if (make_next(work, plan) != APR_SUCCESS || use_next(work, plan) != APR_SUCCESS
        || retire_old(work, plan) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return remove_old(work, plan);
}

/* Another key signs before this one goes: the folder is never without. */
static apr_status_t replace_signing(um_key_directory_t *work)
{
    const char *alg = um_jwk_alg(work->keys[work->signing]), *file;

    if (um_key_directory_add_times(work) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (next_key(work) < 0 && um_key_directory_create_key(work, alg, UM_KEY_NEXT, &file) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return um_key_directory_activate(work, next_key(work));
}

/* It may be in several files. The one that signs goes last, for it must not be replaced by itself. */
static int doomed(const um_key_directory_t *work, const char *kid)
{
    int found = -1;

    for (int i = 0; i < work->files->nelts; i++) {
        if (um_key_directory_file(work, i)->state != UM_KEY_RETIRED && strcmp(um_jwk_kid(work->keys[i]), kid) == 0
            && (found < 0 || found == work->signing)) {
            found = i;
        }
    }
    return found;
}

static int was_retired(const um_key_directory_t *work, const char *kid)
{
    for (int i = 0; i < work->files->nelts; i++) {
        if (work->keys[i] && strcmp(um_jwk_kid(work->keys[i]), kid) == 0) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t do_retire(um_key_directory_t *work, const char *kid)
{
    int i = doomed(work, kid);

    if (i < 0) {
        if (!was_retired(work, kid)) {
            um_key_directory_fail(work, "%s holds no key %s", work->folder, kid);
            return APR_NOTFOUND;
        }
        um_key_directory_report(work, "%s was retired before", kid);
    }
    for (; i >= 0; i = doomed(work, kid)) {
        apr_status_t rv = i == work->signing ? replace_signing(work) : um_key_directory_retire(work, i);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

apr_status_t um_rotation_step(apr_pool_t *pool, const char *folder, const um_rotation_t *plan, apr_time_t now,
                              apr_array_header_t *said, const char **why)
{
    um_key_directory_t work = { .pool = pool, .folder = folder, .now = now, .said = said };
    apr_status_t rv = um_key_directory_open(&work);

    if (rv == APR_SUCCESS) {
        rv = do_step(&work, plan);
    }
    um_key_directory_close(&work);
    *why = work.why;
    return rv;
}

apr_status_t um_rotation_add(apr_pool_t *pool, const char *folder, const char *alg, apr_time_t now,
                             const char **file, const char **why)
{
    um_key_directory_t work = { .pool = pool, .folder = folder, .now = now };
    apr_status_t rv = um_key_directory_open(&work);

    if (rv == APR_SUCCESS) {
        rv = um_key_directory_create_key(&work, alg, work.signing < 0 ? UM_KEY_IN_USE : UM_KEY_NEXT, file);
    }
    um_key_directory_close(&work);
    *why = work.why;
    return rv;
}

apr_status_t um_rotation_retire(apr_pool_t *pool, const char *folder, const char *kid, apr_time_t now,
                                apr_array_header_t *said, const char **why)
{
    um_key_directory_t work = { .pool = pool, .folder = folder, .now = now, .said = said };
    apr_status_t rv = um_key_directory_open(&work);

    if (rv == APR_SUCCESS) {
        rv = do_retire(&work, kid);
    }
    um_key_directory_close(&work);
    *why = work.why;
    return rv;
}
