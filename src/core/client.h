/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLIENT_H
#define UM_CLIENT_H
/* Clients: front ends and servers that are trusted as such, each by a token of its own. A file names them, a line each,
 * "NAME HASH": HASH is the base64url text of the token's SHA-256, so that the file opens nothing. Empty lines and those
 * that begin with # are comments. */
#include <apr_pools.h>

#define UM_CLIENT_PREFIX "umc_"
#define UM_CLIENT_NAME_MAX 64

typedef struct um_client_list_t um_client_list_t;

/** Reads a file. APR_EGENERAL: *why says what is wrong, in which line; it does not name the file. Else a status of the
 * system's: it cannot be read. */
apr_status_t um_client_read(apr_pool_t *pool, const char *file, um_client_list_t **list, const char **why);

int um_client_count(const um_client_list_t *list);

/** The name of the i-th, in the file's order. */
const char *um_client_name(const um_client_list_t *list, int i);

/** The name of the client whose token this is, NULL: nobody's. Takes the same time whoever's it is. A NULL list has
 * nobody. */
const char *um_client_find(const um_client_list_t *list, const char *token);

/** Gives a token to whoever asked for it. Not APR_SUCCESS: it did not arrive, and there is to be no such client. */
typedef apr_status_t um_client_show_fn(void *baton, const char *token, const char **why);

/** Makes a client and adds it to a file, down to the disk; the file is made, mode 0600, when there is none, and keeps
 * its owner, group and mode otherwise. The token is in pool and nowhere else: show is called with it when all but the
 * last step is done. *why says what is wrong: APR_EGENERAL with a name that is there already or is no name, or with the
 * file's text; a status of the system's. */
apr_status_t um_client_add(apr_pool_t *pool, const char *file, const char *name, um_client_show_fn *show, void *baton,
                           const char **why);

/** Takes a client out of a file. APR_NOTFOUND: there is no such client; else as above. */
apr_status_t um_client_remove(apr_pool_t *pool, const char *file, const char *name, const char **why);

#endif
