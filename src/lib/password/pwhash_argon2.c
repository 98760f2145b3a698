/* SPDX-License-Identifier: Apache-2.0 */
/* Argon2 (RFC 9106) with libargon2, if configure found it. New hashes are of Argon2id; hashes of Argon2i, which Django
 * made before version 3.2, are only verified. */
#include "pwhash.h"
#include "pwhash_private.h"

static const char *argon2_flaw(const um_pwhash_params_t *params)
{
    return params->cost / 8 >= params->lanes ? NULL : "m must be at least 8 * p (RFC 9106 section 3.1)";
}

static void argon2_price(const um_pwhash_params_t *params, apr_uint64_t *memory, apr_uint64_t *work)
{
    *memory = APR_UINT64_C(1024) * params->cost;
    /* Lanes divide the same memory and add no work. */
    *work = (apr_uint64_t)params->cost * params->block;
}

#ifdef HAVE_ARGON2
#define MISSING NULL
#define DERIVE_ID argon2id_derive
#define DERIVE_I argon2i_derive
#include <argon2.h>
#include <stdint.h>
#include <sys/mman.h>

/* The block is mapped and not taken from malloc: after the first block of this size glibc would keep such blocks in the
 * arena of each thread, and the resident memory of the server would grow by one hash for each of them. The library
 * wipes the block before it calls unmap_block. */
static int map_block(uint8_t **memory, size_t size)
{
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED) {
        *memory = NULL;
        return ARGON2_MEMORY_ALLOCATION_ERROR;
    }
#ifdef MADV_HUGEPAGE
    /* Without huge pages a third of the time goes into page faults and TLB misses. This is only a hint. */
    (void)madvise(block, size, MADV_HUGEPAGE);
#endif
    *memory = block;
    return ARGON2_OK;
}

static void unmap_block(uint8_t *memory, size_t size)
{
    munmap(memory, size);
}

static apr_status_t argon2_derive(argon2_type type, const um_pwhash_params_t *params, const char *password,
                                  apr_size_t len, const unsigned char *salt, apr_size_t salt_len, unsigned char *out,
                                  apr_size_t out_len)
{
    /* The library takes pointers to non-const data but writes through none of them while no CLEAR flag is set.
     * With threads = 1 the calling thread computes all lanes: a thread of the server must not start others. */
    argon2_context context = {
        .out = out, .outlen = (uint32_t)out_len,
        .pwd = (uint8_t *)(uintptr_t)password, .pwdlen = (uint32_t)len,
        .salt = (uint8_t *)(uintptr_t)salt, .saltlen = (uint32_t)salt_len,
        .m_cost = params->cost, .t_cost = params->block, .lanes = params->lanes, .threads = 1,
        .version = ARGON2_VERSION_13, .flags = ARGON2_DEFAULT_FLAGS,
        .allocate_cbk = map_block, .free_cbk = unmap_block,
    };

    if (len > UINT32_MAX) {
        return APR_EINVAL;
    }
    switch (argon2_ctx(&context, type)) {
    case ARGON2_OK:
        return APR_SUCCESS;
    case ARGON2_SALT_TOO_SHORT:
        return APR_EINVAL;
    case ARGON2_MEMORY_ALLOCATION_ERROR:
        return APR_ENOMEM;
    default:
        return APR_EGENERAL;
    }
}

static apr_status_t argon2id_derive(const um_pwhash_params_t *params, const char *password, apr_size_t len,
                                    const unsigned char *salt, apr_size_t salt_len, unsigned char *out,
                                    apr_size_t out_len)
{
    return argon2_derive(Argon2_id, params, password, len, salt, salt_len, out, out_len);
}

static apr_status_t argon2i_derive(const um_pwhash_params_t *params, const char *password, apr_size_t len,
                                   const unsigned char *salt, apr_size_t salt_len, unsigned char *out,
                                   apr_size_t out_len)
{
    return argon2_derive(Argon2_i, params, password, len, salt, salt_len, out, out_len);
}
#else
#define MISSING \
    "this build has no Argon2: install libargon2-dev (Debian), then configure and build again; or use scrypt"
#define DERIVE_ID NULL
#define DERIVE_I NULL
#endif

/* What all families of Argon2 share. */
#define ARGON2 \
    .read = um_pwhash_phc_params, \
    .verify = um_pwhash_phc_verify, \
    .sample = um_pwhash_phc_sample, \
    .missing = MISSING, \
    .settings = { \
        {.name = "m", .usual = 19456, .least = 7168, .most = 262144}, \
        {.name = "t", .usual = 2, .least = 1, .most = 10}, \
        {.name = "p", .usual = 1, .least = 1, .most = 16}, \
    }, \
    .flaw = argon2_flaw, \
    .price = argon2_price

const um_pwhash_family_t um_pwhash_argon2id = {
    .name = "argon2id", .prefix = "$argon2id$v=19$", .is_made = 1, .derive = DERIVE_ID, ARGON2
};

const um_pwhash_family_t um_pwhash_argon2i = {
    .name = "argon2i", .prefix = "$argon2i$v=19$", .like = "argon2id", .derive = DERIVE_I, ARGON2
};

const um_pwhash_family_t um_pwhash_django_argon2id = {
    .name = "argon2$argon2id", .prefix = "argon2$argon2id$v=19$", .like = "argon2id", .derive = DERIVE_ID, ARGON2
};

const um_pwhash_family_t um_pwhash_django_argon2i = {
    .name = "argon2$argon2i", .prefix = "argon2$argon2i$v=19$", .like = "argon2id", .derive = DERIVE_I, ARGON2
};
