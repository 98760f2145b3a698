/* SPDX-License-Identifier: Apache-2.0 */
#include "pwhash.h"

#include "pwhash_private.h"
#include "random.h"
#include "wipe.h"

#include <string.h>

#include <apr_strings.h>

/* Order matters only where one prefix begins with another: the longer prefix comes first. */
static const um_pwhash_family_t *const families[] = {
    &um_pwhash_scrypt,
    &um_pwhash_argon2id,
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

#define AUTO "auto"

static const um_pwhash_family_t *family_of_hash(const char *hash)
{
    apr_size_t i;

    for (i = 0; hash && i < FAMILIES; i++) {
        if (strncmp(hash, families[i]->prefix, strlen(families[i]->prefix)) == 0) {
            return families[i];
        }
    }
    return NULL;
}

/* Only families that make new hashes: an administrator cannot choose one that is only verified. */
static const um_pwhash_family_t *family_of_name(const char *name, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < FAMILIES; i++) {
        if (families[i]->settings[0].name && strlen(families[i]->name) == len
            && strncmp(families[i]->name, name, len) == 0) {
            return families[i];
        }
    }
    return NULL;
}

static const char *family_names(apr_pool_t *pool)
{
    const char *names = "auto";
    apr_size_t i;

    for (i = 0; i < FAMILIES; i++) {
        if (families[i]->settings[0].name) {
            names = apr_pstrcat(pool, names, " or ", families[i]->name, NULL);
        }
    }
    return names;
}

static void set_usual(const um_pwhash_family_t *family, um_pwhash_params_t *params)
{
    params->family = family->name;
    params->cost = family->settings[0].usual;
    params->block = family->settings[1].usual;
    params->lanes = family->settings[2].usual;
}

static const char *range_text(apr_pool_t *pool, const um_pwhash_setting_t *setting)
{
    return apr_psprintf(pool, "%s is %u to %u", setting->name, setting->least, setting->most);
}

/* Reads one setting, such as "ln=15", of len bytes. *seen has a bit for each setting that was read before. Returns what
 * is wrong; NULL when nothing is. */
static const char *read_setting(apr_pool_t *pool, const um_pwhash_family_t *family, const char *text, apr_size_t len,
                                unsigned *values[3], unsigned *seen)
{
    const char *equals = memchr(text, '=', len);
    apr_size_t name_len = equals ? (apr_size_t)(equals - text) : len;
    const um_pwhash_setting_t *setting;
    int i;

    for (i = 0; i < 3; i++) {
        setting = &family->settings[i];
        if (strlen(setting->name) == name_len && strncmp(setting->name, text, name_len) == 0) {
            break;
        }
    }
    if (i == 3) {
        return apr_psprintf(pool, "\"%.*s\" is not a setting of %s. Its settings: %s, %s, %s", (int)len, text,
                            family->name, range_text(pool, &family->settings[0]),
                            range_text(pool, &family->settings[1]), range_text(pool, &family->settings[2]));
    }
    if (*seen & 1U << i) {
        return apr_psprintf(pool, "%s is given twice", setting->name);
    }
    *seen |= 1U << i;
    if (!equals || um_pwhash_phc_number(equals + 1, len - name_len - 1, values[i]) != APR_SUCCESS
        || *values[i] < setting->least || *values[i] > setting->most) {
        return apr_psprintf(pool, "\"%.*s\" is out of range: %s", (int)len, text, range_text(pool, setting));
    }
    return NULL;
}

static const char *memory_flaw(apr_pool_t *pool, const um_pwhash_family_t *family, const um_pwhash_params_t *params)
{
    apr_uint64_t memory, work;

    family->price(params, &memory, &work);
    if (memory <= UM_PWHASH_MAX_MEMORY) {
        return NULL;
    }
    return apr_psprintf(pool, "%s=%u %s=%u takes %" APR_UINT64_T_FMT " MiB for one hash; the limit is %"
                        APR_UINT64_T_FMT " MiB", family->settings[0].name, params->cost, family->settings[1].name,
                        params->block, memory >> 20, UM_PWHASH_MAX_MEMORY >> 20);
}

apr_status_t um_pwhash_params(apr_pool_t *pool, const char *text, um_pwhash_params_t *params, const char **why)
{
    const char *blanks = " \t";
    const um_pwhash_family_t *family;
    um_pwhash_params_t read;
    unsigned *values[3] = {&read.cost, &read.block, &read.lanes};
    unsigned seen = 0;
    apr_size_t len;

    text += strspn(text, blanks);
    len = strcspn(text, blanks);
    if (len == strlen(AUTO) && strncmp(text, AUTO, len) == 0) {
        if (text[len + strspn(text + len, blanks)]) {
            *why = "auto takes no settings. Write scrypt or argon2id in its place to set them";
            return APR_EINVAL;
        }
        set_usual(um_pwhash_argon2id.missing ? &um_pwhash_scrypt : &um_pwhash_argon2id, params);
        return APR_SUCCESS;
    }
    family = family_of_name(text, len);
    if (!family) {
        *why = apr_psprintf(pool, "\"%.*s\" is not a kind of password hash. Use %s", (int)len, text,
                            family_names(pool));
        return APR_EINVAL;
    }
    if (family->missing) {
        *why = family->missing;
        return APR_ENOTIMPL;
    }
    set_usual(family, &read);
    for (text += len; *(text += strspn(text, blanks)); text += len) {
        len = strcspn(text, blanks);
        *why = read_setting(pool, family, text, len, values, &seen);
        if (*why) {
            return APR_EINVAL;
        }
    }
    *why = family->flaw(&read);
    if (!*why) {
        *why = memory_flaw(pool, family, &read);
    }
    if (*why) {
        return APR_EINVAL;
    }
    *params = read;
    return APR_SUCCESS;
}

apr_status_t um_pwhash_make(apr_pool_t *pool, const um_pwhash_params_t *params, const char *password, apr_size_t len,
                            const char **hash)
{
    const um_pwhash_family_t *family = family_of_name(params->family, strlen(params->family));
    um_pwhash_phc_t phc = {.salt_len = UM_PWHASH_PHC_SALT, .out_len = UM_PWHASH_PHC_OUT};
    apr_status_t status;

    *hash = NULL;
    if (!family || family->missing) {
        return APR_EINVAL;
    }
    status = um_random_bytes(phc.salt, phc.salt_len);
    if (status == APR_SUCCESS) {
        status = um_pwhash_phc_derive(family, params, &phc, password, len, phc.out);
    }
    if (status == APR_SUCCESS) {
        *hash = um_pwhash_phc_print(pool, family, params, &phc);
    }
    um_wipe(&phc, sizeof(phc));
    return status;
}

um_pwhash_e um_pwhash_verify(apr_pool_t *pool, const char *hash, const char *password, apr_size_t len)
{
    const um_pwhash_family_t *family = family_of_hash(hash);
    int matches = 0;
    apr_status_t status;

    (void)pool;
    if (!family || family->missing) {
        return UM_PWHASH_UNKNOWN;
    }
    status = family->verify(family, hash, password, len, &matches);
    if (status != APR_SUCCESS) {
        return status == APR_EINVAL ? UM_PWHASH_UNKNOWN : UM_PWHASH_ERROR;
    }
    return matches ? UM_PWHASH_MATCH : UM_PWHASH_MISMATCH;
}

int um_pwhash_outdated(const um_pwhash_params_t *params, const char *hash)
{
    const um_pwhash_family_t *family = family_of_hash(hash);

    return !family || strcmp(family->name, params->family) != 0 || um_pwhash_phc_weaker(family, hash, params);
}

apr_uint64_t um_pwhash_kind_of(const um_pwhash_params_t *params)
{
    apr_uint64_t i = 0;

    while (i < FAMILIES && strcmp(families[i]->name, params->family) != 0) {
        i++;
    }
    return i < FAMILIES ? (i + 1) << 56 | (apr_uint64_t)params->cost << 24 | params->block << 12 | params->lanes : 0;
}

apr_uint64_t um_pwhash_kind(const char *hash)
{
    const um_pwhash_family_t *family = family_of_hash(hash);
    um_pwhash_params_t params;
    um_pwhash_phc_t phc;

    if (!family || family->missing || um_pwhash_phc_read(family, hash, &params, &phc) != APR_SUCCESS) {
        return 0;
    }
    um_wipe(&phc, sizeof(phc));
    return um_pwhash_kind_of(&params);
}

um_pwhash_params_t um_pwhash_kind_params(apr_uint64_t kind)
{
    return (um_pwhash_params_t){ families[(kind >> 56) - 1]->name, (unsigned)(kind >> 24), kind >> 12 & 0xfff,
                                 kind & 0xfff };
}

void um_pwhash_dummy(apr_pool_t *pool, const um_pwhash_params_t *params, const char *password, apr_size_t len)
{
    const um_pwhash_family_t *family = family_of_name(params->family, strlen(params->family));
    um_pwhash_phc_t phc = {.salt_len = UM_PWHASH_PHC_SALT, .out_len = UM_PWHASH_PHC_OUT};

    if (family) {
        /* From the text, so that the time for reading it is spent too. */
        (void)um_pwhash_verify(pool, um_pwhash_phc_print(pool, family, params, &phc), password, len);
    }
}
