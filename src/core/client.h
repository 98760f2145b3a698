/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLIENT_H
#define UM_CLIENT_H
/* Clients: front ends and servers that the site trusts, each with a token of its own. They are listed in a file, one
 * line "NAME HASH" for each. HASH is the SHA-256 of the token in base64url, so the file contains no token. Empty lines
 * and lines that begin with # are ignored. */
#include <apr_pools.h>

#define UM_CLIENT_PREFIX "umc_"
#define UM_CLIENT_NAME_MAX 64

typedef struct um_client_list_t um_client_list_t;

/** Reads a file. *why is set on failure and does not name the file. APR_EGENERAL: a line is wrong; *why says which and
 * how. Another status: the system cannot read the file. The list lives in pool. */
apr_status_t um_client_read(apr_pool_t *pool, const char *file, um_client_list_t **list, const char **why);

/** How many clients there are. */
int um_client_count(const um_client_list_t *list);

/** The name of the i-th client (from 0), in the order of the file. */
const char *um_client_name(const um_client_list_t *list, int i);

/** The name of the client that has this token. NULL: no client has it, or list is NULL. The time does not depend on
 * which client it is. */
const char *um_client_find(const um_client_list_t *list, const char *token);

/** Shows a new token to the administrator. Another status than APR_SUCCESS: it was not shown, and the client must not
 * be added. */
typedef apr_status_t um_client_show_fn(void *baton, const char *token, const char **why);

/** Creates a client with a random token, and adds it to a file. A file that does not exist is created with mode 0600;
 * an existing one keeps its owner, group and mode. The file is replaced atomically and synced to disk. show is called
 * with the token before the file is replaced; the token is in pool and nowhere else. APR_EGENERAL: the name is used or
 * is not a valid name, or the file is wrong; another status: the system failed. *why says what. */
apr_status_t um_client_add(apr_pool_t *pool, const char *file, const char *name, um_client_show_fn *show, void *baton,
                           const char **why);

/** Removes a client from a file. APR_NOTFOUND: there is no such client; else as um_client_add. */
apr_status_t um_client_remove(apr_pool_t *pool, const char *file, const char *name, const char **why);

#endif
