/* SPDX-License-Identifier: Apache-2.0 */
#include "pepper.h"

#include "base64url.h"
#include "random.h"
#include "secret_file.h"
#include "secret_lines.h"
#include "wipe.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define PREFIX "$pepper$"
#define ID_MAX 16
#define SECRET_LEAST 32
#define SECRET_MOST 128

typedef struct version_t {
    const char *id;
    const unsigned char *secret;
    apr_size_t len;
} version_t;

struct um_pepper_t {
    apr_array_header_t *versions;   /* version_t */
    int is_none;                    /* new hashes have no pepper */
};

static const version_t *find_version(const um_pepper_t *pepper, const char *id)
{
    for (int i = 0; pepper && i < pepper->versions->nelts; i++) {
        const version_t *version = &APR_ARRAY_IDX(pepper->versions, i, version_t);

        if (strcmp(version->id, id) == 0) {
            return version;
        }
    }
    return NULL;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static int is_id(const char *text)
{
    apr_size_t len = strlen(text);

    for (const char *c = text; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("_-", *c)) {
            return 0;
        }
    }
    return len > 0 && len <= ID_MAX;
}

/* Reads a line: see um_secret_lines_t. */
static const char *read_line(apr_pool_t *pool, void *baton, const char *id, const char *secret)
{
    um_pepper_t *pepper = baton;
    apr_array_header_t *versions = pepper->versions;
    int is_none = strcmp(id, UM_PEPPER_NONE) == 0;
    version_t version;
    unsigned char *bytes = NULL;

    if (!secret && is_none) {
        if (versions->nelts || pepper->is_none) {
            return "\"none\" must be the first line";
        }
        pepper->is_none = 1;
        return NULL;
    }
    if (!secret || !is_id(id) || is_none) {
        return "";
    }
    if (um_base64url_decode(pool, secret, strlen(secret), &bytes, &version.len) != APR_SUCCESS) {
        return "the secret is not base64url without padding";
    }
    um_wipe_with(pool, bytes, version.len);
    if (version.len < SECRET_LEAST || version.len > SECRET_MOST) {
        return "the secret must have 32 to 128 bytes";
    }
    if (find_version(pepper, id)) {
        return "a line above has the same ID";
    }
    version.id = apr_pstrdup(pool, id);
    version.secret = bytes;
    APR_ARRAY_PUSH(versions, version_t) = version;
    return NULL;
}

static const um_secret_lines_t the_lines = {
    .form = "ID SECRET", .command = "usermgmt pepper new", .read = read_line
};

static apr_status_t read_text(apr_pool_t *pool, const char *text, apr_size_t len, um_pepper_t **pepper,
                              const char **why)
{
    *pepper = apr_pcalloc(pool, sizeof(**pepper));
    (*pepper)->versions = apr_array_make(pool, 4, sizeof(version_t));
    if (um_secret_lines_read(pool, &the_lines, *pepper, text, len, why) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!(*pepper)->versions->nelts) {
        *why = "no line ID SECRET; make a file with: usermgmt pepper new FILE";
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

apr_status_t um_pepper_read(apr_pool_t *pool, const char *file, um_pepper_t **pepper, const char **why)
{
    char *text;
    apr_size_t len;
    apr_status_t status = um_secret_file_read(pool, file, &text, &len, why);

    if (status == APR_SUCCESS) {
        um_wipe_with(pool, text, len);
        status = read_text(pool, text, len, pepper, why);
    }
    return status;
}

int um_pepper_count(const um_pepper_t *pepper)
{
    return pepper->versions->nelts;
}

const char *um_pepper_id(const um_pepper_t *pepper, int i)
{
    return APR_ARRAY_IDX(pepper->versions, i, version_t).id;
}

const char *um_pepper_current(const um_pepper_t *pepper)
{
    return pepper && !pepper->is_none ? um_pepper_id(pepper, 0) : NULL;
}

/* --- use --------------------------------------------------------------------------------------------------------- */

int um_pepper_apply(const um_pepper_t *pepper, const char *id, const char *password, apr_size_t len,
                    unsigned char out[UM_PEPPER_BYTES])
{
    const version_t *version = find_version(pepper, id);
    unsigned size = 0;

    return version
           && HMAC(EVP_sha256(), version->secret, (int)version->len, (const unsigned char *)password, len, out, &size)
           && size == UM_PEPPER_BYTES;
}

const char *um_pepper_split(apr_pool_t *pool, const char *hash, const char **rest)
{
    const char *id, *end;

    *rest = hash;
    if (!hash || strncmp(hash, PREFIX, strlen(PREFIX)) != 0) {
        return NULL;
    }
    id = hash + strlen(PREFIX);
    end = strchr(id, '$');
    *rest = end ? end : "";
    return end ? apr_pstrmemdup(pool, id, (apr_size_t)(end - id)) : apr_pstrdup(pool, id);
}

const char *um_pepper_join(apr_pool_t *pool, const char *id, const char *hash)
{
    return apr_pstrcat(pool, PREFIX, id, hash, NULL);
}

/* --- changing the file ------------------------------------------------------------------------------------------- */

/* The new file: the line first, the lines of the old file without those of drop and "none", and the line last. */
typedef struct pepper_change_t {
    const char *first, *last;   /* a line with its end; "" for none */
    const char *drop;           /* NULL: keeps all lines, also "none" */
    const char *use;            /* the id whose line becomes the first */
} pepper_change_t;

static const char *new_line(apr_pool_t *pool, const char **id, const char **why)
{
    unsigned char name[4];
    const char *secret = NULL, *line;

    if (um_random_bytes(name, sizeof(name)) != APR_SUCCESS
        || um_random_text(pool, SECRET_LEAST, &secret) != APR_SUCCESS) {
        *why = "the random generator failed";
        return NULL;
    }
    *id = apr_psprintf(pool, "%02x%02x%02x%02x", name[0], name[1], name[2], name[3]);
    line = apr_pstrcat(pool, *id, " ", secret, "\n", NULL);
    um_wipe_with(pool, secret, strlen(secret));
    um_wipe_with(pool, line, strlen(line));
    return line;
}

static apr_status_t edit_text(apr_pool_t *pool, void *baton, const char *text, apr_size_t len, const char **next,
                              const char **why)
{
    const pepper_change_t *change = baton;
    const char *first = change->first, *line = apr_pstrmemdup(pool, text, len), *kept = "";
    um_pepper_t *pepper;

    um_wipe_with(pool, text, len);
    um_wipe_with(pool, line, len);
    if (read_text(pool, text, len, &pepper, why) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (change->use && !find_version(pepper, change->use)) {
        *why = apr_pstrcat(pool, "there is no version ", change->use, NULL);
        return APR_NOTFOUND;
    }
    while (*line) {
        apr_size_t size = strcspn(line, "\n");
        const char *whole = apr_pstrcat(pool, apr_pstrmemdup(pool, line, size), "\n", NULL);

        um_wipe_with(pool, whole, size);
        if (change->use && um_secret_lines_is(line, change->use)) {
            first = whole;
        }
        else if (!change->drop || !um_secret_lines_is(line, change->drop)) {
            kept = apr_pstrcat(pool, kept, whole, NULL);
            um_wipe_with(pool, kept, strlen(kept));
        }
        line += size + (line[size] == '\n');
    }
    *next = apr_pstrcat(pool, first, kept, change->last, NULL);
    um_wipe_with(pool, *next, strlen(*next));
    if (strlen(*next) > UM_SECRET_FILE_MAX) {
        *why = "the file would become longer than 16 KB";
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

static apr_status_t change_file(apr_pool_t *pool, const char *file, pepper_change_t *change, const char **why)
{
    const um_secret_file_edit_t edit = { .next = edit_text, .baton = change };

    return um_secret_file_edit(pool, file, &edit, why);
}

apr_status_t um_pepper_create(apr_pool_t *pool, const char *file, const char **id, const char **why)
{
    const char *line = new_line(pool, id, why);
    apr_status_t status = line ? um_secret_file_create(pool, file, line, strlen(line), why) : APR_EGENERAL;

    if (APR_STATUS_IS_EEXIST(status)) {
        *why = "exists; to add a version to it: usermgmt pepper rotate FILE";
    }
    return status;
}

apr_status_t um_pepper_add(apr_pool_t *pool, const char *file, const char **id, const char **why)
{
    pepper_change_t change = { .first = "", .last = new_line(pool, id, why) };

    return change.last ? change_file(pool, file, &change, why) : APR_EGENERAL;
}

apr_status_t um_pepper_rotate(apr_pool_t *pool, const char *file, const char **id, const char **why)
{
    pepper_change_t change = { .first = new_line(pool, id, why), .last = "", .drop = UM_PEPPER_NONE };

    return change.first ? change_file(pool, file, &change, why) : APR_EGENERAL;
}

apr_status_t um_pepper_use(apr_pool_t *pool, const char *file, const char *id, const char **why)
{
    int is_none = strcmp(id, UM_PEPPER_NONE) == 0;
    pepper_change_t change = { .first = is_none ? UM_PEPPER_NONE "\n" : "", .last = "", .drop = UM_PEPPER_NONE,
                               .use = is_none ? NULL : id };

    return change_file(pool, file, &change, why);
}
