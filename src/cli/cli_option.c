/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_strings.h>
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#define MEMBER(name) .member = offsetof(um_cli_t, name)

const um_cli_option_t um_cli_options[] = {
    { .name = "config", .value = "FILE", MEMBER(config), .is_global = 1,
      .help = "httpd's configuration, which names the database (default " UM_HTTPD_CONFIG ")" },
    { .name = "host", .value = "NAME", MEMBER(host), .is_global = 1,
      .help = "the virtual host in it, where several have different databases" },
    { .name = "httpd", .value = "FILE", MEMBER(httpd), .is_global = 1,
      .help = "httpd's program, which reads the configuration (default " UM_HTTPD ")" },
    { .name = "driver", .value = "DRIVER", MEMBER(driver), .is_global = 1,
      .help = "instead of the configuration: sqlite3 or pgsql; or the environment variable USERMGMT_DRIVER" },
    { .name = "params", .value = "PARAMS", MEMBER(params), .is_global = 1,
      .help = "the database, as in DBDParams; or USERMGMT_PARAMS" },
    { .name = "alg", .value = "ALG", MEMBER(alg),
      .help = "EdDSA (default), ES256, RS256 or HS256" },
    { .name = "every", .value = "TIME", MEMBER(every),
      .help = "rotate: how long a key signs (default 30d)" },
    { .name = "publish", .value = "TIME", MEMBER(publish),
      .help = "rotate: how long a key is published before it signs (default 1h)" },
    { .name = "lifetime", .value = "TIME", MEMBER(lifetime),
      .help = "rotate: the longest lifetime of a token (default 24h)" },
    { .name = "keep", .value = "TIME", MEMBER(keep),
      .help = "rotate: remove the files of keys that were retired this long ago" },
    { .name = "now", MEMBER(now),
      .help = "rotate: make the next key now, whatever the age of the present one" },
    { .name = "target", .value = "TIME", MEMBER(target),
      .help = "hash calibrate: how long a hash shall take, such as 250ms (default) or 1s" },
    { .name = "memory", .value = "SIZE", MEMBER(memory),
      .help = "hash calibrate: the memory of an argon2id hash, from 7m to 256m (default 19m, or more)" },
    { .name = "to", .value = "DATABASE", MEMBER(to),
      .help = "move: the target, as \"pgsql:PARAMS\" with PARAMS as in DBDParams" },
    { .name = "user", .value = "NAME", MEMBER(user),
      .help = "only those of this account: its name, or its id, also after it was deleted" },
    { .name = "since", .value = "TIME", MEMBER(since),
      .help = "only those since then: 2026-01-31, 2026-01-31T23:59:59Z, or how long ago: 24h" },
    { .name = "email", .value = "ADDRESS", MEMBER(email),
      .help = "the address of the account; \"\": none" },
    { .name = "first-name", .value = "TEXT", MEMBER(first_name),
      .help = "the first name" },
    { .name = "last-name", .value = "TEXT", MEMBER(last_name),
      .help = "the last name" },
    { .name = "profile", .value = "NAME=VALUE", MEMBER(profile), .is_list = 1,
      .help = "a field that the site adds to accounts (UserMgmtProfile), may be given several times; NAME=: no value" },
    { .name = "group", .value = "GROUP", MEMBER(groups), .is_list = 1,
      .help = "add: a group that the account belongs to, may be given several times; list: only its accounts" },
    { .name = "staff", MEMBER(staff),
      .help = "add: the account has the rights of staff; list: only accounts that have them" },
    { .name = "inactive", MEMBER(inactive),
      .help = "only accounts that are switched off or wait for their address to be verified" },
    { .name = "limit", .value = "NUMBER", MEMBER(limit),
      .help = "print so many accounts at most" },
    { .name = "verified", MEMBER(verified),
      .help = "add: its address is taken as verified" },
    { .name = "generate", MEMBER(generate),
      .help = "make a password and print it, instead of reading one from standard input" },
    { .name = "no-password", MEMBER(no_password),
      .help = "no password: nobody can sign in until one is set" },
    { .name = "held", MEMBER(held),
      .help = "also give a name that is held back (UserMgmtNameQuarantine)" },
    { .name = "all", MEMBER(all),
      .help = "all sessions of the account; mail list, webhook list: also those that were sent; mail retry, webhook "
              "retry: all that were not" },
    { .name = "yes", MEMBER(yes),
      .help = "do not ask; needed where standard input is no terminal" },
    { .name = "format", .value = "FORMAT", MEMBER(format),
      .help = "import: django, htpasswd, htdbm, csv or jsonl; export: django, csv or jsonl" },
    { .name = "dry-run", MEMBER(dry_run),
      .help = "import: check everything and store nothing" },
    { .name = "on-conflict", .value = "HOW", MEMBER(on_conflict),
      .help = "import: what is done about an account that is there: skip (default), update or fail" },
    { .name = "model", .value = "APP.MODEL", MEMBER(model),
      .help = "Django's model of users (default auth.user)" },
    { .name = "tokens-until", .value = "DATE", MEMBER(tokens_until),
      .help = "import tokens too, which are valid until then: 2026-12-31 or 2026-12-31T23:59:59Z" },
    { .name = "report", .value = "FILE", MEMBER(report),
      .help = "import: write the refused lines to FILE, not to standard error" },
    { .name = "columns", .value = "NAMES", MEMBER(columns),
      .help = "import of csv without a line of names: the names of the columns, by commas" },
    { .name = "json", MEMBER(json),
      .help = "print each as a line of JSON" },
    { .name = "help", MEMBER(help), .is_global = 1,
      .help = "show this text, or the help of one NOUN" },
    { .name = "version", MEMBER(version), .is_global = 1,
      .help = "show the version" },
    { .name = NULL },
};

#define OPTIONS (sizeof(um_cli_options) / sizeof(um_cli_options[0]))

static void add_value(const um_cli_t *cli, apr_array_header_t **list, const char *value)
{
    *list = *list ? *list : apr_array_make(cli->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(*list, const char *) = value;
}

/* code: what getopt_long() returns for a word that it does not take. A letter is in optopt, a long option in last. */
static void refuse_option(const um_cli_t *cli, int code, const char *last)
{
    const char *word = optopt ? apr_psprintf(cli->pool, "-%c", optopt) : last;
    const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : "";
    apr_size_t len = strcspn(name, "=");
    int similar = 0;

    for (const um_cli_option_t *row = um_cli_options; row->name; row++) {
        if (strlen(row->name) == len && strncmp(row->name, name, len) == 0 && code == '?') {
            um_cli_fail(cli, UM_CLI_MISUSE, "--%s takes no value", row->name);
            return;
        }
        similar += len > 0 && strncmp(row->name, name, len) == 0;
    }
    if (code == ':') {
        um_cli_fail(cli, UM_CLI_MISUSE, "%s needs a value", word);
    }
    else if (similar > 1) {
        um_cli_fail(cli, UM_CLI_MISUSE, "--%.*s may be several options", (int)len, name);
    }
    else {
        (void)um_cli_help_unknown_option(cli, word);
    }
}

int um_cli_option_read(um_cli_t *cli, int argc, char **argv, int *words)
{
    struct option options[OPTIONS] = { { NULL, 0, NULL, 0 } };
    int chosen, code;

    for (apr_size_t i = 0; i < OPTIONS - 1; i++) {
        options[i].name = um_cli_options[i].name;
        options[i].has_arg = um_cli_options[i].value ? required_argument : no_argument;
    }
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":h", options, &chosen)) != -1) {
        if (code == 'h') {
            cli->help = 1;
        }
        else if (code != 0) {
            refuse_option(cli, code, argv[optind - 1]);
            return 0;
        }
        else if (um_cli_options[chosen].is_list) {
            add_value(cli, (apr_array_header_t **)((char *)cli + um_cli_options[chosen].member), optarg);
        }
        else if (um_cli_options[chosen].value) {
            *(const char **)((char *)cli + um_cli_options[chosen].member) = optarg;
        }
        else {
            *(int *)((char *)cli + um_cli_options[chosen].member) = 1;
        }
    }
    *words = optind;
    return 1;
}

/* Whether a list of words that are separated by blanks has a word. */
static int has_word(const char *list, const char *word)
{
    apr_size_t len = strlen(word);

    for (; list && *list; list += strcspn(list, " "), list += strspn(list, " ")) {
        if (strncmp(list, word, len) == 0 && (list[len] == ' ' || list[len] == '\0')) {
            return 1;
        }
    }
    return 0;
}

int um_cli_option_concerns(const um_cli_option_t *option, const um_cli_command_t *command)
{
    return option->is_global || has_word(command->options, option->name);
}

static int is_given(const um_cli_t *cli, const um_cli_option_t *option)
{
    const char *member = (const char *)cli + option->member;

    return option->value ? *(const char *const *)member != NULL : *(const int *)member;
}

int um_cli_option_check(const um_cli_t *cli, const um_cli_noun_t *noun, const um_cli_command_t *command)
{
    for (const um_cli_option_t *option = um_cli_options; option->name; option++) {
        if (is_given(cli, option) && !um_cli_option_concerns(option, command)) {
            return um_cli_fail(cli, UM_CLI_MISUSE, "usermgmt %s%s%s has no option --%s", noun->name,
                               *command->verb ? " " : "", command->verb, option->name);
        }
    }
    return UM_CLI_DONE;
}
