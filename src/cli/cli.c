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
    { .noun = "client", .verb = "new", .synopsis = "FILE NAME", .arguments = 2,
      .function = um_cli_client_new, .help = "make a client, add it to FILE and print its token once" },
    { .noun = "client", .verb = "list", .synopsis = "FILE", .arguments = 1,
      .function = um_cli_client_list, .help = "list the clients in FILE" },
    { .noun = "client", .verb = "remove", .synopsis = "FILE NAME", .arguments = 2,
      .function = um_cli_client_remove, .help = "remove a client from FILE" },
    { .noun = "events", .verb = "", .synopsis = "", .arguments = 0, .opens_database = 1,
      .function = um_cli_events, .help = "print what was changed on accounts, by whom, the oldest first" },
    { .noun = "group", .verb = "list", .synopsis = "", .arguments = 0, .opens_database = 1,
      .function = um_cli_group_list, .help = "list the groups with the number of their accounts" },
    { .noun = "group", .verb = "show", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = um_cli_group_show, .help = "list the accounts of a group: id and name" },
    { .noun = "group", .verb = "new", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = um_cli_group_new, .help = "make a group" },
    { .noun = "group", .verb = "remove", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = um_cli_group_remove, .help = "remove a group; its accounts stay" },
    { .noun = "group", .verb = "add", .synopsis = "GROUP USER", .arguments = 2, .opens_database = 1,
      .function = um_cli_group_add, .help = "add an account to a group" },
    { .noun = "group", .verb = "drop", .synopsis = "GROUP USER", .arguments = 2, .opens_database = 1,
      .function = um_cli_group_drop, .help = "remove an account from a group" },
    { .noun = "key", .verb = "new", .synopsis = "FOLDER", .arguments = 1,
      .function = um_cli_key_new, .help = "make a key in FOLDER and print the name of its file (--alg)" },
    { .noun = "key", .verb = "list", .synopsis = "FOLDER", .arguments = 1,
      .function = um_cli_key_list, .help = "list the keys: algorithm, kid, state, file" },
    { .noun = "key", .verb = "rotate", .synopsis = "FOLDER", .arguments = 1,
      .function = um_cli_key_rotate, .help = "make, activate, retire and remove the keys that are due; for cron" },
    { .noun = "key", .verb = "retire", .synopsis = "FOLDER KID", .arguments = 2,
      .function = um_cli_key_retire, .help = "retire a key at once; activate another one if it was signing" },
    { .noun = "pepper", .verb = "new", .synopsis = "FILE", .arguments = 1,
      .function = um_cli_pepper_new, .help = "make FILE with one version of the pepper and print its ID" },
    { .noun = "pepper", .verb = "list", .synopsis = "FILE", .arguments = 1,
      .function = um_cli_pepper_list, .help = "list the versions in FILE: ID and state" },
    { .noun = "pepper", .verb = "rotate", .synopsis = "FILE", .arguments = 1,
      .function = um_cli_pepper_rotate, .help = "add a version to FILE that new hashes use, and print its ID" },
    { .noun = "pepper", .verb = "add", .synopsis = "FILE", .arguments = 1,
      .function = um_cli_pepper_add, .help = "add a version that new hashes do not use yet, and print its ID" },
    { .noun = "pepper", .verb = "use", .synopsis = "FILE ID", .arguments = 2,
      .function = um_cli_pepper_use, .help = "let new hashes use version ID, or none: no pepper" },
    { .noun = "schema", .verb = "status", .synopsis = "", .arguments = 0,
      .function = um_cli_schema_status, .help = "list the steps of the schema that the database has and lacks" },
    { .noun = "schema", .verb = "upgrade", .synopsis = "", .arguments = 0,
      .function = um_cli_schema_upgrade, .help = "apply the missing steps, all or none" },
    { .noun = "schema", .verb = "sql", .synopsis = "", .arguments = 0,
      .function = um_cli_schema_sql, .help = "print all steps of --driver as SQL" },
    { .noun = "session", .verb = "end-all", .synopsis = "", .arguments = 0, .opens_database = 1,
      .function = um_cli_session_end_all,
      .help = "end all sessions, one-time tokens and waiting mails of all accounts" },
    { .noun = "throttle", .verb = "list", .synopsis = "PIDFILE", .arguments = 1,
      .function = um_cli_throttle_list, .help = "list the addresses and names that httpd has refused lately" },
    { .noun = "throttle", .verb = "clear", .synopsis = "PIDFILE NAME|ADDRESS", .arguments = 2,
      .function = um_cli_throttle_clear, .help = "forget the failures of a name or an address" },
    { .noun = "user", .verb = "show", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = um_cli_user_show, .help = "print an account and its groups" },
    { .noun = "user", .verb = "staff", .synopsis = "NAME on|off", .arguments = 2,
      .function = um_cli_user_staff, .help = "give or take the rights of staff; ends the account's sessions" },
    { .noun = "user", .verb = "active", .synopsis = "NAME on|off", .arguments = 2,
      .function = um_cli_user_active, .help = "switch an account on or off; ends its sessions" },
    { .noun = NULL },
};

#define MEMBER(name) .member = offsetof(um_cli_t, name)

const um_cli_option_t um_cli_options[] = {
    { .name = "driver", .value = "DRIVER", MEMBER(driver),
      .help = "sqlite3 or pgsql, as in DBDriver; or the environment variable USERMGMT_DRIVER" },
    { .name = "params", .value = "PARAMS", MEMBER(params),
      .help = "the database, as in DBDParams; or USERMGMT_PARAMS" },
    { .name = "alg", .value = "ALG", MEMBER(alg), .noun = "key",
      .help = "EdDSA (default), ES256, RS256 or HS256" },
    { .name = "every", .value = "TIME", MEMBER(every), .noun = "key",
      .help = "rotate: how long a key signs (default 30d)" },
    { .name = "publish", .value = "TIME", MEMBER(publish), .noun = "key",
      .help = "rotate: how long a key is published before it signs (default 1h)" },
    { .name = "lifetime", .value = "TIME", MEMBER(lifetime), .noun = "key",
      .help = "rotate: the longest lifetime of a token (default 24h)" },
    { .name = "keep", .value = "TIME", MEMBER(keep), .noun = "key",
      .help = "rotate: remove the files of keys that were retired this long ago" },
    { .name = "now", MEMBER(now), .noun = "key",
      .help = "rotate: make the next key now, whatever the age of the present one" },
    { .name = "user", .value = "NAME", MEMBER(user), .noun = "events",
      .help = "only those of this account: its name, or its id, also after it was deleted" },
    { .name = "since", .value = "TIME", MEMBER(since), .noun = "events",
      .help = "only those since then: 2026-01-31, 2026-01-31T23:59:59Z, or how long ago: 24h" },
    { .name = "json", MEMBER(json), .noun = "events",
      .help = "print each as a line of JSON" },
    { .name = "help", MEMBER(help),
      .help = "show this text, or the help of one NOUN" },
    { .name = "version", MEMBER(version),
      .help = "show the version" },
    { .name = NULL },
};

#define OPTIONS (sizeof(um_cli_options) / sizeof(um_cli_options[0]))

/* 0: an option is wrong, and getopt has printed which one. */
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
    int code, own;

    while (row->noun && (!noun || strcmp(row->noun, noun) != 0 || (verb && *row->verb && strcmp(row->verb,
                                                                                                verb) != 0))) {
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
    own = *row->verb ? 2 : 1;
    if (count < own) {
        return um_cli_help(noun, UM_CLI_MISUSE);
    }
    cli->count = count - own;
    cli->args = (const char *const *)words + own;
    if (cli->count != row->arguments) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "usage: usermgmt %s %s %s", row->noun, row->verb, row->synopsis);
    }
    code = row->opens_database ? um_cli_database_open(cli) : UM_CLI_DONE;
    return code == UM_CLI_DONE ? row->function(cli) : code;
}

/* With a closed standard output, the next file that is opened gets its number, and the database would get our text.
 * Writing to the file that is opened here fails. */
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
    apr_pool_create_ex(&cli.pool, NULL, um_cli_end_without_memory, NULL);
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
