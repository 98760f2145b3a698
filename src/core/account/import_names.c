/* SPDX-License-Identifier: Apache-2.0 */
#include "import_private.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 4096

/* An open table of slots, at most two thirds of which are used. The hash is SHA-256, cut to 64 bits: a file that comes
 * from elsewhere cannot be made so that names meet. Of a million names two meet by chance in one of thirty million
 * files. */
typedef struct slot_t {
    apr_uint64_t hash;
    apr_int64_t number;         /* 0: the slot is free */
} slot_t;

struct um_import_names_t {
    slot_t *slots;
    apr_size_t count, used;
};

static apr_status_t free_slots(void *data)
{
    free(((um_import_names_t *)data)->slots);
    return APR_SUCCESS;
}

static slot_t *new_slots(apr_size_t count)
{
    slot_t *slots = calloc(count, sizeof(*slots));

    if (!slots) {
        abort();
    }
    return slots;
}

um_import_names_t *um_import_names_create(apr_pool_t *pool)
{
    um_import_names_t *names = apr_pcalloc(pool, sizeof(*names));

    names->count = FIRST_SLOTS;
    names->slots = new_slots(names->count);
    apr_pool_cleanup_register(pool, names, free_slots, apr_pool_cleanup_null);
    return names;
}

/* The slot of a hash, or the free one where it belongs. */
static slot_t *find_slot(slot_t *slots, apr_size_t count, apr_uint64_t hash)
{
    apr_size_t i = (apr_size_t)hash & (count - 1);

    while (slots[i].number && slots[i].hash != hash) {
        i = (i + 1) & (count - 1);
    }
    return &slots[i];
}

static void grow(um_import_names_t *names)
{
    apr_size_t count = names->count * 2;
    slot_t *slots = new_slots(count);

    for (apr_size_t i = 0; i < names->count; i++) {
        if (names->slots[i].number) {
            *find_slot(slots, count, names->slots[i].hash) = names->slots[i];
        }
    }
    free(names->slots);
    names->slots = slots;
    names->count = count;
}

/* 0: OpenSSL failed. */
static int hash_name(const char *key, apr_uint64_t *hash)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
    int good = EVP_Digest(key, strlen(key), digest, NULL, EVP_sha256(), NULL) == 1;

    memcpy(hash, digest, sizeof(*hash));
    return good;
}

apr_int64_t um_import_names_find(const um_import_names_t *names, const char *key)
{
    apr_uint64_t hash;

    return hash_name(key, &hash) ? find_slot(names->slots, names->count, hash)->number : 0;
}

apr_int64_t um_import_names_add(um_import_names_t *names, const char *key, apr_int64_t number)
{
    apr_uint64_t hash;
    slot_t *slot;

    if (!hash_name(key, &hash)) {
        return 0;
    }
    if (names->used * 3 > names->count * 2) {
        grow(names);
    }
    slot = find_slot(names->slots, names->count, hash);
    if (slot->number) {
        return slot->number;
    }
    *slot = (slot_t){ hash, number };
    names->used++;
    return 0;
}
