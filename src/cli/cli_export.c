/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_import.h"
#include "core_settings.h"
#include "export.h"
#include "printable.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *um_cli_import_line(apr_pool_t *pool, const char *where, const char *name, const char *why)
{
    return apr_pstrcat(pool, um_printable(pool, where), "\t", um_printable(pool, name), "\t", um_printable(pool, why),
                       "\n", NULL);
}

typedef struct job_t {
    um_cli_t *cli;
    FILE *file;             /* or NULL: the standard output */
    apr_int64_t warnings;
} job_t;

static int write_line(void *baton, const char *text)
{
    const job_t *job = baton;
    FILE *out = job->file ? job->file : stdout;

    return um_cli_write(out, text) && um_cli_write(out, "\n");
}

static void warn(void *baton, const char *name, const char *why)
{
    job_t *job = baton;
    apr_pool_t *pool;

    job->warnings++;
    apr_pool_create(&pool, job->cli->pool);
    (void)um_cli_write(stderr, um_cli_import_line(pool, "account", name, why));
    apr_pool_destroy(pool);
}

int um_cli_import_model(const um_cli_t *cli)
{
    const char *dot = cli->model ? strchr(cli->model, '.') : NULL;

    return !cli->model || (dot && dot > cli->model && dot[1]) ? UM_CLI_DONE
           : um_cli_fail(cli, UM_CLI_MISUSE, "--model %s: must be APP.MODEL, such as auth.user", cli->model);
}

/* What is wrong with a file that was there. A device or a pipe is left as it is. NULL: nothing, and it is empty now. */
static const char *take_over(int file, FILE *input)
{
    struct stat info, other;

    if (fstat(file, &info) != 0) {
        return strerror(errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return NULL;
    }
    if (input && fstat(fileno(input), &other) == 0 && other.st_dev == info.st_dev && other.st_ino == info.st_ino) {
        return "it is the file that is to be imported";
    }
    if (info.st_uid != geteuid()) {
        return "it belongs to another user, who could read what is written; name a new file";
    }
    return fchmod(file, 0600) != 0 || ftruncate(file, 0) != 0 ? strerror(errno) : NULL;
}

FILE *um_cli_import_create(const um_cli_t *cli, const char *option, const char *path, FILE *input)
{
    int file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    const char *why = file < 0 ? strerror(errno) : take_over(file, input);
    FILE *out = why ? NULL : fdopen(file, "w");

    if (!out) {
        um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s%s: %s", option, path, why ? why : strerror(errno));
        if (file >= 0) {
            close(file);
        }
    }
    return out;
}

/* Opened before the database, because root takes on the rights of the owner of the database then. */
static int open_output(job_t *job)
{
    const char *path = job->cli->count ? job->cli->args[0] : "-";

    if (strcmp(path, "-") == 0) {
        return UM_CLI_DONE;
    }
    job->file = um_cli_import_create(job->cli, "", path, NULL);
    return job->file ? UM_CLI_DONE : UM_CLI_UNREACHABLE;
}

/* Whether all was written. */
static int close_output(const job_t *job)
{
    return job->file ? fclose(job->file) == 0 : fflush(stdout) == 0;
}

int um_cli_export_run(um_cli_t *cli)
{
    const um_export_format_t *format = um_export_format(cli->format ? cli->format : "");
    job_t job = { .cli = cli };
    um_export_options_t options = { .model = cli->model, .line = write_line, .warn = warn, .baton = &job };
    um_status_e status;
    apr_int64_t count;
    int code;

    if (!format) {
        return cli->format ? um_cli_fail(cli, UM_CLI_MISUSE, "--format %s: must be django, csv or jsonl", cli->format)
               : um_cli_fail(cli, UM_CLI_MISUSE, "name the format: --format django, csv or jsonl");
    }
    if ((code = um_cli_import_model(cli)) != UM_CLI_DONE || (code = open_output(&job)) != UM_CLI_DONE) {
        return code;
    }
    if ((code = um_cli_database_open(cli)) != UM_CLI_DONE) {
        (void)close_output(&job);
        return code;
    }
    options.fields = cli->ctx->settings->custom_fields;
    status = um_export_run(cli->ctx, format, &options, &count);
    if (!close_output(&job) && status == UM_OK) {
        cli->ctx->cause = "the output could not be written";
        status = UM_FAILED;
    }
    if (status != UM_OK) {
        return um_cli_fail(cli, status == UM_UNAVAILABLE ? UM_CLI_UNREACHABLE : UM_CLI_FAILED, "%s", cli->ctx->cause);
    }
    if (job.file) {
        um_cli_say(cli, "%" APR_INT64_T_FMT " accounts written", count);
    }
    if (job.warnings) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%" APR_INT64_T_FMT " accounts have no hash that Django can verify",
                           job.warnings);
    }
    return UM_CLI_DONE;
}
