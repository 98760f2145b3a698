/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "random.h"
#include "wipe.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Bytes of a line; more than any password that a site allows. */
#define LONGEST 32768

/* Characters that nobody mistakes for each other; 32 of them, so each is worth five bits. */
#define ALPHABET "abcdefghijkmnpqrstuvwxyz23456789"
#define LEAST_CHARACTERS 20
#define MOST_CHARACTERS 80
#define GROUP 5

/* --- the terminal's echo --- */

static struct termios terminal_before;

/* A signal that ends the program while the echo is off: without this the shell would go on without an echo. */
static void end_with_echo(int signal_number)
{
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_before);
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static void switch_echo_off(void)
{
    struct termios silent;

    if (tcgetattr(STDIN_FILENO, &terminal_before) == 0) {
        silent = terminal_before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        silent.c_lflag |= ECHONL;
        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
            (void)signal(signals[i], end_with_echo);
        }
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
}

static void switch_echo_on(void)
{
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_before);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)signal(signals[i], SIG_DFL);
    }
}

/* --- reading --- */

/* Reads a line byte by byte, because what follows it belongs to somebody else. 0: there is none, which is printed. */
static int read_line(const um_cli_t *cli, um_secret_t *secret)
{
    char *buffer = apr_palloc(cli->pool, LONGEST);
    apr_size_t len = 0;
    ssize_t got = 0;

    um_wipe_with(cli->pool, buffer, LONGEST);
    while (len < LONGEST) {
        got = read(STDIN_FILENO, buffer + len, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || buffer[len] == '\n') {
            break;
        }
        len++;
    }
    *secret = (um_secret_t){ buffer, len };
    if (got < 0) {
        um_cli_fail(cli, UM_CLI_FAILED, "the password cannot be read: %s", strerror(errno));
        return 0;
    }
    if (!len || len == LONGEST || memchr(buffer, '\0', len)) {
        um_cli_fail(cli, UM_CLI_FAILED, "%s", !len ? "there is no password on standard input"
                    : len == LONGEST ? "the password is too long" : "the password contains a null byte");
        return 0;
    }
    return 1;
}

static int ask_without_echo(const um_cli_t *cli, const char *prompt, um_secret_t *secret)
{
    int is_read;

    um_cli_ask(cli, "%s:", prompt);
    switch_echo_off();
    is_read = read_line(cli, secret);
    switch_echo_on();
    return is_read;
}

int um_cli_secret_read(const um_cli_t *cli, um_secret_t *secret)
{
    um_secret_t again;

    if (!isatty(STDIN_FILENO)) {
        return read_line(cli, secret);
    }
    if (!ask_without_echo(cli, "New password", secret) || !ask_without_echo(cli, "The same again", &again)) {
        return 0;
    }
    if (again.len != secret->len || CRYPTO_memcmp(again.text, secret->text, again.len) != 0) {
        um_cli_fail(cli, UM_CLI_FAILED, "the two passwords are not the same");
        return 0;
    }
    return 1;
}

/* --- making one --- */

int um_cli_secret_make(const um_cli_t *cli, int least, um_secret_t *secret)
{
    unsigned char bytes[MOST_CHARACTERS];
    int count = least > LEAST_CHARACTERS ? least : LEAST_CHARACTERS;
    char *text = apr_pcalloc(cli->pool, 2 * MOST_CHARACTERS), *end = text;

    count = count > MOST_CHARACTERS ? MOST_CHARACTERS : count;
    um_wipe_with(cli->pool, text, 2 * MOST_CHARACTERS);
    if (um_random_bytes(bytes, (apr_size_t)count) != APR_SUCCESS) {
        um_cli_fail(cli, UM_CLI_FAILED, "the random generator failed");
        return 0;
    }
    for (int i = 0; i < count; i++) {
        if (i && i % GROUP == 0) {
            *end++ = '-';
        }
        *end++ = ALPHABET[bytes[i] % (sizeof(ALPHABET) - 1)];
    }
    um_wipe(bytes, sizeof(bytes));
    *secret = (um_secret_t){ text, (apr_size_t)(end - text) };
    return 1;
}

/* --- asking whether to go on --- */

int um_cli_secret_confirm(const um_cli_t *cli, const char *question, const char *wanted)
{
    char answer[1024] = "";         /* more than the longest name has bytes */

    if (cli->yes) {
        return UM_CLI_DONE;
    }
    if (!isatty(STDIN_FILENO)) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "standard input is no terminal to ask on: --yes is needed; nothing was "
                           "changed");
    }
    um_cli_ask(cli, "%s", question);
    if (fgets(answer, sizeof(answer), stdin)) {
        answer[strcspn(answer, "\n")] = '\0';
    }
    return strcmp(answer, wanted) == 0 ? UM_CLI_DONE : um_cli_fail(cli, UM_CLI_FAILED, "nothing was changed");
}
