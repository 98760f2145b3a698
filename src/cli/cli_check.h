/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLI_CHECK_H
#define UM_CLI_CHECK_H
/* What the files of usermgmt check share. */
#include "cli.h"

typedef struct check_t {
    um_cli_t *cli;
    const um_json_t *host;
    apr_array_header_t *findings;   /**< finding_t */
    const char *failure;            /**< of a function that prints why it failed: it leaves that here; NULL: none */
} check_t;

/** Adds a line to the result. */
__attribute__((format(printf, 4, 5)))
void um_cli_found(check_t *check, um_cli_mark_e level, const char *name, const char *format, ...);

/** Looks at the database, its schema, its clock and the mails in it. Root takes on the rights of the owner of a SQLite
 * database, and keeps them. */
void um_cli_check_database(check_t *check);

#endif
