/* SPDX-License-Identifier: Apache-2.0 */
/* scrypt (RFC 7914) with OpenSSL. Every build has it, so it is the default where Argon2 is missing. */
#include "pwhash.h"
#include "pwhash_private.h"

#include <openssl/err.h>
#include <openssl/evp.h>

static const char *scrypt_flaw(const um_pwhash_params_t *params)
{
    return params->cost < 16 * params->block ? NULL : "ln must be less than 16 * r (RFC 7914 section 2)";
}

static void scrypt_price(const um_pwhash_params_t *params, apr_uint64_t *memory, apr_uint64_t *work)
{
    /* Callers may ask for the price before they check the ranges, and a shift by 64 or more is undefined. */
    unsigned ln = params->cost < 32 ? params->cost : 32;

    *memory = (APR_UINT64_C(128) << ln) * params->block;
    *work = (APR_UINT64_C(1) << ln) * params->block * params->lanes;
}

static apr_status_t scrypt_derive(const um_pwhash_params_t *params, const char *password, apr_size_t len,
                                  const unsigned char *salt, apr_size_t salt_len, unsigned char *out,
                                  apr_size_t out_len)
{
    apr_uint64_t memory, work;
    unsigned long code = 0;
    int good;

    scrypt_price(params, &memory, &work);
    /* The default limit of OpenSSL is 32 MiB. It counts its p blocks and scratch space too, and the default settings
     * need slightly more than that. No error may stay in the error queue of this thread: the next TLS connection would
     * take it for its own. */
    memory += APR_UINT64_C(128) * params->block * (params->lanes + 2) + 65536;
    ERR_set_mark();
    good = EVP_PBE_scrypt(password, len, salt, salt_len, APR_UINT64_C(1) << params->cost, params->block, params->lanes,
                          memory, out, out_len) == 1;
    if (!good) {
        code = ERR_peek_last_error();
    }
    ERR_pop_to_mark();
    if (good) {
        return APR_SUCCESS;
    }
    return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? APR_ENOMEM : APR_EGENERAL;
}

const um_pwhash_family_t um_pwhash_scrypt = {
    .name = "scrypt",
    .prefix = "$scrypt$",
    .read = um_pwhash_phc_params,
    .verify = um_pwhash_phc_verify,
    .sample = um_pwhash_phc_sample,
    .is_made = 1,
    .settings = {
        {.name = "ln", .usual = 15, .least = 10, .most = 20},
        {.name = "r", .usual = 8, .least = 1, .most = 16},
        {.name = "p", .usual = 3, .least = 1, .most = 16},
    },
    .flaw = scrypt_flaw,
    .price = scrypt_price,
    .derive = scrypt_derive,
};
