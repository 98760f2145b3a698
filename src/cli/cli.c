/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct command_t {
    const char *noun, *verb;
    const char *synopsis;       /* of its arguments */
    int least, most;            /* how many */
    um_cli_fn *function;
    const char *help;
} command_t;

static const command_t commands[] = {
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
    { "user",   "show",    "NAME",         1, 1, um_cli_user_show,      "show an account" },
    { "user",   "staff",   "NAME on|off",  2, 2, um_cli_user_staff,     "give or take the rights of staff" },
    { "user",   "active",  "NAME on|off",  2, 2, um_cli_user_active,    "switch an account on or off" },
};

#define COUNT (sizeof(commands) / sizeof(commands[0]))

int um_cli_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("usermgmt: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

static int help(FILE *out)
{
    fputs("usermgmt " UM_VERSION ": keys, schema, accounts and groups of mod_usermgmt\n\n"
          "usage: usermgmt [OPTIONS] NOUN VERB [ARGUMENTS]\n\n", out);
    for (apr_size_t i = 0; i < COUNT; i++) {
        fprintf(out, "  %-6s %-8s %-12s %s\n", commands[i].noun, commands[i].verb, commands[i].synopsis,
                commands[i].help);
    }
    fputs("\n  --driver DRIVER   sqlite3 or pgsql, as DBDriver (or USERMGMT_DRIVER in the environment)\n"
          "  --params PARAMS   the database, as DBDParams (or USERMGMT_PARAMS in the environment)\n"
          "  --alg ALG         EdDSA (the default), ES256, RS256 or HS256\n"
          "  --every TIME      key rotate: how long a key signs (30d)\n"
          "  --publish TIME    key rotate: how long a key is published before it signs (1h)\n"
          "  --lifetime TIME   key rotate: how long a token lives at most (24h)\n"
          "  --keep TIME       key rotate: remove the files of keys that were retired so long ago\n"
          "  --now             key rotate: make the next key whatever the age of the present one\n"
          "  --help, --version\n", out);
    return out == stdout ? 0 : 2;
}

static const command_t *find(const char *noun, const char *verb)
{
    for (apr_size_t i = 0; i < COUNT; i++) {
        if (strcmp(commands[i].noun, noun) == 0 && strcmp(commands[i].verb, verb) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int run(um_cli_t *cli, int count, char **words)
{
    const command_t *command = count >= 2 ? find(words[0], words[1]) : NULL;

    if (!command) {
        return help(stderr);
    }
    cli->count = count - 2;
    cli->args = (const char *const *)words + 2;
    if (cli->count < command->least || cli->count > command->most) {
        um_cli_fail("usage: usermgmt %s %s %s", command->noun, command->verb, command->synopsis);
        return 2;
    }
    return command->function(cli);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "driver", required_argument, NULL, 'd' }, { "params", required_argument, NULL, 'p' },
        { "alg", required_argument, NULL, 'a' },    { "every", required_argument, NULL, 'e' },
        { "publish", required_argument, NULL, 'P' }, { "lifetime", required_argument, NULL, 'l' },
        { "keep", required_argument, NULL, 'k' },   { "now", no_argument, NULL, 'n' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },      { NULL, 0, NULL, 0 },
    };
    um_cli_t cli = { .driver = getenv("USERMGMT_DRIVER"), .params = getenv("USERMGMT_PARAMS") };
    int option, code;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'd':
            cli.driver = optarg;
            break;
        case 'p':
            cli.params = optarg;
            break;
        case 'a':
            cli.alg = optarg;
            break;
        case 'e':
            cli.every = optarg;
            break;
        case 'P':
            cli.publish = optarg;
            break;
        case 'l':
            cli.lifetime = optarg;
            break;
        case 'k':
            cli.keep = optarg;
            break;
        case 'n':
            cli.now = 1;
            break;
        case 'h':
            return help(stdout);
        case 'V':
            puts("usermgmt " UM_VERSION);
            return 0;
        default:
            return 2;
        }
    }
    apr_initialize();
    apr_pool_create(&cli.pool, NULL);
    code = run(&cli, argc - optind, argv + optind);
    apr_terminate();
    return code;
}
