/* SPDX-License-Identifier: Apache-2.0 */
/* The man page and the completion for bash. Both are printed from the tables of commands and options. */
#include "cli.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

/* --- the man page ------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static void print_as(const um_cli_t *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    um_cli_print(apr_pvsprintf(cli->pool, format, args));
    va_end(args);
}

/* Text for troff: a "-" would become a hyphen, a "\" begins a request, and so does a "." or "'" that begins a line. */
static void put_troff(const um_cli_t *cli, const char *text)
{
    char *out = apr_pcalloc(cli->pool, 2 * strlen(text) + 1), *end = out;

    um_cli_print(*text == '.' || *text == '\'' ? "\\&" : "");
    for (; *text; text++) {
        if (*text == '-' || *text == '\\') {
            *end++ = '\\';
        }
        *end++ = *text == '\\' ? 'e' : *text;
    }
    um_cli_print(out);
}

static void put_command(const um_cli_t *cli, const um_cli_noun_t *noun, const um_cli_command_t *command)
{
    um_cli_print(".TP\n.B ");
    put_troff(cli, noun->name);
    um_cli_print(*command->verb ? " " : "");
    put_troff(cli, command->verb);
    if (*command->synopsis) {
        um_cli_print(" \\fR");
        put_troff(cli, command->synopsis);
    }
    um_cli_print("\n");
    put_troff(cli, command->help);
    um_cli_print(".\n");
    for (const um_cli_option_t *option = um_cli_options; option->name; option++) {
        if (!option->is_global && um_cli_option_concerns(option, command)) {
            print_as(cli, ".br\n\\-\\-%s%s%s: ", option->name, option->value ? " " : "",
                     option->value ? option->value : "");
            put_troff(cli, option->help);
            um_cli_print(".\n");
        }
    }
}

static int print_man_page(um_cli_t *cli)
{
    um_cli_print(".\\\" From the tables of the program: usermgmt help man\n"
                 ".TH USERMGMT 1 \"\" \"mod_usermgmt " UM_VERSION "\" \"User Commands\"\n"
                 ".SH NAME\nusermgmt \\- manage the accounts of mod_usermgmt\n"
                 ".SH SYNOPSIS\n.B usermgmt\n[OPTIONS] NOUN VERB [ARGUMENTS]\n"
                 ".SH DESCRIPTION\nThe program manages accounts, groups, sessions, keys and mails of a site. "
                 "It asks\n"
                 "httpd for the site's configuration, so it knows the database and the settings. Arguments in "
                 "brackets\nmay be left out. A verb has further options of its own; they may stand anywhere.\n"
                 ".SH COMMANDS\n");
    for (const um_cli_noun_t *noun = um_cli_nouns; noun->name; noun++) {
        for (const um_cli_command_t *command = noun->commands; command->function; command++) {
            put_command(cli, noun, command);
        }
    }
    um_cli_print(".SH OPTIONS\n");
    for (const um_cli_option_t *option = um_cli_options; option->name; option++) {
        if (option->is_global) {
            print_as(cli, ".TP\n.B \\-\\-%s%s%s\n", option->name, option->value ? " " : "",
                     option->value ? option->value : "");
            put_troff(cli, option->help);
            um_cli_print(".\n");
        }
    }
    um_cli_print(".PP\nTIME is a number and a unit: 90s, 15m, 24h, 7d.\n.SH EXIT STATUS\n");
    for (const um_cli_exit_text_t *row = um_cli_exit_texts; row->text; row++) {
        print_as(cli, ".TP\n.B %d\n", (int)row->code);
        put_troff(cli, row->text);
        um_cli_print(".\n");
    }
    um_cli_print(".SH ENVIRONMENT\n.TP\n.B USERMGMT_DRIVER, USERMGMT_PARAMS\n"
                 "The database, as \\-\\-driver and \\-\\-params.\n.TP\n.B NO_COLOR\nNo colours, even on a terminal.\n"
                 ".SH SEE ALSO\nindex.md in the folder of the documentation lists its pages by task.\n");
    return UM_CLI_DONE;
}

/* --- completion --------------------------------------------------------------------------------------------------- */

static int print_completion(um_cli_t *cli)
{
    um_cli_print("# Completion for bash, from the tables of the program: usermgmt help completion\n"
                 "_usermgmt()\n{\n    local word words='' before=''\n    COMPREPLY=()\n"
                 "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                 "        case $before in\n            ");
    for (const um_cli_option_t *option = um_cli_options, *first = option; option->name; option++) {
        if (option->value) {
            print_as(cli, "%s--%s", option == first ? "" : "|", option->name);
        }
    }
    um_cli_print(") before='' ; continue ;;\n        esac\n        before=$word\n"
                 "        [[ $word == -* ]] || words=\"$words $word\"\n    done\n"
                 "    case ${COMP_WORDS[COMP_CWORD]}:$words in\n"
                 "        -*:*) words='");
    for (const um_cli_option_t *option = um_cli_options; option->name; option++) {
        print_as(cli, "--%s ", option->name);
    }
    um_cli_print("' ;;\n        *:) words='");
    for (const um_cli_noun_t *noun = um_cli_nouns; noun->name; noun++) {
        print_as(cli, "%s ", noun->name);
    }
    um_cli_print("' ;;\n");
    for (const um_cli_noun_t *noun = um_cli_nouns; noun->name; noun++) {
        print_as(cli, "        *:\\ %s) words='", noun->name);
        for (const um_cli_command_t *command = noun->commands; command->function; command++) {
            print_as(cli, "%s ", command->verb);
        }
        um_cli_print("' ;;\n");
    }
    um_cli_print("        *) compopt -o default ; return ;;\n    esac\n"
                 "    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
                 "complete -F _usermgmt usermgmt\n");
    return UM_CLI_DONE;
}

static int print_help(um_cli_t *cli)
{
    const um_cli_noun_t *noun = um_cli_nouns;

    while (cli->count && noun->name && strcmp(noun->name, cli->args[0]) != 0) {
        noun++;
    }
    return cli->count && !noun->name ? um_cli_help_unknown(cli, cli->args[0], NULL)
           : um_cli_help(cli->count ? noun : NULL, UM_CLI_DONE);
}

const um_cli_command_t um_cli_help_commands[] = {
    { .verb = "man", .synopsis = "", .function = print_man_page, .help = "print the man page" },
    { .verb = "completion", .synopsis = "", .function = print_completion,
      .help = "print the completion of commands and options for bash" },
    { .verb = "", .synopsis = "[NOUN]", .optional = 1, .function = print_help,
      .help = "print the commands and options, or those of one NOUN" },
    { .function = NULL },
};
