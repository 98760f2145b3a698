/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#define LONGEST_WORD 24
#define FARTHEST 3          /* with more changed letters it is another word */

/* --- help --- */

static int width_of(const um_cli_command_t *command)
{
    return (int)(strlen(command->noun) + strlen(command->verb) + strlen(command->synopsis)) + 2;
}

static int concerns(const char *noun, const char *own)
{
    return !noun || !own || strcmp(noun, own) == 0;
}

static void print_commands(FILE *out, const char *noun)
{
    int widest = 0;

    for (const um_cli_command_t *row = um_cli_commands; row->noun; row++) {
        widest = concerns(noun, row->noun) && width_of(row) > widest ? width_of(row) : widest;
    }
    for (const um_cli_command_t *row = um_cli_commands; row->noun; row++) {
        if (concerns(noun, row->noun)) {
            const char *blank = *row->verb ? " " : "";
            int width = (int)(strlen(row->noun) + strlen(blank) + strlen(row->verb)) + 1;

            fprintf(out, "  %s%s%s %-*s  %s\n", row->noun, blank, row->verb, widest - width, row->synopsis, row->help);
        }
    }
}

static void print_options(FILE *out, const char *noun)
{
    for (const um_cli_option_t *row = um_cli_options; row->name; row++) {
        if (concerns(noun, row->noun)) {
            fprintf(out, "  --%s %-*s  %s\n", row->name, 16 - (int)strlen(row->name), row->value ? row->value : "",
                    row->help);
        }
    }
}

/* Whether a noun, or any (NULL), is a command only with a verb. */
static int has_verbs(const char *noun)
{
    for (const um_cli_command_t *row = um_cli_commands; row->noun; row++) {
        if (concerns(noun, row->noun) && *row->verb) {
            return 1;
        }
    }
    return 0;
}

int um_cli_help(const char *noun, um_cli_exit_e code)
{
    FILE *out = code == UM_CLI_DONE ? stdout : stderr;

    if (!noun) {
        fputs("usermgmt " UM_VERSION ": accounts, groups, events, sessions, keys, peppers, clients and schema of "
              "mod_usermgmt\n\n", out);
    }
    fprintf(out, "usage: usermgmt [OPTIONS] %s %s[ARGUMENTS]\n\n", noun ? noun : "NOUN",
            has_verbs(noun) ? "VERB " : "");
    print_commands(out, noun);
    fputc('\n', out);
    print_options(out, noun);
    if (!noun) {
        fputs("\nExample: sudo -u www-data usermgmt --driver sqlite3 --params /var/lib/usermgmt/accounts.db"
              " user show alice\n", out);
    }
    fputs("\nTIME is a number and a unit: 90s, 15m, 24h, 7d\n"
          "Exit code: 0 done; 1 refused or failed; 2 wrong use; 3 the account, group, client, pepper or key does not "
          "exist;\n4 the database is unreachable, or a file cannot be read or written\n", out);
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

/* The verb of that noun, or with noun NULL the noun, that is most similar to word. NULL: none is similar. */
static const char *nearest(const char *noun, const char *word)
{
    const char *found = NULL;
    int least = FARTHEST + 1;

    for (const um_cli_command_t *row = um_cli_commands; row->noun && strlen(word) <= LONGEST_WORD; row++) {
        const char *right = noun ? row->verb : row->noun;

        if (concerns(noun, row->noun) && distance(word, right) < least && distance(word, right) < (int)strlen(word)) {
            least = distance(word, right);
            found = right;
        }
    }
    return found;
}

static int is_noun(const char *word)
{
    for (const um_cli_command_t *row = um_cli_commands; row->noun; row++) {
        if (strcmp(row->noun, word) == 0) {
            return 1;
        }
    }
    return 0;
}

int um_cli_help_unknown(const um_cli_t *cli, const char *noun, const char *verb)
{
    int known = is_noun(noun);
    const char *right = known ? nearest(noun, verb) : nearest(NULL, noun);

    um_cli_fail(cli, UM_CLI_MISUSE, "there is no command \"%s%s%s\"%s%s%s%s%s", noun, verb ? " " : "",
                verb ? verb : "", right ? "; did you mean \"" : "", right && known ? noun : "",
                right && known ? " " : "", right ? right : "", right ? "\"?" : "");
    return um_cli_help(known ? noun : right, UM_CLI_MISUSE);
}
