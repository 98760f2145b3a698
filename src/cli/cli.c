/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_general.h>
#include <fcntl.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const um_cli_command_t um_cli_commands[] = {
    { "client", "new",     "FILE NAME",    2, 2, um_cli_client_new,     "make a client, and print its token once" },
    { "client", "list",    "FILE",         1, 1, um_cli_client_list,    "show the names of clients" },
    { "client", "remove",  "FILE NAME",    2, 2, um_cli_client_remove,  "take a client out" },
    { "group",  "list",    "",             0, 0, um_cli_group_list,     "show the groups, and how many are in each" },
    { "group",  "show",    "NAME",         1, 1, um_cli_group_show,     "show who is in a group" },
    { "group",  "new",     "NAME",         1, 1, um_cli_group_new,      "make a group" },
    { "group",  "remove",  "NAME",         1, 1, um_cli_group_remove,   "remove a group; the accounts stay" },
    { "group",  "add",     "GROUP USER",   2, 2, um_cli_group_add,      "put an account into a group" },
    { "group",  "drop",    "GROUP USER",   2, 2, um_cli_group_drop,     "take an account out of a group" },
    { "key",    "new",     "FOLDER",       1, 1, um_cli_key_new,        "make a signing key in FOLDER (--alg)" },
    { "key",    "list",    "FOLDER",       1, 1, um_cli_key_list,       "show the keys and what each may do" },
    { "key",    "rotate",  "FOLDER",       1, 1, um_cli_key_rotate,     "do what is due to the keys; for cron" },
    { "key",    "retire",  "FOLDER KID",   2, 2, um_cli_key_retire,     "refuse at once what a key has signed" },
    { "schema", "status",  "",             0, 0, um_cli_schema_status,  "show which steps the database has" },
    { "schema", "upgrade", "",             0, 0, um_cli_schema_upgrade, "apply the steps it lacks" },
    { "schema", "sql",     "",             0, 0, um_cli_schema_sql,     "print all steps of --driver as SQL" },
    { "session", "end-all", "",            0, 0, um_cli_session_end_all, "after a restore: end all sessions, tokens of "
      "mails, and waiting mails" },
    { "user",   "show",    "NAME",         1, 1, um_cli_user_show,      "show an account" },
    { "user",   "staff",   "NAME on|off",  2, 2, um_cli_user_staff,     "give or take the rights of staff" },
    { "user",   "active",  "NAME on|off",  2, 2, um_cli_user_active,    "switch an account on or off" },
    { NULL, NULL, NULL, 0, 0, NULL, NULL },
};

#define MEMBER(name) offsetof(um_cli_t, name)

const um_cli_option_t um_cli_options[] = {
    { "driver",   "DRIVER", MEMBER(driver),   NULL,  "sqlite3 or pgsql, as DBDriver (or USERMGMT_DRIVER in the "
      "environment)" },
    { "params",   "PARAMS", MEMBER(params),   NULL,  "the database, as DBDParams (or USERMGMT_PARAMS)" },
    { "alg",      "ALG",    MEMBER(alg),      "key", "EdDSA (the default), ES256, RS256 or HS256" },
    { "every",    "TIME",   MEMBER(every),    "key", "rotate: how long a key signs (30d)" },
    { "publish",  "TIME",   MEMBER(publish),  "key", "rotate: how long a key is published before it signs (1h)" },
    { "lifetime", "TIME",   MEMBER(lifetime), "key", "rotate: how long a token lives at most (24h)" },
    { "keep",     "TIME",   MEMBER(keep),     "key", "rotate: remove the files of keys that were retired so long ago" },
    { "now",      NULL,     MEMBER(now),      "key", "rotate: make the next key whatever the age of the present one" },
    { "help",     NULL,     MEMBER(help),     NULL,  "show this text, or that of one NOUN" },
    { "version",  NULL,     MEMBER(version),  NULL,  "show the version" },
    { NULL, NULL, 0, NULL, NULL },
};

#define OPTIONS (sizeof(um_cli_options) / sizeof(um_cli_options[0]))

/* 0: an option is wrong, which getopt has said. */
static int read_options(um_cli_t *cli, int argc, char **argv)
{
    struct option options[OPTIONS] = { { NULL, 0, NULL, 0 } };
    int chosen, code;

    for (apr_size_t i = 0; i < OPTIONS - 1; i++) {
        options[i].name = um_cli_options[i].name;
        options[i].has_arg = um_cli_options[i].value ? required_argument : no_argument;
    }
    while ((code = getopt_long(argc, argv, "h", options, &chosen)) != -1) {
        if (code == 'h') {
            cli->help = 1;
        }
        else if (code != 0) {
            return 0;
        }
        else if (um_cli_options[chosen].value) {
            *(const char **)((char *)cli + um_cli_options[chosen].member) = optarg;
        }
        else {
            *(int *)((char *)cli + um_cli_options[chosen].member) = 1;
        }
    }
    return 1;
}

static int run(um_cli_t *cli, int count, char **words)
{
    const um_cli_command_t *row = um_cli_commands;
    const char *noun = count > 0 ? words[0] : NULL, *verb = count > 1 ? words[1] : NULL;

    while (row->noun && (!noun || strcmp(row->noun, noun) != 0 || (verb && strcmp(row->verb, verb) != 0))) {
        row++;
    }
    if (cli->help) {
        return um_cli_help(row->noun, UM_CLI_DONE);
    }
    if (!noun) {
        return um_cli_help(NULL, UM_CLI_MISUSE);
    }
    if (!row->noun) {
        return um_cli_help_unknown(cli, noun, verb);
    }
    if (!verb) {
        return um_cli_help(noun, UM_CLI_MISUSE);
    }
    cli->count = count - 2;
    cli->args = (const char *const *)words + 2;
    if (cli->count < row->least || cli->count > row->most) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "usage: usermgmt %s %s %s", row->noun, row->verb, row->synopsis);
    }
    return row->function(cli);
}

/* A closed standard output would be the number of the next file that is opened, and the database would get the text.
 * Writing to what is opened here fails. */
static void fill_standard_files(void)
{
    int file;

    do {
        file = open("/dev/null", O_RDONLY);
    } while (file >= 0 && file <= STDERR_FILENO);
    if (file >= 0) {
        close(file);
    }
}

int main(int argc, char **argv)
{
    um_cli_t cli = { .driver = getenv("USERMGMT_DRIVER"), .params = getenv("USERMGMT_PARAMS") };
    int code;

    fill_standard_files();
    if (!read_options(&cli, argc, argv)) {
        return UM_CLI_MISUSE;
    }
    apr_initialize();
    apr_pool_create(&cli.pool, NULL);
    if (cli.version) {
        um_cli_say(&cli, "usermgmt " UM_VERSION);
        code = UM_CLI_DONE;
    }
    else {
        code = run(&cli, argc - optind, argv + optind);
    }
    if (!um_cli_flush() && code == UM_CLI_DONE) {
        code = um_cli_fail(&cli, UM_CLI_FAILED, "the output could not be written");
    }
    apr_terminate();
    return code;
}
