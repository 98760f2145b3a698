/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 100           /* columns of a terminal */
#define OPTION_WIDTH 16     /* columns of an option and its value */
#define LONGEST_WORD 24
#define FARTHEST 3          /* with more changed letters it is another word */

const um_cli_exit_text_t um_cli_exit_texts[] = {
    { UM_CLI_DONE, "done" },
    { UM_CLI_FAILED, "refused or failed; check: a warning" },
    { UM_CLI_MISUSE, "wrong use; check: something does not work" },
    { UM_CLI_ABSENT, "the account, group, client, pepper, key, mail or webhook does not exist" },
    { UM_CLI_UNREACHABLE, "the database is unreachable, or a file cannot be read or written" },
    { UM_CLI_DONE, NULL },
};

static const um_cli_noun_t no_noun = { .name = NULL };

/* --- help --- */

/* Prints a text that begins at a column. What does not fit continues there in the next line. */
static void print_text(FILE *out, int column, const char *text)
{
    for (int room = WIDTH - column; (int)strlen(text) > room;) {
        int len = room;

        while (len > 0 && text[len] != ' ') {
            len--;
        }
        if (!len) {
            break;
        }
        fprintf(out, "%.*s\n%*s", len, text, column, "");
        text += len + 1;
    }
    fprintf(out, "%s\n", text);
}

/* Both functions are called for a noun, or for all nouns (NULL). */

static void print_commands(FILE *out, const um_cli_noun_t *only)
{
    int widest = 0;

    for (int round = 0; round < 2; round++) {
        for (const um_cli_noun_t *noun = only ? only : um_cli_nouns; noun->name; noun = only ? &no_noun : noun + 1) {
            for (const um_cli_command_t *row = noun->commands; row->function; row++) {
                int width = (int)(strlen(noun->name) + strlen(row->verb)) + (*row->verb ? 2 : 1);

                if (round) {
                    fprintf(out, "  %s%s%s %-*s  ", noun->name, *row->verb ? " " : "", row->verb, widest - width,
                            row->synopsis);
                    print_text(out, widest + 4, row->help);
                }
                width += (int)strlen(row->synopsis);
                widest = width > widest ? width : widest;
            }
        }
    }
}

static int concerns_noun(const um_cli_option_t *option, const um_cli_noun_t *noun)
{
    const um_cli_command_t *row = noun ? noun->commands : NULL;

    while (row && row->function && !um_cli_option_concerns(option, row)) {
        row++;
    }
    return !row || row->function;
}

static void print_options(FILE *out, const um_cli_noun_t *noun)
{
    for (const um_cli_option_t *row = um_cli_options; row->name; row++) {
        if (concerns_noun(row, noun)) {
            fprintf(out, "  --%s %-*s  ", row->name, OPTION_WIDTH - (int)strlen(row->name),
                    row->value ? row->value : "");
            print_text(out, OPTION_WIDTH + 7, row->help);
        }
    }
}

int um_cli_help(const um_cli_noun_t *noun, um_cli_exit_e code)
{
    FILE *out = code == UM_CLI_DONE ? stdout : stderr;

    if (!noun) {
        fputs("usermgmt " UM_VERSION ": accounts, groups, sessions, mails, keys and database of mod_usermgmt\n\n",
              out);
    }
    fprintf(out, "usage: usermgmt [OPTIONS] %s %s[ARGUMENTS]\n\n", noun ? noun->name : "NOUN",
            !noun || *noun->commands->verb ? "VERB " : "");
    print_commands(out, noun);
    fputc('\n', out);
    print_options(out, noun);
    if (!noun) {
        fputs("\nExample: sudo usermgmt user show alice\n", out);
    }
    fputs("\nTIME is a number and a unit: 90s, 15m, 24h, 7d\nExit code:\n", out);
    for (const um_cli_exit_text_t *row = um_cli_exit_texts; row->text; row++) {
        fprintf(out, "  %d  %s\n", (int)row->code, row->text);
    }
    return (int)code;
}

/* --- words that do not exist --- */

/* How many letters must be changed, added or removed to turn one word into the other (Levenshtein distance). */
static int distance(const char *one, const char *other)
{
    int row[LONGEST_WORD + 1];
    int width = (int)strlen(other);

    for (int j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (int i = 0; one[i]; i++) {
        int corner = row[0];

        row[0] = i + 1;
        for (int j = 0; j < width; j++) {
            int changed = corner + (one[i] != other[j]);
            int least = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;

            corner = row[j + 1];
            row[j + 1] = changed < least ? changed : least;
        }
    }
    return row[width];
}

/* Keeps candidate in *found if it is more similar to word than what is there. */
static void consider(const char *word, const char *candidate, const char **found, int *least)
{
    int now = strlen(word) <= LONGEST_WORD ? distance(word, candidate) : FARTHEST + 1;

    if (now < *least && now < (int)strlen(word)) {
        *least = now;
        *found = candidate;
    }
}

/* All of the help would push the message above it off the screen. */
static int say_where_help_is(const um_cli_noun_t *noun)
{
    fprintf(stderr, "\"usermgmt help%s%s\" lists the commands and options\n", noun ? " " : "", noun ? noun->name : "");
    return UM_CLI_MISUSE;
}

int um_cli_help_unknown(const um_cli_t *cli, const char *word, const char *verb)
{
    const um_cli_noun_t *known = NULL, *similar = NULL;
    const char *right = NULL;
    int least = FARTHEST + 1;

    for (const um_cli_noun_t *noun = um_cli_nouns; noun->name; noun++) {
        const char *before = right;

        known = strcmp(noun->name, word) == 0 ? noun : known;
        consider(word, noun->name, &right, &least);
        similar = right != before ? noun : similar;
    }
    if (known) {
        right = NULL;
        least = FARTHEST + 1;
        for (const um_cli_command_t *row = known->commands; row->function; row++) {
            consider(verb, row->verb, &right, &least);
        }
    }
    um_cli_fail(cli, UM_CLI_MISUSE, "there is no command \"%s%s%s\"%s%s%s%s%s", word, verb ? " " : "",
                verb ? verb : "", right ? "; did you mean \"" : "", right && known ? word : "",
                right && known ? " " : "", right ? right : "", right ? "\"?" : "");
    return right ? say_where_help_is(known ? known : similar) : um_cli_help(known, UM_CLI_MISUSE);
}

int um_cli_help_unknown_option(const um_cli_t *cli, const char *given)
{
    const char *word = apr_pstrmemdup(cli->pool, given, strcspn(given, "="));
    const char *right = NULL;
    int least = FARTHEST;

    if (strcmp(word, "--password") == 0) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "there is no option --password, because other users can see the "
                           "arguments of a program; the password is read from standard input");
    }
    for (const um_cli_option_t *row = um_cli_options; strncmp(word, "--", 2) == 0 && row->name; row++) {
        consider(word + 2, row->name, &right, &least);
    }
    um_cli_fail(cli, UM_CLI_MISUSE, "there is no option %s%s%s%s", word, right ? "; did you mean --" : "",
                right ? right : "", right ? "?" : "");
    return say_where_help_is(NULL);
}
