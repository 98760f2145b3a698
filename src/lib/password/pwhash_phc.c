/* SPDX-License-Identifier: Apache-2.0 */
#include "base64url.h"
#include "pwhash.h"
#include "pwhash_private.h"
#include "wipe.h"

#include <limits.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/crypto.h>

#define LEAST_OUT 16
/* The characters of UM_PWHASH_PHC_MOST bytes. Longer text is refused before it is decoded. */
#define MOST_CHARS ((UM_PWHASH_PHC_MOST * 8 + 5) / 6)

apr_status_t um_pwhash_phc_number(const char *text, apr_size_t len, unsigned *number)
{
    unsigned value = 0, digit;
    apr_size_t i;

    if (len == 0 || (len > 1 && text[0] == '0')) {
        return APR_EINVAL;
    }
    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return APR_EINVAL;
        }
        digit = (unsigned)(text[i] - '0');
        if (value > (UINT_MAX - digit) / 10) {
            return APR_EINVAL;
        }
        value = value * 10 + digit;
    }
    *number = value;
    return APR_SUCCESS;
}

static int value_of(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *place = c ? strchr(alphabet, c) : NULL;

    return place ? (int)(place - alphabet) : -1;
}

/* As strict as um_base64url_decode, but for the standard alphabet, and into a fixed buffer because um_pwhash_outdated
 * has no pool. */
apr_status_t um_pwhash_phc_decode(const char *text, apr_size_t len, unsigned char *bytes, apr_size_t *bytes_len)
{
    unsigned bits = 0;
    int value, held = 0;
    apr_size_t i, n = 0;

    if (len > MOST_CHARS || len % 4 == 1) {
        return APR_EINVAL;
    }
    for (i = 0; i < len; i++) {
        value = value_of(text[i]);
        if (value < 0) {
            return APR_EINVAL;
        }
        bits = (bits << 6 | (unsigned)value) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[n++] = (unsigned char)(bits >> held);
        }
    }
    if (bits & ((1U << held) - 1)) {
        return APR_EINVAL;
    }
    *bytes_len = n;
    return APR_SUCCESS;
}

apr_status_t um_pwhash_decode_padded(const char *text, apr_size_t len, unsigned char *bytes, apr_size_t *bytes_len)
{
    apr_size_t padding = 0;

    while (padding < 2 && padding < len && text[len - padding - 1] == '=') {
        padding++;
    }
    return len % 4 == 0 ? um_pwhash_phc_decode(text, len - padding, bytes, bytes_len) : APR_EINVAL;
}

static const char *encode(apr_pool_t *pool, const unsigned char *bytes, apr_size_t len)
{
    char *text = apr_pstrdup(pool, um_base64url_encode(pool, bytes, len)), *c;

    for (c = text; *c; c++) {
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    }
    return text;
}

/* Reads "ln=15,r=8,p=3$". Returns what follows, NULL when the text is anything else. */
static const char *read_params(const um_pwhash_family_t *family, const char *text, um_pwhash_params_t *params)
{
    unsigned *values[3] = {&params->cost, &params->block, &params->lanes};
    apr_size_t len;
    int i;

    params->family = family->name;
    for (i = 0; i < 3; i++) {
        len = strlen(family->settings[i].name);
        if (strncmp(text, family->settings[i].name, len) != 0 || text[len] != '=') {
            return NULL;
        }
        text += len + 1;
        len = strspn(text, "0123456789");
        if (um_pwhash_phc_number(text, len, values[i]) != APR_SUCCESS || text[len] != (i < 2 ? ',' : '$')) {
            return NULL;
        }
        text += len + 1;
    }
    return text;
}

apr_status_t um_pwhash_phc_bounds(const um_pwhash_family_t *family, const um_pwhash_params_t *params)
{
    const unsigned values[3] = {params->cost, params->block, params->lanes};
    apr_uint64_t memory, work;
    int i;

    for (i = 0; i < 3; i++) {
        if (values[i] > family->settings[i].most) {
            return APR_ENOSPC;
        }
        if (values[i] == 0) {
            return APR_EINVAL;
        }
    }
    family->price(params, &memory, &work);
    if (memory > UM_PWHASH_MAX_MEMORY) {
        return APR_ENOSPC;
    }
    return family->flaw(params) ? APR_EINVAL : APR_SUCCESS;
}

apr_status_t um_pwhash_phc_read(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params,
                                um_pwhash_phc_t *phc)
{
    const char *salt, *out;
    apr_status_t status = APR_EINVAL;

    memset(phc, 0, sizeof(*phc));
    salt = read_params(family, hash + strlen(family->prefix), params);
    out = salt ? strchr(salt, '$') : NULL;
    if (out
        && um_pwhash_phc_decode(salt, (apr_size_t)(out - salt), phc->salt, &phc->salt_len) == APR_SUCCESS
        && um_pwhash_phc_decode(out + 1, strlen(out + 1), phc->out, &phc->out_len) == APR_SUCCESS
        && phc->salt_len > 0 && phc->out_len >= LEAST_OUT) {
        status = um_pwhash_phc_bounds(family, params);
    }
    if (status != APR_SUCCESS) {
        um_wipe(phc, sizeof(*phc));
    }
    return status;
}

const char *um_pwhash_phc_print(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params,
                                const um_pwhash_phc_t *phc)
{
    return apr_psprintf(pool, "%s%s=%u,%s=%u,%s=%u$%s$%s", family->prefix, family->settings[0].name, params->cost,
                        family->settings[1].name, params->block, family->settings[2].name, params->lanes,
                        encode(pool, phc->salt, phc->salt_len), encode(pool, phc->out, phc->out_len));
}

apr_status_t um_pwhash_phc_params(const um_pwhash_family_t *family, const char *hash, um_pwhash_params_t *params)
{
    um_pwhash_phc_t phc;
    apr_status_t status = um_pwhash_phc_read(family, hash, params, &phc);

    um_wipe(&phc, sizeof(phc));
    params->family = family->like ? family->like : family->name;
    return status;
}

const char *um_pwhash_phc_sample(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params)
{
    static const um_pwhash_phc_t phc = {.salt_len = UM_PWHASH_PHC_SALT, .out_len = UM_PWHASH_PHC_OUT};

    return um_pwhash_phc_print(pool, family, params, &phc);
}

apr_status_t um_pwhash_phc_derive(const um_pwhash_family_t *family, const um_pwhash_params_t *params,
                                  const um_pwhash_phc_t *phc, const char *password, apr_size_t len,
                                  unsigned char *out)
{
    if (um_pwhash_phc_bounds(family, params) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    return family->derive(params, password, len, phc->salt, phc->salt_len, out, phc->out_len);
}

apr_status_t um_pwhash_phc_verify(const um_pwhash_family_t *family, const char *hash, const char *password,
                                  apr_size_t len, int *matches)
{
    unsigned char out[UM_PWHASH_PHC_MOST];
    um_pwhash_params_t params;
    um_pwhash_phc_t phc;
    apr_status_t status;

    if (um_pwhash_phc_read(family, hash, &params, &phc) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    status = um_pwhash_phc_derive(family, &params, &phc, password, len, out);
    *matches = status == APR_SUCCESS && CRYPTO_memcmp(out, phc.out, phc.out_len) == 0;
    um_wipe(out, sizeof(out));
    um_wipe(&phc, sizeof(phc));
    return status;
}

int um_pwhash_phc_weaker(const um_pwhash_family_t *family, const char *hash, const um_pwhash_params_t *params)
{
    apr_uint64_t memory, work, least_memory, least_work;
    um_pwhash_params_t stored;
    um_pwhash_phc_t phc;
    int weaker;

    if (um_pwhash_phc_read(family, hash, &stored, &phc) != APR_SUCCESS) {
        return 1;
    }
    family->price(&stored, &memory, &work);
    family->price(params, &least_memory, &least_work);
    weaker = memory < least_memory || work < least_work || phc.salt_len < UM_PWHASH_PHC_SALT
        || phc.out_len < UM_PWHASH_PHC_OUT;
    um_wipe(&phc, sizeof(phc));
    return weaker;
}
