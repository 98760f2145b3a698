/* SPDX-License-Identifier: Apache-2.0 */
#include "pwhash.h"

#include "pwhash_private.h"
#include "random.h"
#include "wipe.h"

#include <string.h>

#include <apr_strings.h>

#define AUTO "auto"

/* Only families that make new hashes: an administrator cannot choose one that is only verified. */
static const um_pwhash_family_t *family_of_name(apr_pool_t *pool, const char *name, apr_size_t len)
{
    const um_pwhash_family_t *family = um_pwhash_family_named(apr_pstrmemdup(pool, name, len));

    return family && family->is_made ? family : NULL;
}

static const char *family_names(apr_pool_t *pool)
{
    const char *names = "auto";
    apr_size_t i;

    for (i = 0; i < um_pwhash_family_count; i++) {
        if (um_pwhash_families[i]->is_made) {
            names = apr_pstrcat(pool, names, " or ", um_pwhash_families[i]->name, NULL);
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
    um_pwhash_params_t read = { 0 };
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
    family = family_of_name(pool, text, len);
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
    const um_pwhash_family_t *family = um_pwhash_family_named(params->family);
    um_pwhash_phc_t phc = {.salt_len = UM_PWHASH_PHC_SALT, .out_len = UM_PWHASH_PHC_OUT};
    apr_status_t status;

    *hash = NULL;
    if (!family || !family->is_made || family->missing) {
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
    const um_pwhash_family_t *family = um_pwhash_family_of(hash);
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
    const um_pwhash_family_t *family = um_pwhash_family_of(hash);

    return !family || strcmp(family->name, params->family) != 0 || um_pwhash_phc_weaker(family, hash, params);
}

apr_status_t um_pwhash_check(const char *hash, const char **why)
{
    const um_pwhash_family_t *family = um_pwhash_family_of(hash);
    um_pwhash_params_t params;
    apr_status_t status;

    if (!family) {
        *why = "the format of the hash is not known";
        return APR_EINVAL;
    }
    if (family->missing) {
        *why = family->missing;
        return APR_ENOTIMPL;
    }
    status = family->read(family, hash, &params);
    *why = status == APR_SUCCESS ? NULL : status == APR_ENOSPC
           ? "the hash costs more time or memory than the limits for stored hashes allow" : "the hash is malformed";
    return status;
}

/* --- kinds --- */

/* A kind is the number of its family from 1, then the three params. */
#define FAMILY_SHIFT 56
#define COST_SHIFT   24
#define BLOCK_SHIFT  12
#define COST(kind) ((apr_uint32_t)((kind) >> COST_SHIFT))

apr_uint64_t um_pwhash_kind_of(const um_pwhash_params_t *params)
{
    apr_uint64_t i = 0;

    while (i < um_pwhash_family_count && strcmp(um_pwhash_families[i]->name, params->family) != 0) {
        i++;
    }
    return i < um_pwhash_family_count ? (i + 1) << FAMILY_SHIFT | (apr_uint64_t)params->cost << COST_SHIFT
                                        | params->block << BLOCK_SHIFT | params->lanes : 0;
}

const char *um_pwhash_name(const char *hash)
{
    const um_pwhash_family_t *family = um_pwhash_family_of(hash);

    return family ? family->name : NULL;
}

apr_uint64_t um_pwhash_kind(const char *hash)
{
    const um_pwhash_family_t *family = um_pwhash_family_of(hash);
    um_pwhash_params_t params;

    return family && !family->missing && family->read(family, hash, &params) == APR_SUCCESS ? um_pwhash_kind_of(&params)
                                                                                           : 0;
}

um_pwhash_params_t um_pwhash_kind_params(apr_uint64_t kind)
{
    return (um_pwhash_params_t){ um_pwhash_families[(kind >> FAMILY_SHIFT) - 1]->name, COST(kind),
                                 kind >> BLOCK_SHIFT & 0xfff, kind & 0xfff };
}

apr_uint64_t um_pwhash_kind_rest(apr_uint64_t kind, apr_uint64_t spent)
{
    const um_pwhash_family_t *family = kind ? um_pwhash_families[(kind >> FAMILY_SHIFT) - 1] : NULL;

    if (!kind || kind == spent) {
        return 0;
    }
    if (!family->is_linear || kind >> FAMILY_SHIFT != spent >> FAMILY_SHIFT) {
        return kind;
    }
    return COST(kind) > COST(spent) ? kind - ((apr_uint64_t)COST(spent) << COST_SHIFT) : 0;
}

void um_pwhash_dummy(apr_pool_t *pool, const um_pwhash_params_t *params, const char *password, apr_size_t len)
{
    const um_pwhash_family_t *family = um_pwhash_family_named(params->family);

    if (family) {
        /* From the text, so that the time for reading it is spent too. */
        (void)um_pwhash_verify(pool, family->sample(pool, family, params), password, len);
    }
}
