/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <stdlib.h>
#include <string.h>

struct um_keyring_t {
    apr_array_header_t *keys;   /* um_jwk_t *, as files */
    apr_array_header_t *files;  /* const char *, sorted */
    const um_jwk_t *signing;
};

static int is_key_name(const char *name)
{
    const char *end = strrchr(name, '.');

    return name[0] != '.' && end && (strcmp(end, ".pem") == 0 || strcmp(end, ".jwk") == 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static apr_status_t list_folder(apr_pool_t *pool, const char *path, apr_array_header_t *files, const char **why)
{
    apr_dir_t *dir;
    apr_finfo_t info;

    if (apr_dir_open(&dir, path, pool) != APR_SUCCESS) {
        *why = apr_psprintf(pool, "folder %s cannot be read", path);
        return APR_EGENERAL;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (is_key_name(info.name)) {
            APR_ARRAY_PUSH(files, const char *) = apr_pstrcat(pool, path, "/", info.name, NULL);
        }
    }
    apr_dir_close(dir);
    qsort(files->elts, (size_t)files->nelts, sizeof(const char *), by_name);
    if (!files->nelts) {
        *why = apr_psprintf(pool, "folder %s holds no .pem or .jwk file; make one with: usermgmt key new %s", path,
                            path);
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

static apr_status_t list_files(apr_pool_t *pool, const char *path, apr_array_header_t *files, const char **why)
{
    apr_finfo_t info;
    apr_status_t rv = apr_stat(&info, path, APR_FINFO_TYPE, pool);

    if (rv != APR_SUCCESS && rv != APR_INCOMPLETE) {
        char text[120];

        *why = apr_psprintf(pool, "%s cannot be read: %s", path, apr_strerror(rv, text, sizeof(text)));
        return APR_EGENERAL;
    }
    if (info.filetype == APR_DIR) {
        return list_folder(pool, path, files, why);
    }
    APR_ARRAY_PUSH(files, const char *) = apr_pstrdup(pool, path);
    return APR_SUCCESS;
}

apr_status_t um_key_ring(apr_pool_t *pool, const char *path, um_keyring_t **keys, const char **why)
{
    um_keyring_t *ring = apr_pcalloc(pool, sizeof(*ring));

    *keys = NULL;
    ring->files = apr_array_make(pool, 4, sizeof(const char *));
    ring->keys = apr_array_make(pool, 4, sizeof(um_jwk_t *));
    if (list_files(pool, path, ring->files, why) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (int i = 0; i < ring->files->nelts; i++) {
        const char *file = APR_ARRAY_IDX(ring->files, i, const char *);
        um_jwk_t *key = NULL;
        const char *fault = NULL;

        if (um_jwk_read(pool, file, &key, &fault) != APR_SUCCESS) {
            *why = apr_psprintf(pool, "%s: %s", file, fault);
            return APR_EGENERAL;
        }
        APR_ARRAY_PUSH(ring->keys, um_jwk_t *) = key;
        if (um_jwk_can_sign(key)) {
            ring->signing = key;
        }
    }
    if (!ring->signing) {
        *why = apr_psprintf(pool, "%s holds public keys only: none can sign", path);
        return APR_EGENERAL;
    }
    *keys = ring;
    return APR_SUCCESS;
}

const um_jwk_t *um_key_signing(const um_keyring_t *keys)
{
    return keys->signing;
}

const um_jwk_t *um_key_find(void *keys, const char *kid)
{
    const um_keyring_t *ring = keys;

    for (int i = 0; i < ring->keys->nelts; i++) {
        const um_jwk_t *key = APR_ARRAY_IDX(ring->keys, i, const um_jwk_t *);

        if (strcmp(um_jwk_kid(key), kid) == 0) {
            return key;
        }
    }
    return NULL;
}

const apr_array_header_t *um_key_files(const um_keyring_t *keys)
{
    return keys->files;
}
