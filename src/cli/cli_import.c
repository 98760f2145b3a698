/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_import.h"
#include "import_format.h"
#include "isotime.h"

#include <apr_dbm.h>
#include <apr_strings.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Columns of the progress bar. */
#define WIDTH 30

/* What an import reads and writes beside the database. */
typedef struct job_t {
    um_cli_t *cli;
    um_import_options_t options;
    const um_import_format_t *format;   /* NULL: htdbm */
    um_records_t *records;              /* NULL: htdbm */
    apr_dbm_t *dbm;
    FILE *report;                       /* NULL: refused rows go to standard error */
    apr_off_t size;                     /* of the file; 0: a pipe */
    int has_bar;                        /* a progress bar is shown on the terminal */
    apr_time_t began, shown;
} job_t;

/* --- what is told ------------------------------------------------------------------------------------------------- */

static void clear_bar(job_t *job)
{
    if (job->has_bar && job->shown) {
        (void)um_cli_write(stderr, "\r\033[K");
    }
}

static void refuse(void *baton, const char *where, const char *name, const char *why)
{
    job_t *job = baton;
    apr_pool_t *pool;

    if (!job->report) {
        clear_bar(job);
    }
    apr_pool_create(&pool, job->cli->pool);
    (void)um_cli_write(job->report ? job->report : stderr, um_cli_import_line(pool, where, name, why));
    apr_pool_destroy(pool);
}

static void progress(void *baton, const um_import_t *import)
{
    job_t *job = baton;
    const um_import_counts_t *counts = um_import_counts(import);
    apr_int64_t done = counts->made + counts->updated + counts->skipped + counts->refused;
    apr_time_t now = apr_time_now();
    char text[256], bar[WIDTH + 1] = "";
    int percent = job->size && job->records ? (int)(job->records->bytes * 100 / job->size) : -1;
    int marks;

    if (!job->has_bar || now - job->shown < apr_time_from_msec(200)) {
        return;
    }
    job->shown = now;
    if (percent >= 0) {
        percent = percent > 100 ? 100 : percent;    /* the file has grown since it was opened */
        marks = percent * WIDTH / 100;
        memset(bar, '#', (size_t)marks);
        memset(bar + marks, ' ', (size_t)(WIDTH - marks));
    }
    apr_snprintf(text, sizeof(text), "\r\033[K%s%s%s%" APR_INT64_T_FMT " accounts, %" APR_INT64_T_FMT " a second",
                 percent >= 0 ? "[" : "", bar, percent >= 0 ? apr_psprintf(um_import_pool(import), "] %d %% ", percent)
                                                            : "", done,
                 done * APR_USEC_PER_SEC / (now - job->began + 1));
    (void)um_cli_write(stderr, text);
    (void)fflush(stderr);
}

static void say_counts(const job_t *job, const um_import_counts_t *counts)
{
    const char *tokens = counts->tokens + counts->tokens_skipped == 0 ? ""      /* only Django's dumps have some */
        : apr_psprintf(job->cli->pool, "; tokens: %" APR_INT64_T_FMT " stored, %" APR_INT64_T_FMT " left out or there "
                       "already", counts->tokens, counts->tokens_skipped);

    um_cli_say(job->cli, "%saccounts: %" APR_INT64_T_FMT " made, %" APR_INT64_T_FMT " changed, %" APR_INT64_T_FMT
               " there already; groups: %" APR_INT64_T_FMT " made%s; refused: %" APR_INT64_T_FMT,
               job->options.dry_run ? "dry run, nothing was stored: " : "", counts->made, counts->updated,
               counts->skipped, counts->groups, tokens, counts->refused);
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static int read_conflict(job_t *job)
{
    static const char *const words[] = { "skip", "update", "fail", NULL };  /* as um_import_conflict_e */
    const char *word = job->cli->on_conflict ? job->cli->on_conflict : "skip";
    int i = 0;

    while (words[i] && strcmp(words[i], word) != 0) {
        i++;
    }
    job->options.on_conflict = (um_import_conflict_e)i;
    return words[i] ? UM_CLI_DONE : um_cli_fail(job->cli, UM_CLI_MISUSE, "--on-conflict %s: must be skip, update or "
                                                "fail", word);
}

static int read_options(job_t *job)
{
    um_cli_t *cli = job->cli;
    const char *name = cli->format ? cli->format : "";
    int code = um_cli_import_model(cli);

    if (code != UM_CLI_DONE) {
        return code;
    }
    job->format = um_import_format(name);
    if (!job->format && strcmp(name, "htdbm") != 0) {
        return cli->format ? um_cli_fail(cli, UM_CLI_MISUSE, "--format %s: must be django, htpasswd, htdbm, csv or "
                                         "jsonl", name)
               : um_cli_fail(cli, UM_CLI_MISUSE, "name the format: --format django, htpasswd, htdbm, csv or jsonl");
    }
    if (cli->tokens_until && (!um_isotime_read(cli->tokens_until, &job->options.tokens_until)
                              || job->options.tokens_until <= apr_time_sec(apr_time_now()))) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--tokens-until %s: must be a time to come, such as 2026-12-31 or "
                           "2026-12-31T23:59:59Z", cli->tokens_until);
    }
    job->options.model = cli->model;
    job->options.columns = cli->columns;
    job->options.dry_run = cli->dry_run;
    job->options.refuse = refuse;
    job->options.progress = progress;
    job->options.baton = job;
    return read_conflict(job);
}

/* --- files: opened before the database, because root takes on the rights of its owner then ------------------------ */

static int open_report(job_t *job)
{
    const char *path = job->cli->report;

    if (path) {
        job->report = um_cli_import_create(job->cli, "--report ", path, job->records ? job->records->file : NULL);
    }
    return !path || job->report ? UM_CLI_DONE : UM_CLI_UNREACHABLE;
}

/* The name of the library that wrote a file of htdbm. SDBM has two files, the others a number at a known place. */
static const char *dbm_type(const char *path)
{
    unsigned char head[16] = { 0 };
    FILE *file = fopen(path, "rbe");

    if (!file) {
        return "sdbm";
    }
    if (fread(head, 1, sizeof(head), file) != sizeof(head)) {
        memset(head, 0, sizeof(head));
    }
    fclose(file);
    /* GNU dbm: 0x13579acd to 0x13579acf, in the order of bytes of the machine. */
    return (head[3] == 0x13 && head[2] == 0x57) || (head[0] == 0x13 && head[1] == 0x57) ? "gdbm" : "db";
}

static int open_dbm(job_t *job, const char *path)
{
    const char *type = dbm_type(path);
    apr_status_t rv = apr_dbm_open_ex(&job->dbm, type, path, APR_DBM_READONLY, APR_OS_DEFAULT, job->cli->pool);
    char text[128];

    return rv == APR_SUCCESS ? UM_CLI_DONE
           : um_cli_fail(job->cli, UM_CLI_UNREACHABLE, "%s cannot be read as a file of htdbm (%s): %s", path, type,
                         apr_strerror(rv, text, sizeof(text)));
}

static int open_file(job_t *job)
{
    const char *path = job->cli->args[0];
    struct stat info;
    FILE *file;

    if (!job->format) {
        return open_dbm(job, path);
    }
    file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (!file) {
        return um_cli_fail(job->cli, UM_CLI_UNREACHABLE, "%s: %s", path, strerror(errno));
    }
    if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
        fclose(file);
        return um_cli_fail(job->cli, UM_CLI_UNREACHABLE, "%s: %s", path, strerror(EISDIR));
    }
    job->size = S_ISREG(info.st_mode) ? info.st_size : 0;
    job->records = um_records_create(job->cli->pool, file);
    return UM_CLI_DONE;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* What was stored before an error stays, so the counts are told in any case. */
static int end_import(job_t *job, um_import_t *import, um_status_e status)
{
    const um_import_counts_t *counts = um_import_counts(import);
    int code = UM_CLI_DONE;

    clear_bar(job);
    if (job->records && !job->records->bytes && feof(job->records->file) && status != UM_UNAVAILABLE) {
        code = um_cli_fail(job->cli, UM_CLI_FAILED, "%s: the file is empty", job->cli->args[0]);
        status = UM_OK;
    }
    else {
        say_counts(job, counts);
    }
    (void)um_cli_flush();       /* before what is wrong */
    if (status != UM_OK && status != UM_INVALID) {
        code = um_cli_fail(job->cli, status == UM_UNAVAILABLE ? UM_CLI_UNREACHABLE : UM_CLI_FAILED,
                           "%s%s", job->cli->ctx->cause, counts->made + counts->updated + counts->groups
                           + counts->tokens ? "; what was stored stays, call the command again" : "");
    }
    else if (status == UM_INVALID) {
        code = um_cli_fail(job->cli, UM_CLI_FAILED, "ended because of --on-conflict fail; earlier batches stay");
    }
    if (job->report && (ferror(job->report) | fclose(job->report))) {
        return um_cli_fail(job->cli, UM_CLI_UNREACHABLE, "--report %s: it could not be written completely",
                           job->cli->report);
    }
    return code == UM_CLI_DONE && counts->refused ? UM_CLI_FAILED : code;
}

int um_cli_import_run(um_cli_t *cli)
{
    job_t *job = apr_pcalloc(cli->pool, sizeof(*job));
    um_import_t *import;
    um_status_e status, ended;
    int code;

    job->cli = cli;
    if ((code = read_options(job)) != UM_CLI_DONE || (code = open_file(job)) != UM_CLI_DONE
        || (code = open_report(job)) != UM_CLI_DONE || (code = um_cli_database_open(cli)) != UM_CLI_DONE) {
        return code;
    }
    job->began = apr_time_now();
    job->has_bar = isatty(STDERR_FILENO);
    import = um_import_begin(cli->ctx, &job->options);
    status = job->format ? job->format->read(import, job->records) : um_import_htdbm(import, job->dbm);
    /* A file that is cut: what stands before that is stored. */
    if (status == UM_OK || status == UM_FAILED) {
        const char *cause = cli->ctx->cause;

        ended = um_import_end(import);
        cli->ctx->cause = status == UM_FAILED ? cause : cli->ctx->cause;
        status = status == UM_OK ? ended : status;
    }
    return end_import(job, import, status);
}
