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
/* How often a directory that is being changed is listed before the last list is used. */
#define MAX_LISTS 4
#define TROUBLE_LEN 400

/* The keys that were read at one time. It is never changed once it is published. */
typedef struct snapshot_t {
    apr_pool_t *pool;               /* of its own; NULL: the first snapshot, in the pool of the keyring */
    apr_array_header_t *keys;       /* um_jwk_t *, in the order of files */
    apr_array_header_t *files;      /* const char *, sorted */
    const um_jwk_t *signing;
    const char *fingerprint;        /* of the directory's files */
    const char *set, *etag;
    struct snapshot_t *older;
    int borrows;                    /* it has keys of the older one, which must live as long */
    apr_uint32_t replaced;          /* the tick when a newer one replaced it */
} snapshot_t;

struct um_keyring_t {
    const char *path;
    _Atomic(snapshot_t *) snapshot;
    um_keyring_follow_t how;            /* tick NULL: the directory is not followed */
    apr_uint32_t checked;           /* atomic: the tick of the last check */
    apr_uint32_t is_checking;       /* atomic: a thread checks now */
    apr_abortfunc_t out_of_memory;  /* for pools without a parent */
    char trouble[TROUBLE_LEN];      /* as reported last; "": none. It belongs to the thread that checks */
};

/* --- reading --- */

static apr_status_t read_key(apr_pool_t *pool, const um_key_directory_file_t *file, snapshot_t *snapshot,
                             const char **why)
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
    APR_ARRAY_PUSH(snapshot->keys, um_jwk_t *) = key;
    APR_ARRAY_PUSH(snapshot->files, const char *) = file->path;
    if (file->state == UM_KEY_IN_USE && um_jwk_can_sign(key)) {
        snapshot->signing = key;
    }
    return APR_SUCCESS;
}

static const um_jwk_t *find_kid(const snapshot_t *snapshot, const char *kid)
{
    for (int i = 0; i < snapshot->keys->nelts; i++) {
        const um_jwk_t *key = APR_ARRAY_IDX(snapshot->keys, i, const um_jwk_t *);

        if (strcmp(um_jwk_kid(key), kid) == 0) {
            return key;
        }
    }
    return NULL;
}

static apr_status_t make_jwks(apr_pool_t *pool, snapshot_t *snapshot, const char **why)
{
    um_json_t *out = um_json_object(pool), *list = um_json_list(pool);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    for (int i = 0; i < snapshot->keys->nelts; i++) {
        const um_jwk_t *key = APR_ARRAY_IDX(snapshot->keys, i, um_jwk_t *);

        /* A key may be in two files, one of them with its public half only. */
        if (!um_jwk_is_secret(key) && find_kid(snapshot, um_jwk_kid(key)) == key) {
            um_json_push(list, um_jwk_public(key, pool));
        }
    }
    um_json_put(out, "keys", list);
    snapshot->set = um_json_print(pool, out);
    if (EVP_Digest(snapshot->set, strlen(snapshot->set), digest, &len, EVP_sha256(), NULL) != 1) {
        *why = "OpenSSL has no SHA-256";
        return APR_EGENERAL;
    }
    snapshot->etag = apr_pstrcat(pool, "\"", um_base64url_encode(pool, digest, 16), "\"", NULL);
    return APR_SUCCESS;
}

static snapshot_t *new_snapshot(apr_pool_t *pool, int count, const char *fingerprint)
{
    snapshot_t *snapshot = apr_pcalloc(pool, sizeof(*snapshot));

    snapshot->keys = apr_array_make(pool, count, sizeof(um_jwk_t *));
    snapshot->files = apr_array_make(pool, count, sizeof(const char *));
    snapshot->fingerprint = fingerprint;
    return snapshot;
}

static apr_status_t read_files(apr_pool_t *pool, const char *path, const apr_array_header_t *files, snapshot_t **made,
                               const char **why)
{
    snapshot_t *snapshot = new_snapshot(pool, files->nelts, um_key_directory_fingerprint(pool, files));
    int used = 0;

    for (int i = 0; i < files->nelts; i++) {
        const um_key_directory_file_t *file = &APR_ARRAY_IDX(files, i, um_key_directory_file_t);

        used += file->state == UM_KEY_IN_USE;
        if (file->state != UM_KEY_RETIRED && read_key(pool, file, snapshot, why) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    if (!snapshot->signing) {
        *why = used ? apr_psprintf(pool, "%s holds public keys only: none can sign", path)
                    : apr_psprintf(pool, "folder %s holds no key that is in use; put one to use with: usermgmt key "
                                   "rotate %s", path, path);
        return APR_EGENERAL;
    }
    *made = snapshot;
    return make_jwks(pool, snapshot, why);
}

/* Reads the keys unless the files have this fingerprint; then *snapshot stays NULL. A list that is read while a file is
 * renamed may contain neither name of it, so a change counts when two lists in a row show it. On failure *seen_files is
 * the list that was seen twice; NULL: there was none. */
static apr_status_t read_snapshot(apr_pool_t *pool, const char *path, const char *fingerprint, snapshot_t **snapshot,
                                  apr_array_header_t **seen_files, const char **why)
{
    const char *seen = "";
    apr_status_t rv = APR_EGENERAL;

    for (int i = 0; i < MAX_LISTS; i++) {
        apr_array_header_t *files;
        const char *now = "";

        *seen_files = NULL;
        rv = um_key_directory_list(pool, path, &files, why);
        if (rv == APR_SUCCESS) {
            now = um_key_directory_fingerprint(pool, files);
            if (strcmp(now, fingerprint) == 0) {
                return APR_SUCCESS;
            }
            if (strcmp(now, seen) == 0 || i == MAX_LISTS - 1) {
                rv = read_files(pool, path, files, snapshot, why);
                if (rv == APR_SUCCESS) {
                    return APR_SUCCESS;
                }
                *snapshot = NULL;
                *seen_files = strcmp(now, seen) == 0 ? files : NULL;
            }
        }
        seen = now;
    }
    return rv;
}

apr_status_t um_keyring_read(apr_pool_t *pool, const char *path, um_keyring_t **keyring, const char **why)
{
    apr_array_header_t *files;
    snapshot_t *snapshot = NULL;

    *keyring = NULL;
    if (read_snapshot(pool, path, "", &snapshot, &files, why) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *keyring = apr_pcalloc(pool, sizeof(**keyring));
    (*keyring)->path = apr_pstrdup(pool, path);
    atomic_init(&(*keyring)->snapshot, snapshot);
    return APR_SUCCESS;
}

/* --- a directory with faults --- */

/* Takes over key i of the older snapshot. */
static void borrow_key(snapshot_t *snapshot, const snapshot_t *old, int i, int signs)
{
    const um_jwk_t *key = APR_ARRAY_IDX(old->keys, i, const um_jwk_t *);

    APR_ARRAY_PUSH(snapshot->keys, const um_jwk_t *) = key;
    APR_ARRAY_PUSH(snapshot->files, const char *) = APR_ARRAY_IDX(old->files, i, const char *);
    snapshot->signing = signs && um_jwk_can_sign(key) ? key : snapshot->signing;
    snapshot->borrows = 1;
}

/* Whether a file says that key i of old is retired: by the name that the key's file would have then, or by the key that
 * a retired file of another name contains. */
static int is_retired(apr_pool_t *pool, const apr_array_header_t *files, const snapshot_t *old, int i)
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

/* A snapshot of the keys that can be read, and, for a file that cannot be read, of the key that it had. A key that was
 * retired or removed is dropped, whatever is wrong with other files. But if no key that can sign would be left, the one
 * that signed stays unless it was retired. The fingerprint is that of no directory, so the next check tries again. */
static snapshot_t *salvage(apr_pool_t *pool, const apr_array_header_t *files, const snapshot_t *old)
{
    snapshot_t *snapshot = new_snapshot(pool, files->nelts + 1, "");
    const char *why = NULL;

    for (int i = 0; i < files->nelts; i++) {
        const um_key_directory_file_t *file = &APR_ARRAY_IDX(files, i, um_key_directory_file_t);

        if (file->state == UM_KEY_RETIRED || read_key(pool, file, snapshot, &why) == APR_SUCCESS) {
            continue;
        }
        for (int k = 0; k < old->files->nelts; k++) {
            if (strcmp(APR_ARRAY_IDX(old->files, k, const char *), file->path) == 0) {
                borrow_key(snapshot, old, k, file->state == UM_KEY_IN_USE);
            }
        }
    }
    for (int k = 0; k < old->keys->nelts && !snapshot->signing; k++) {
        if (APR_ARRAY_IDX(old->keys, k, const um_jwk_t *) == old->signing && !is_retired(pool, files, old, k)) {
            borrow_key(snapshot, old, k, 1);
        }
    }
    return make_jwks(pool, snapshot, &why) == APR_SUCCESS ? snapshot : NULL;
}

static int is_same(const snapshot_t *a, const snapshot_t *b)
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

static void free_older(snapshot_t *snapshot, int all, apr_uint32_t now)
{
    while (snapshot->older && snapshot->older->pool) {
        snapshot_t *older = snapshot->older;

        if (all || (!snapshot->borrows && now - older->replaced > KEPT_MS)) {
            snapshot->older = older->older;
            apr_pool_destroy(older->pool);
        }
        else {
            snapshot = older;
        }
    }
}

static void report_trouble(um_keyring_t *keyring, const char *why)
{
    char text[TROUBLE_LEN];

    apr_snprintf(text, sizeof(text), "%s", why);
    if (strcmp(text, keyring->trouble) != 0) {
        memcpy(keyring->trouble, text, sizeof(text));
        keyring->how.tell(keyring->how.baton, 1, text);
    }
}

static void replace_snapshot(um_keyring_t *keyring, snapshot_t *old, snapshot_t *snapshot, apr_pool_t *pool)
{
    snapshot->pool = pool;
    snapshot->older = old;
    old->replaced = keyring->how.tick();
    atomic_store(&keyring->snapshot, snapshot);
    keyring->how.tell(keyring->how.baton, 0,
                      apr_psprintf(pool, "%s: %d keys, %s signs", keyring->path, snapshot->keys->nelts,
                                   snapshot->signing ? um_jwk_kid(snapshot->signing) : "none"));
}

/* Called by one thread at a time. */
static void check_directory(um_keyring_t *keyring)
{
    snapshot_t *old = atomic_load(&keyring->snapshot), *snapshot = NULL;
    apr_array_header_t *files = NULL;
    const char *why = NULL;
    apr_pool_t *pool;

    /* A pool without a parent: other threads may use any other pool meanwhile. httpd's way to end for want of memory is
     * that of its pools' parent, so it is given. */
    apr_pool_create_ex(&pool, NULL, keyring->out_of_memory, NULL);
    if (read_snapshot(pool, keyring->path, old->fingerprint, &snapshot, &files, &why) != APR_SUCCESS) {
        report_trouble(keyring, why);
        snapshot = files ? salvage(pool, files, old) : NULL;
        snapshot = snapshot && !is_same(snapshot, old) ? snapshot : NULL;
    }
    else {
        keyring->trouble[0] = '\0';
    }
    if (snapshot) {
        replace_snapshot(keyring, old, snapshot, pool);
    }
    else {
        apr_pool_destroy(pool);
    }
    free_older(atomic_load(&keyring->snapshot), 0, keyring->how.tick());
}

static void check_after(um_keyring_t *keyring, apr_uint32_t pause)
{
    if (!keyring->how.tick || keyring->how.tick() - apr_atomic_read32(&keyring->checked) < pause
        || apr_atomic_cas32(&keyring->is_checking, 1, 0) != 0) {
        return;
    }
    check_directory(keyring);
    apr_atomic_set32(&keyring->checked, keyring->how.tick());
    apr_atomic_set32(&keyring->is_checking, 0);
}

static apr_status_t unfollow(void *data)
{
    um_keyring_t *keyring = data;
    snapshot_t *snapshot = atomic_load(&keyring->snapshot);

    keyring->how.tick = NULL;
    free_older(snapshot, 1, 0);
    if (snapshot->pool) {
        atomic_store(&keyring->snapshot, snapshot->older);
        apr_pool_destroy(snapshot->pool);
    }
    return APR_SUCCESS;
}

void um_keyring_follow(apr_pool_t *pool, um_keyring_t *keyring, const um_keyring_follow_t *how)
{
    keyring->how = *how;
    keyring->out_of_memory = apr_pool_abort_get(pool);
    apr_pool_cleanup_register(pool, keyring, unfollow, apr_pool_cleanup_null);
    check_after(keyring, 0);
}

/* --- access --- */

static const snapshot_t *current(const um_keyring_t *keyring, apr_uint32_t pause)
{
    check_after((um_keyring_t *)keyring, pause);
    return atomic_load(&((um_keyring_t *)keyring)->snapshot);
}

const um_jwk_t *um_keyring_signing(const um_keyring_t *keyring)
{
    return current(keyring, keyring->how.pause)->signing;
}

const um_jwk_t *um_keyring_find(void *baton, const char *kid)
{
    const um_keyring_t *keyring = baton;
    const um_jwk_t *key = find_kid(current(keyring, keyring->how.pause), kid);

    return key || !keyring->how.tick ? key : find_kid(current(keyring, UNKNOWN_PAUSE_MS), kid);
}

const char *um_keyring_jwks(const um_keyring_t *keyring, const char **etag)
{
    const snapshot_t *snapshot = current(keyring, keyring->how.pause);

    *etag = snapshot->etag;
    return snapshot->set;
}

const apr_array_header_t *um_keyring_files(const um_keyring_t *keyring, const apr_array_header_t **keys)
{
    const snapshot_t *snapshot = current(keyring, keyring->how.pause);

    if (keys) {
        *keys = snapshot->keys;
    }
    return snapshot->files;
}
