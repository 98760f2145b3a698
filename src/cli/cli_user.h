/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLI_USER_H
#define UM_CLI_USER_H
/* The commands of the noun user that are not in cli_user.c, which has their rows. */
#include "cli.h"

um_cli_fn um_cli_user_add, um_cli_user_set, um_cli_user_rename;             /* cli_user_add.c */
um_cli_fn um_cli_user_passwd, um_cli_user_reset, um_cli_user_verify;        /* cli_user_credentials.c */
um_cli_fn um_cli_user_invite;                                               /* cli_user_invite.c */
um_cli_fn um_cli_user_show;                                                 /* cli_user_show.c */
um_cli_fn um_cli_user_list, um_cli_user_find;                               /* cli_user_list.c */

/* --- cli_user_add.c --- */

/** Gets the password of a command: none, from the random generator, or from standard input, as its options say. With
 * --no-password its text is NULL. UM_CLI_DONE, or another exit code, and the reason is printed. */
int um_cli_user_password(um_cli_t *cli, um_secret_t *password);

/* --- cli_user_profile.c --- */

/** Reads the values of --profile as a JSON object, for um_profile_input_t. Wrong values are added to cli->ctx->errors,
 * which the call into core reports with the others. The database is open.
 * @param is_new  fields that an account must have, and that are not given, are errors
 * @param custom  NULL: no field is given
 * @return UM_CLI_DONE, or another exit code, and the reason is printed: the site has no such field */
int um_cli_user_profile(um_cli_t *cli, int is_new, const char **custom);

/* --- cli_user_show.c --- */

/** Adds to object what "user show" and "user list" print of every account: id, profile and state. */
void um_cli_user_put(um_json_t *object, const um_user_t *user);

/** The names of groups, joined by commas, as a list in pool. */
um_json_t *um_cli_user_groups(apr_pool_t *pool, const char *names);

#endif
