/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLI_H
#define UM_CLI_H
/* The command line: a command is a row of the table in cli.c, its function in cli_<noun>.c. */
#include "cx.h"

/** What a command works with. */
typedef struct um_cli_t {
    apr_pool_t *pool;
    const char *driver;         /**< --driver: sqlite3 or pgsql */
    const char *params;         /**< --params, as DBDParams */
    const char *alg;            /**< --alg; NULL: not said */
    const char *every, *publish, *lifetime, *keep;  /**< --every and so on, times as directives have them; NULL */
    int now;                    /**< --now */
    int count;                  /**< of arguments after the command's words */
    const char *const *args;
} um_cli_t;

/** Does a command; gives the exit code: 0 done, 1 not done (said on standard error). */
typedef int um_cli_fn(um_cli_t *cli);

um_cli_fn um_cli_group_list, um_cli_group_show, um_cli_group_new, um_cli_group_remove; /* cli_group.c */
um_cli_fn um_cli_group_add, um_cli_group_drop;
um_cli_fn um_cli_client_new, um_cli_client_list, um_cli_client_remove;  /* cli_client.c */
um_cli_fn um_cli_key_new, um_cli_key_list, um_cli_key_rotate, um_cli_key_retire; /* cli_key.c */
um_cli_fn um_cli_schema_status, um_cli_schema_upgrade, um_cli_schema_sql; /* cli_schema.c */
um_cli_fn um_cli_user_show, um_cli_user_staff, um_cli_user_active;      /* cli_user.c */

/** Says what went wrong on standard error; gives 1. */
__attribute__((format(printf, 1, 2)))
int um_cli_fail(const char *format, ...);

/** Opens the database of --driver and --params for core. 0, or 1 with the reason said. (cli_database.c) */
int um_cli_database_open(um_cli_t *cli, um_site_t *site);

#endif
