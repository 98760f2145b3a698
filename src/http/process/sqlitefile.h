/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SQLITEFILE_H
#define UM_SQLITEFILE_H
/* The file of a SQLite database. SQLite makes a file that is not there, and goes on writing into one that was removed
 * or replaced. Either would lose accounts without a word, so:
 *
 * - The parent makes file and schema at the start, in a process of httpd's user, before children open connections: a
 *   change of the schema would break the statements that other modules prepare with theirs. Beside the keys it leaves a
 *   mark. Where the mark is and the file is not, no database is made, and requests are answered 503.
 * - Children compare the file once a second with the one that was there at the start. */
#include "server.h"

typedef struct um_sqlitefile_t um_sqlitefile_t;

/** The watched file of a host whose database is SQLite. Lives in pconf. */
um_sqlitefile_t *um_sqlitefile_create(apr_pool_t *pconf, const char *path);

/** Hook post_config: makes databases and marks, and remembers which files are there. */
int um_sqlitefile_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Whether connections to it may be used now. NULL, or why not, which the log has been told.
 * @param at_once  also when the last look was less than a second ago */
const char *um_sqlitefile_trouble(um_sqlitefile_t *file, const server_rec *server, int at_once);

#endif
