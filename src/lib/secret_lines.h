/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SECRET_LINES_H
#define UM_SECRET_LINES_H
/* The text of a secret file (secret_file.h) that consists of lines "NAME VALUE". Words are separated by blanks. Empty
 * lines and lines that begin with # are ignored. */
#include <apr_pools.h>

/** What the lines of a kind of file are. */
typedef struct um_secret_lines_t {
    const char *form;       /**< "NAME VALUE", for messages */
    const char *command;    /**< the command that writes such lines, for messages */
    /** Reads a line; value is NULL when there is only a name. The words are wiped after the call. Returns NULL; or ""
     * when the line has not this form; or what else is wrong with it, without quoting it. */
    const char *(*read)(apr_pool_t *pool, void *baton, const char *name, const char *value);
} um_secret_lines_t;

/** Calls lines->read for each line, in their order, until one is faulty. APR_EGENERAL: *why says which line and how. */
apr_status_t um_secret_lines_read(apr_pool_t *pool, const um_secret_lines_t *lines, void *baton, const char *text,
                                  apr_size_t len, const char **why);

/** Whether the line that begins here, and ends with the text or a line feed, has this name. */
int um_secret_lines_is(const char *line, const char *name);
#endif
