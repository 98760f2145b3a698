/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "json.h"
#include "printable.h"

#include <apr_strings.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define INDENT 4            /* columns before what continues a line */
#define NARROWEST 40        /* columns of a terminal for which lines are broken */

static const char *line(const um_cli_t *cli, const char *format, va_list args)
{
    return um_printable(cli->pool, apr_pvsprintf(cli->pool, format, args));
}

/* --- lines as wide as the terminal --- */

/* Columns of the terminal that standard output is; 0: it is none, or does not know. */
static int columns_of_terminal(void)
{
    struct winsize size;

    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* A column for each character. */
static int columns_of(const char *text, apr_size_t len)
{
    int count = 0;

    for (apr_size_t i = 0; i < len; i++) {
        count += (text[i] & 0xC0) != 0x80;
    }
    return count;
}

/* The command at the end of a text, which says "with: " or "see: " before it; NULL: there is none. */
static const char *command_in(const char *text)
{
    static const char *const before[] = { " with: ", " see: " };

    for (int i = 0; i < 2; i++) {
        const char *found = strstr(text, before[i]);

        if (found) {
            return found + strlen(before[i]);
        }
    }
    return NULL;
}

/* Prints the rest of a line, of which so many columns are used. On a terminal it is broken at blanks, where it is too
 * wide, but not within a command, which people copy. */
static void put_broken(const char *text, int used)
{
    int width = columns_of_terminal();
    const char *command = command_in(text);

    while (*text) {
        apr_size_t blanks = strspn(text, " ");
        const char *word = text + blanks, *end = word == command ? word + strlen(word) : word + strcspn(word, " ");
        int wide = (int)blanks + columns_of(word, (apr_size_t)(end - word));

        if (width >= NARROWEST && used > INDENT && used + wide > width) {
            printf("\n%*s", INDENT, "");
            used = INDENT;
            wide -= (int)blanks;
            text = word;
        }
        (void)fwrite(text, 1, (size_t)(end - text), stdout);
        used += wide;
        text = end;
    }
    putchar('\n');
}

/* --- printing --- */

void um_cli_say(const um_cli_t *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    puts(line(cli, format, args));
    va_end(args);
}

int um_cli_fail(const um_cli_t *cli, um_cli_exit_e code, const char *format, ...)
{
    const char *text;
    va_list args;

    va_start(args, format);
    text = line(cli, format, args);
    va_end(args);
    if (cli->failure) {
        /* What is wrong comes first, and further lines list what there is. */
        *cli->failure = *cli->failure ? apr_pstrcat(cli->pool, *cli->failure, "; ", text + strspn(text, " "), NULL)
                        : text;
    }
    else {
        fprintf(stderr, "usermgmt: %s\n", text);
    }
    return (int)code;
}

int um_cli_fail_status(const um_cli_t *cli, const um_ctx_t *ctx, um_status_e status, const char *what, const char *name)
{
    if (status == UM_ABSENT) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "there is no %s %s", what, name);
    }
    if (status == UM_INVALID && ctx->errors->nelts) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s", APR_ARRAY_IDX(ctx->errors, 0, um_error_t).text);
    }
    return um_cli_fail(cli, status == UM_UNAVAILABLE ? UM_CLI_UNREACHABLE : UM_CLI_FAILED, "%s",
                       ctx->cause ? ctx->cause : "it could not be done, for an unknown reason");
}

void um_cli_list(const um_cli_t *cli, um_json_t *object, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (cli->json) {
        puts(um_json_print(cli->pool, object));
    }
    else {
        put_broken(line(cli, format, args), 0);
    }
    va_end(args);
}

/* The words of a list, or the text of another value. */
static const char *words_of(const um_cli_t *cli, um_json_t *value)
{
    apr_array_header_t *words = apr_array_make(cli->pool, 4, sizeof(const char *));

    if (json_object_is_type(value, json_type_boolean)) {
        return json_object_get_boolean(value) ? "yes" : "no";
    }
    if (!json_object_is_type(value, json_type_array)) {
        const char *text = json_object_get_string(value);

        return text && *text ? text : "-";
    }
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        APR_ARRAY_PUSH(words, const char *) = json_object_get_string(json_object_array_get_idx(value, i));
    }
    return words->nelts ? apr_array_pstrcat(cli->pool, words, ' ') : "-";
}

void um_cli_show(const um_cli_t *cli, um_json_t *object)
{
    int widest = 0;

    if (cli->json) {
        puts(um_json_print(cli->pool, object));
        return;
    }
    json_object_object_foreach(object, name, unused) {
        (void)unused;
        widest = (int)strlen(name) > widest ? (int)strlen(name) : widest;
    }
    json_object_object_foreach(object, label, value) {
        um_cli_say(cli, "%-*s  %s", widest, label, words_of(cli, value));
    }
}

void um_cli_put_time(um_json_t *object, const char *name, apr_time_t time)
{
    char text[sizeof("2026-01-31T23:59:59Z") + 8];
    apr_time_exp_t parts;
    apr_size_t len;

    if (time && apr_time_exp_gmt(&parts, time) == APR_SUCCESS
        && apr_strftime(text, &len, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == APR_SUCCESS) {
        um_json_put_text(object, name, text);
        return;
    }
    um_json_put_text(object, name, NULL);
}

void um_cli_say_marked(const um_cli_t *cli, um_cli_mark_e kind, const char *mark, const char *format, ...)
{
    static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };
    const char *no_colour = getenv("NO_COLOR");
    int coloured = isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
    va_list args;

    va_start(args, format);
    printf("%s%s%s ", coloured ? colours[kind] : "", mark, coloured ? "\033[0m" : "");
    put_broken(line(cli, format, args), (int)strlen(mark) + 1);
    va_end(args);
}

void um_cli_ask(const um_cli_t *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "%s ", line(cli, format, args));
    va_end(args);
    fflush(stderr);
}

void um_cli_print(const char *text)
{
    fputs(text, stdout);
}

int um_cli_write(FILE *file, const char *text)
{
    return fputs(text, file) >= 0;
}

int um_cli_flush(void)
{
    return fflush(stdout) == 0 && !ferror(stdout);
}

int um_cli_end_without_memory(int status)
{
    static const char text[] = "usermgmt: out of memory\n";

    (void)status;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(UM_CLI_FAILED);
}
