/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "printable.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *line(const um_cli_t *cli, const char *format, va_list args)
{
    return um_printable(cli->pool, apr_pvsprintf(cli->pool, format, args));
}

void um_cli_say(const um_cli_t *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    puts(line(cli, format, args));
    va_end(args);
}

int um_cli_fail(const um_cli_t *cli, um_cli_exit_e code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "usermgmt: %s\n", line(cli, format, args));
    va_end(args);
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

void um_cli_print(const char *text)
{
    fputs(text, stdout);
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
