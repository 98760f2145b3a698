/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_general.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const um_cli_noun_t um_cli_nouns[] = {
    { .name = "backup", .commands = um_cli_backup },
    { .name = "check", .commands = um_cli_check },
    { .name = "client", .commands = um_cli_client },
    { .name = "events", .commands = um_cli_events },
    { .name = "group", .commands = um_cli_group },
    { .name = "hash", .commands = um_cli_hash },
    { .name = "help", .commands = um_cli_help_commands },
    { .name = "key", .commands = um_cli_key },
    { .name = "mail", .commands = um_cli_mail },
    { .name = "move", .commands = um_cli_move },
    { .name = "pepper", .commands = um_cli_pepper },
    { .name = "schema", .commands = um_cli_schema },
    { .name = "session", .commands = um_cli_session },
    { .name = "throttle", .commands = um_cli_throttle },
    { .name = "user", .commands = um_cli_user },
    { .name = "webhook", .commands = um_cli_webhook },
    { .name = NULL },
};

/* NULL: there is none. */
static const um_cli_noun_t *find_noun(const char *word)
{
    const um_cli_noun_t *noun = um_cli_nouns;

    while (noun->name && strcmp(noun->name, word) != 0) {
        noun++;
    }
    return noun->name ? noun : NULL;
}

/* The command of a verb, or else the one of the noun alone. NULL: there is none. verb NULL: none was given. */
static const um_cli_command_t *find_command(const um_cli_noun_t *noun, const char *verb)
{
    const um_cli_command_t *command = noun->commands;

    while (command->function && *command->verb && (!verb || strcmp(command->verb, verb) != 0)) {
        command++;
    }
    return command->function ? command : NULL;
}

/* Puts the first argument in, if it was left out. */
static int find_place(um_cli_t *cli, const um_cli_command_t *command)
{
    const char **args;

    if (!command->place || cli->count != command->arguments - 1) {
        return UM_CLI_DONE;
    }
    args = apr_pcalloc(cli->pool, sizeof(*args) * (apr_size_t)(cli->count + 2));
    for (int i = 0; i < cli->count; i++) {
        args[i + 1] = cli->args[i];
    }
    cli->args = args;
    cli->count++;
    return um_cli_site_place(cli, command->place, &args[0]);
}

static int run_command(um_cli_t *cli, const um_cli_noun_t *noun, const um_cli_command_t *command)
{
    int code = um_cli_option_check(cli, noun, command);

    if (code != UM_CLI_DONE) {
        return code;
    }
    code = find_place(cli, command);
    if (code != UM_CLI_DONE) {
        return code;
    }
    if (cli->count < command->arguments || cli->count > command->arguments + command->optional) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "usage: usermgmt %s%s%s %s%s", noun->name, *command->verb ? " " : "",
                           command->verb, command->synopsis, command->hashes_passwords && cli->count
                           ? "; the password is no argument, but is read from standard input" : "");
    }
    code = command->hashes_passwords ? um_cli_database_open_for_passwords(cli)
           : command->opens_database ? um_cli_database_open(cli) : UM_CLI_DONE;
    return code == UM_CLI_DONE ? command->function(cli) : code;
}

static int run(um_cli_t *cli, int count, char **words)
{
    const um_cli_noun_t *noun = count > 0 ? find_noun(words[0]) : NULL;
    const char *verb = count > 1 ? words[1] : NULL;
    const um_cli_command_t *command = noun ? find_command(noun, verb) : NULL;
    int own;

    if (cli->help) {
        return um_cli_help(noun, UM_CLI_DONE);
    }
    if (count == 0 || (noun && !command && !verb)) {
        return um_cli_help(noun, UM_CLI_MISUSE);
    }
    if (!command) {
        return um_cli_help_unknown(cli, words[0], verb);
    }
    own = *command->verb ? 2 : 1;
    cli->count = count - own;
    cli->args = (const char *const *)words + own;
    return run_command(cli, noun, command);
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

/* NULL: it is not set, or empty. */
static const char *read_variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

int main(int argc, char **argv)
{
    um_cli_t cli = { .driver = read_variable("USERMGMT_DRIVER"), .params = read_variable("USERMGMT_PARAMS") };
    int code, words;

    fill_standard_files();
    /* A database that is made in an open folder has hashes. What is inherited must not keep us from the exit codes of
     * the programs that are called. */
    (void)umask(umask(0) | S_IRWXO);
    (void)signal(SIGCHLD, SIG_DFL);
    apr_initialize();
    apr_pool_create_ex(&cli.pool, NULL, um_cli_end_without_memory, NULL);
    cli.uid = getuid();
    if (!um_cli_option_read(&cli, argc, argv, &words)) {
        code = UM_CLI_MISUSE;
    }
    else if (cli.version) {
        um_cli_say(&cli, "usermgmt " UM_VERSION);
        code = UM_CLI_DONE;
    }
    else {
        code = run(&cli, argc - words, argv + words);
    }
    if (!um_cli_flush() && code == UM_CLI_DONE) {
        code = um_cli_fail(&cli, UM_CLI_FAILED, "the output could not be written");
    }
    apr_terminate();
    return code;
}
