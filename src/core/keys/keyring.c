/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring.h"

#include "base64url.h"
#include "json.h"
#include "jwk.h"
#include "key_directory.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

#define KEPT_MS 3600000u
#define UNKNOWN_PAUSE_MS 1000u
/* Looks at a folder that is being changed before what is seen is believed after all. */
#define LOOKS 4
#define TROUBLE_LEN 400

/* What was read at one time. */
typedef struct ring_t {
    apr_pool_t *pool;               /* its own; NULL: that of the keys */
    apr_array_header_t *keys;       /* um_jwk_t *, as files */
    apr_array_header_t *files;      /* const char *, sorted */
    const um_jwk_t *signing;
    const char *print;              /* of the folder */
    const char *set, *etag;
    struct ring_t *older;
    int leans;                      /* it has keys of older's, which stays as long as it does */
    apr_uint32_t replaced;          /* tick */
} ring_t;

struct um_keyring_t {
    const char *path;
    _Atomic(ring_t *) ring;
    um_keyring_follow_t how;            /* tick NULL: changes are not followed */
    apr_uint32_t looked;            /* atomic: the tick of the last look */
    apr_uint32_t looking;           /* atomic: somebody is */
    char trouble[TROUBLE_LEN];      /* as last told; "": none. Whoever is looking has it */
};

/* --- reading --- */

static apr_status_t read_key(apr_pool_t *pool, const um_key_directory_file_t *file, ring_t *ring, const char **why)
{
    const char *fault = NULL;
    um_jwk_t *key = NULL;

    if (file->is_open) {
        *why = apr_psprintf(pool, "%s can be read or written by others, who could make tokens for anybody; close it "
                            "with: chmod o-rwx %s", file->path, file->path);
        return APR_EGENERAL;
    }
    if (um_jwk_read(pool, file->path, &key, &fault) != APR_SUCCESS) {
        *why = apr_psprintf(pool, "%s: %s", file->path, fault);
        return APR_EGENERAL;
    }
    APR_ARRAY_PUSH(ring->keys, um_jwk_t *) = key;
    APR_ARRAY_PUSH(ring->files, const char *) = file->path;
    if (file->state == UM_KEY_IN_USE && um_jwk_can_sign(key)) {
        ring->signing = key;
    }
    return APR_SUCCESS;
}

static const um_jwk_t *find(const ring_t *ring, const char *kid)
{
    for (int i = 0; i < ring->keys->nelts; i++) {
        const um_jwk_t *key = APR_ARRAY_IDX(ring->keys, i, const um_jwk_t *);

        if (strcmp(um_jwk_kid(key), kid) == 0) {
            return key;
        }
    }
    return NULL;
}

static apr_status_t publish(apr_pool_t *pool, ring_t *ring, const char **why)
{
    um_json_t *out = um_json_object(pool), *list = um_json_list(pool);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    for (int i = 0; i < ring->keys->nelts; i++) {
        const um_jwk_t *key = APR_ARRAY_IDX(ring->keys, i, um_jwk_t *);

        /* A key may be in two files, its public half in one of them. */
        if (!um_jwk_is_secret(key) && find(ring, um_jwk_kid(key)) == key) {
            um_json_push(list, um_jwk_public(key, pool));
        }
    }
    um_json_put(out, "keys", list);
    ring->set = um_json_print(pool, out);
    if (EVP_Digest(ring->set, strlen(ring->set), digest, &len, EVP_sha256(), NULL) != 1) {
        *why = "SHA-256 is not to be had";
        return APR_EGENERAL;
    }
    ring->etag = apr_pstrcat(pool, "\"", um_base64url_encode(pool, digest, 16), "\"", NULL);
    return APR_SUCCESS;
}

static ring_t *new_ring(apr_pool_t *pool, int count, const char *print)
{
    ring_t *ring = apr_pcalloc(pool, sizeof(*ring));

    ring->keys = apr_array_make(pool, count, sizeof(um_jwk_t *));
    ring->files = apr_array_make(pool, count, sizeof(const char *));
    ring->print = print;
    return ring;
}

static apr_status_t read_files(apr_pool_t *pool, const char *path, const apr_array_header_t *files, ring_t **made,
                               const char **why)
{
    ring_t *ring = new_ring(pool, files->nelts, um_key_directory_fingerprint(pool, files));
    int used = 0;

    for (int i = 0; i < files->nelts; i++) {
        const um_key_directory_file_t *file = &APR_ARRAY_IDX(files, i, um_key_directory_file_t);

        used += file->state == UM_KEY_IN_USE;
        if (file->state != UM_KEY_RETIRED && read_key(pool, file, ring, why) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    if (!ring->signing) {
        *why = used ? apr_psprintf(pool, "%s holds public keys only: none can sign", path)
                    : apr_psprintf(pool, "folder %s holds no key that is in use; put one to use with: usermgmt key "
                                   "rotate %s", path, path);
        return APR_EGENERAL;
    }
    *made = ring;
    return publish(pool, ring, why);
}

/* *ring stays NULL while the folder is as print says. A list that is read while a file is renamed may have it under
 * neither name: what is new counts when it was seen twice. *seen_files is the list that was, and makes no ring. */
static apr_status_t read_ring(apr_pool_t *pool, const char *path, const char *print, ring_t **ring,
                              apr_array_header_t **seen_files, const char **why)
{
    const char *seen = "";
    apr_status_t rv = APR_EGENERAL;

    for (int i = 0; i < LOOKS; i++) {
        apr_array_header_t *files;
        const char *now = "";

        *seen_files = NULL;
        rv = um_key_directory_list(pool, path, &files, why);
        if (rv == APR_SUCCESS) {
            now = um_key_directory_fingerprint(pool, files);
            if (strcmp(now, print) == 0) {
                return APR_SUCCESS;
            }
            if (strcmp(now, seen) == 0 || i == LOOKS - 1) {
                rv = read_files(pool, path, files, ring, why);
                if (rv == APR_SUCCESS) {
                    return APR_SUCCESS;
                }
                *ring = NULL;
                *seen_files = strcmp(now, seen) == 0 ? files : NULL;
            }
        }
        seen = now;
    }
    return rv;
}

apr_status_t um_keyring_read(apr_pool_t *pool, const char *path, um_keyring_t **keys, const char **why)
{
    apr_array_header_t *files;
    ring_t *ring = NULL;

    *keys = NULL;
    if (read_ring(pool, path, "", &ring, &files, why) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *keys = apr_pcalloc(pool, sizeof(**keys));
    (*keys)->path = apr_pstrdup(pool, path);
    atomic_init(&(*keys)->ring, ring);
    return APR_SUCCESS;
}

/* --- what is left of a folder that is not as it should be --- */

static void lean(ring_t *ring, const ring_t *old, int i, int signs)
{
    const um_jwk_t *key = APR_ARRAY_IDX(old->keys, i, const um_jwk_t *);

    APR_ARRAY_PUSH(ring->keys, const um_jwk_t *) = key;
    APR_ARRAY_PUSH(ring->files, const char *) = APR_ARRAY_IDX(old->files, i, const char *);
    ring->signing = signs && um_jwk_can_sign(key) ? key : ring->signing;
    ring->leans = 1;
}

/* By the name that its file had, or by what is in a file of another name. */
static int is_retired(apr_pool_t *pool, const apr_array_header_t *files, const ring_t *old, int i)
{
    const char *path = APR_ARRAY_IDX(old->files, i, const char *), *slash = strrchr(path, '/'), *fault;
    const char *name = um_key_directory_name(pool, slash ? slash + 1 : path, UM_KEY_RETIRED, 0);
    um_jwk_t *key;

    for (int k = 0; k < files->nelts; k++) {
        const um_key_directory_file_t *file = &APR_ARRAY_IDX(files, k, um_key_directory_file_t);

        if (file->state == UM_KEY_RETIRED
            && (strcmp(file->name, name) == 0
                || (um_jwk_read(pool, file->path, &key, &fault) == APR_SUCCESS
                    && strcmp(um_jwk_kid(key), um_jwk_kid(APR_ARRAY_IDX(old->keys, i, um_jwk_t *))) == 0))) {
            return 1;
        }
    }
    return 0;
}

/* The keys that can be read; for a file that cannot, the key it had. One retired or gone is out, whatever is wrong with
 * others; but the last that can sign only if it is retired. Its print is no folder's, so that it is tried again. */
static ring_t *rescue(apr_pool_t *pool, const apr_array_header_t *files, const ring_t *old)
{
    ring_t *ring = new_ring(pool, files->nelts + 1, "");
    const char *why = NULL;

    for (int i = 0; i < files->nelts; i++) {
        const um_key_directory_file_t *file = &APR_ARRAY_IDX(files, i, um_key_directory_file_t);

        if (file->state == UM_KEY_RETIRED || read_key(pool, file, ring, &why) == APR_SUCCESS) {
            continue;
        }
        for (int k = 0; k < old->files->nelts; k++) {
            if (strcmp(APR_ARRAY_IDX(old->files, k, const char *), file->path) == 0) {
                lean(ring, old, k, file->state == UM_KEY_IN_USE);
            }
        }
    }
    for (int k = 0; k < old->keys->nelts && !ring->signing; k++) {
        if (APR_ARRAY_IDX(old->keys, k, const um_jwk_t *) == old->signing && !is_retired(pool, files, old, k)) {
            lean(ring, old, k, 1);
        }
    }
    return publish(pool, ring, &why) == APR_SUCCESS ? ring : NULL;
}

static int is_same(const ring_t *a, const ring_t *b)
{
    int same = a->keys->nelts == b->keys->nelts && !a->signing == !b->signing
               && (!a->signing || strcmp(um_jwk_kid(a->signing), um_jwk_kid(b->signing)) == 0);

    for (int i = 0; i < a->keys->nelts && same; i++) {
        same = strcmp(um_jwk_kid(APR_ARRAY_IDX(a->keys, i, um_jwk_t *)),
                      um_jwk_kid(APR_ARRAY_IDX(b->keys, i, um_jwk_t *))) == 0
               && strcmp(APR_ARRAY_IDX(a->files, i, const char *), APR_ARRAY_IDX(b->files, i, const char *)) == 0;
    }
    return same;
}

/* --- following --- */

static void free_older(ring_t *ring, int all, apr_uint32_t now)
{
    while (ring->older && ring->older->pool) {
        ring_t *older = ring->older;

        if (all || (!ring->leans && now - older->replaced > KEPT_MS)) {
            ring->older = older->older;
            apr_pool_destroy(older->pool);
        }
        else {
            ring = older;
        }
    }
}

static void tell_trouble(um_keyring_t *keys, const char *why)
{
    char text[TROUBLE_LEN];

    apr_snprintf(text, sizeof(text), "%s", why);
    if (strcmp(text, keys->trouble) != 0) {
        memcpy(keys->trouble, text, sizeof(text));
        keys->how.tell(keys->how.baton, 1, text);
    }
}

static void replace(um_keyring_t *keys, ring_t *old, ring_t *ring, apr_pool_t *pool)
{
    ring->pool = pool;
    ring->older = old;
    old->replaced = keys->how.tick();
    atomic_store(&keys->ring, ring);
    keys->how.tell(keys->how.baton, 0, apr_psprintf(pool, "%s: %d keys, %s signs", keys->path, ring->keys->nelts,
                                                    ring->signing ? um_jwk_kid(ring->signing) : "none"));
}

/* By one thread at a time. */
static void look(um_keyring_t *keys)
{
    ring_t *old = atomic_load(&keys->ring), *ring = NULL;
    apr_array_header_t *files = NULL;
    const char *why = NULL;
    apr_pool_t *pool;

    /* Below no pool of others: they are used by other threads meanwhile. */
    apr_pool_create(&pool, NULL);
    if (read_ring(pool, keys->path, old->print, &ring, &files, &why) != APR_SUCCESS) {
        tell_trouble(keys, why);
        ring = files ? rescue(pool, files, old) : NULL;
        ring = ring && !is_same(ring, old) ? ring : NULL;
    }
    else {
        keys->trouble[0] = '\0';
    }
    if (ring) {
        replace(keys, old, ring, pool);
    }
    else {
        apr_pool_destroy(pool);
    }
    free_older(atomic_load(&keys->ring), 0, keys->how.tick());
}

static void look_after(um_keyring_t *keys, apr_uint32_t pause)
{
    if (!keys->how.tick || keys->how.tick() - apr_atomic_read32(&keys->looked) < pause
        || apr_atomic_cas32(&keys->looking, 1, 0) != 0) {
        return;
    }
    look(keys);
    apr_atomic_set32(&keys->looked, keys->how.tick());
    apr_atomic_set32(&keys->looking, 0);
}

static apr_status_t unfollow(void *data)
{
    um_keyring_t *keys = data;
    ring_t *ring = atomic_load(&keys->ring);

    keys->how.tick = NULL;
    free_older(ring, 1, 0);
    if (ring->pool) {
        atomic_store(&keys->ring, ring->older);
        apr_pool_destroy(ring->pool);
    }
    return APR_SUCCESS;
}

void um_keyring_follow(apr_pool_t *pool, um_keyring_t *keys, const um_keyring_follow_t *how)
{
    keys->how = *how;
    apr_pool_cleanup_register(pool, keys, unfollow, apr_pool_cleanup_null);
    look_after(keys, 0);
}

/* --- asking --- */

static const ring_t *current(const um_keyring_t *keys, apr_uint32_t pause)
{
    look_after((um_keyring_t *)keys, pause);
    return atomic_load(&((um_keyring_t *)keys)->ring);
}

const um_jwk_t *um_keyring_signing(const um_keyring_t *keys)
{
    return current(keys, keys->how.pause)->signing;
}

const um_jwk_t *um_keyring_find(void *baton, const char *kid)
{
    const um_keyring_t *keys = baton;
    const um_jwk_t *key = find(current(keys, keys->how.pause), kid);

    return key || !keys->how.tick ? key : find(current(keys, UNKNOWN_PAUSE_MS), kid);
}

const char *um_keyring_jwks(const um_keyring_t *keys, const char **etag)
{
    const ring_t *ring = current(keys, keys->how.pause);

    *etag = ring->etag;
    return ring->set;
}

const apr_array_header_t *um_keyring_files(const um_keyring_t *keys)
{
    return atomic_load(&((um_keyring_t *)keys)->ring)->files;
}
