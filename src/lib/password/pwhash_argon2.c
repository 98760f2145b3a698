/* SPDX-License-Identifier: Apache-2.0 */
/* Argon2id (RFC 9106) by libargon2, where configure found it. */
#include "pwhash_family.h"
#include "pwhash_phc.h"

static const char *flaw(const um_pwhash_params_t *params)
{
    return params->cost / 8 >= params->lanes ? NULL : "m must be at least 8 * p (RFC 9106 section 3.1)";
}

static void price(const um_pwhash_params_t *params, apr_uint64_t *memory, apr_uint64_t *work)
{
    *memory = APR_UINT64_C(1024) * params->cost;
    /* Lanes only cut the same memory into strips: they add no work. */
    *work = (apr_uint64_t)params->cost * params->block;
}

#ifdef HAVE_ARGON2
#define MISSING NULL
#define DERIVE derive
#include <argon2.h>
#include <stdint.h>
#include <sys/mman.h>

/* Mapped, not from malloc: after the first block of this size glibc would keep such blocks in each thread's arena, and
 * the server's resident memory would grow by one hash for each of them. The library wipes the block first. */
static int map_block(uint8_t **memory, size_t size)
{
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED) {
        *memory = NULL;
        return ARGON2_MEMORY_ALLOCATION_ERROR;
    }
#ifdef MADV_HUGEPAGE
    /* A third of the time is page faults and TLB misses otherwise. Only a hint. */
    (void)madvise(block, size, MADV_HUGEPAGE);
#endif
    *memory = block;
    return ARGON2_OK;
}

static void unmap_block(uint8_t *memory, size_t size)
{
    munmap(memory, size);
}

static apr_status_t derive(const um_pwhash_params_t *params, const char *password, apr_size_t len,
                           const unsigned char *salt, apr_size_t salt_len, unsigned char *out, apr_size_t out_len)
{
    /* The library takes pointers to non-const but writes through none of them as long as no CLEAR flag is set.
     * threads = 1: lanes are worked off by the caller, a server thread must not start threads of its own. */
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
    switch (argon2_ctx(&context, Argon2_id)) {
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
#else
#define MISSING "this build has no Argon2: install libargon2-dev (Debian), configure and build again, or use scrypt"
#define DERIVE NULL
#endif

const um_pwhash_family_t um_pwhash_argon2id = {
    .name = "argon2id",
    .prefix = "$argon2id$v=19$",
    .verify = um_pwhash_phc_verify,
    .missing = MISSING,
    .settings = {{"m", 19456, 7168, 262144}, {"t", 2, 1, 10}, {"p", 1, 1, 16}},
    .flaw = flaw,
    .price = price,
    .derive = DERIVE,
};
