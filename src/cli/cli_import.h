/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLI_IMPORT_H
#define UM_CLI_IMPORT_H
/* The commands "user import" and "user export", rows of the table in cli_user.c. */
#include <apr_pools.h>
#include <stdio.h>

typedef struct um_cli_t um_cli_t;

/** Carries out "user import"; returns the exit code. */
int um_cli_import_run(um_cli_t *cli);

/** Carries out "user export". */
int um_cli_export_run(um_cli_t *cli);

/** Checks --model. UM_CLI_DONE, or UM_CLI_MISUSE, which is printed. */
int um_cli_import_model(const um_cli_t *cli);

/** Makes a file for what nobody else may read, or empties one. One that belongs to another user is refused, because its
 * owner could read it. NULL: it cannot be opened, or is refused, which is printed.
 * @param option  that names it, with a blank; "": none
 * @param input   must be another file; or NULL */
FILE *um_cli_import_create(const um_cli_t *cli, const char *option, const char *path, FILE *input);

/** A line about an account, in pool: where it stands, its name, and what is wrong, with tabs between. Bytes that could
 * change a terminal, and tabs, are escaped. */
const char *um_cli_import_line(apr_pool_t *pool, const char *where, const char *name, const char *why);

#endif
