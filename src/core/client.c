/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include "base64url.h"
#include "random.h"
#include "secret_file.h"
#include "secret_lines.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define TOKEN_BYTES 32
#define HASH_BYTES 32

typedef struct client_t {
    const char *name;
    unsigned char hash[HASH_BYTES];
} client_t;

struct um_client_list_t {
    apr_array_header_t *clients;    /* client_t */
};

static const client_t *client_at(const um_client_list_t *list, int i)
{
    return &APR_ARRAY_IDX(list->clients, i, client_t);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* A name is sent as the user of HTTP Basic, so it has no colon; and it is one word of a line. */
static int is_name(const char *text)
{
    apr_size_t len = strlen(text);

    for (const char *c = text; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("._-", *c)) {
            return 0;
        }
    }
    return len > 0 && len <= UM_CLIENT_NAME_MAX && text[0] != '-';
}

static int has_name(const um_client_list_t *list, const char *name)
{
    for (int i = 0; i < list->clients->nelts; i++) {
        if (strcmp(client_at(list, i)->name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Reads a line: see um_secret_lines_t. */
static const char *read_line(apr_pool_t *pool, void *baton, const char *name, const char *hash)
{
    um_client_list_t *list = baton;
    client_t client;
    unsigned char *bytes;
    apr_size_t len = 0;

    if (!is_name(name)) {
        return "the name must be 1 to 64 letters, digits, dots, dashes and underscores";
    }
    if (!hash || um_base64url_decode(pool, hash, strlen(hash), &bytes, &len) != APR_SUCCESS || len != HASH_BYTES) {
        return "";
    }
    if (has_name(list, name)) {
        return "a line above has the same name";
    }
    client.name = apr_pstrdup(pool, name);
    memcpy(client.hash, bytes, HASH_BYTES);
    APR_ARRAY_PUSH(list->clients, client_t) = client;
    return NULL;
}

static const um_secret_lines_t the_lines = {
    .form = "NAME HASH", .command = "usermgmt client new", .read = read_line
};

static apr_status_t read_text(apr_pool_t *pool, const char *text, apr_size_t len, um_client_list_t **list,
                              const char **why)
{
    *list = apr_pcalloc(pool, sizeof(**list));
    (*list)->clients = apr_array_make(pool, 4, sizeof(client_t));
    return um_secret_lines_read(pool, &the_lines, *list, text, len, why);
}

apr_status_t um_client_read(apr_pool_t *pool, const char *file, um_client_list_t **list, const char **why)
{
    char *text;
    apr_size_t len;
    apr_status_t status = um_secret_file_read(pool, file, &text, &len, why);

    return status == APR_SUCCESS ? read_text(pool, text, len, list, why) : status;
}

int um_client_count(const um_client_list_t *list)
{
    return list->clients->nelts;
}

const char *um_client_name(const um_client_list_t *list, int i)
{
    return client_at(list, i)->name;
}

/* --- verifying --------------------------------------------------------------------------------------------------- */

static int hash_token(const char *token, unsigned char hash[HASH_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!EVP_Digest(token, strlen(token), digest, &len, EVP_sha256(), NULL) || len != HASH_BYTES) {
        return 0;
    }
    memcpy(hash, digest, HASH_BYTES);
    return 1;
}

const char *um_client_find(const um_client_list_t *list, const char *token)
{
    unsigned char hash[HASH_BYTES];
    const char *name = NULL;

    if (!list || strncmp(token, UM_CLIENT_PREFIX, strlen(UM_CLIENT_PREFIX)) != 0 || !hash_token(token, hash)) {
        return NULL;
    }
    for (int i = 0; i < list->clients->nelts; i++) {
        const client_t *client = client_at(list, i);

        name = CRYPTO_memcmp(client->hash, hash, HASH_BYTES) == 0 ? client->name : name;
    }
    return name;
}

/* --- changing the file ------------------------------------------------------------------------------------------- */

typedef struct change_t {
    const char *name;
    const char *token;          /* of a new client */
    um_client_show_fn *show;
    void *baton;
} change_t;

static const char *new_line(apr_pool_t *pool, const change_t *change)
{
    unsigned char hash[HASH_BYTES];

    return hash_token(change->token, hash)
           ? apr_pstrcat(pool, change->name, " ", um_base64url_encode(pool, hash, HASH_BYTES), "\n", NULL) : NULL;
}

static apr_status_t add(apr_pool_t *pool, void *baton, const char *text, apr_size_t len, const char **next,
                        const char **why)
{
    const change_t *change = baton;
    const char *line = new_line(pool, change);
    um_client_list_t *list;

    if (read_text(pool, text, len, &list, why) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!line || has_name(list, change->name)) {
        *why = line ? apr_pstrcat(pool, "there is a client ", change->name, " already", NULL) : "OpenSSL failed";
        return APR_EGENERAL;
    }
    *next = apr_pstrcat(pool, apr_pstrmemdup(pool, text, len), len && text[len - 1] != '\n' ? "\n" : "", line, NULL);
    if (strlen(*next) > UM_SECRET_FILE_MAX) {
        *why = "the file would become longer than 16 KB";
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

static apr_status_t remove_line(apr_pool_t *pool, void *baton, const char *text, apr_size_t len, const char **next,
                                const char **why)
{
    const change_t *change = baton;
    const char *line = apr_pstrmemdup(pool, text, len);
    um_client_list_t *list;

    if (read_text(pool, text, len, &list, why) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!has_name(list, change->name)) {
        *why = apr_pstrcat(pool, "there is no client ", change->name, NULL);
        return APR_NOTFOUND;
    }
    for (*next = ""; *line; ) {
        apr_size_t size = strcspn(line, "\n");

        size += line[size] == '\n';
        if (!um_secret_lines_is(line, change->name)) {
            *next = apr_pstrcat(pool, *next, apr_pstrmemdup(pool, line, size), NULL);
        }
        line += size;
    }
    return APR_SUCCESS;
}

/* Called before the file is replaced. A client whose token nobody has seen would be useless, and its name used up. */
static apr_status_t show(void *baton, const char **why)
{
    const change_t *change = baton;

    return change->show(change->baton, change->token, why);
}

apr_status_t um_client_add(apr_pool_t *pool, const char *file, const char *name, um_client_show_fn *shown, void *baton,
                           const char **why)
{
    change_t change = { .name = name, .show = shown, .baton = baton };
    const um_secret_file_edit_t edit = { .next = add, .commit = show, .baton = &change };
    const char *text;

    if (!is_name(name)) {
        *why = "a name must be 1 to 64 letters, digits, dots, dashes and underscores, and must not begin with a dash";
        return APR_EGENERAL;
    }
    if (um_random_text(pool, TOKEN_BYTES, &text) != APR_SUCCESS) {
        *why = "the random generator failed";
        return APR_EGENERAL;
    }
    change.token = apr_pstrcat(pool, UM_CLIENT_PREFIX, text, NULL);
    return um_secret_file_edit(pool, file, &edit, why);
}

apr_status_t um_client_remove(apr_pool_t *pool, const char *file, const char *name, const char **why)
{
    change_t change = { .name = name };
    const um_secret_file_edit_t edit = { .next = remove_line, .baton = &change };

    return um_secret_file_edit(pool, file, &edit, why);
}
