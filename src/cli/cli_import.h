/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLI_IMPORT_H
#define UM_CLI_IMPORT_H
/* The commands "user import" and "user export", rows of the table in cli_user.c. */
#include <apr_pools.h>

typedef struct um_cli_t um_cli_t;

/** Carries out "user import"; returns the exit code. */
int um_cli_import_run(um_cli_t *cli);

/** Carries out "user export". */
int um_cli_export_run(um_cli_t *cli);

/** A line about an account, in pool: where it stands, its name, and what is wrong, with tabs between. Bytes that could
 * change a terminal, and tabs, are escaped. */
const char *um_cli_import_line(apr_pool_t *pool, const char *where, const char *name, const char *why);

#endif
