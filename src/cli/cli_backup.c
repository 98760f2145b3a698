/* SPDX-License-Identifier: Apache-2.0 */
#include "atomic_file.h"
#include "cli.h"
#include "store.h"
#include "store_backup.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_A_TIME (1024 * 1024)

/* --- PostgreSQL: the command to call ------------------------------------------------------------------------------ */

/* A word for the shell. */
static const char *shell_word(apr_pool_t *pool, const char *text)
{
    const char *all = "'", *quote;

    while ((quote = strchr(text, '\'')) != NULL) {
        all = apr_pstrcat(pool, all, apr_pstrmemdup(pool, text, (apr_size_t)(quote - text)), "'\\''", NULL);
        text = quote + 1;
    }
    return apr_pstrcat(pool, all, text, "'", NULL);
}

static int is_password(const char *name, apr_size_t len)
{
    return (len == 8 && strncmp(name, "password", 8) == 0) || (len == 11 && strncmp(name, "sslpassword", 11) == 0);
}

/* Moves behind a value of a connection string, which may be in quotes. */
static const char *skip_value(const char *text)
{
    char quote = *text == '\'' ? *text++ : 0;

    while (*text && (quote ? *text != quote : !apr_isspace(*text))) {
        text += *text == '\\' && text[1] ? 2 : 1;
    }
    return text + (quote && *text);
}

/* The query of a URI with its "?"; "": nothing is left. The name of a parameter may be coded (%70assword), and then the
 * parameter is left out, whatever it is. */
static const char *query_without_password(apr_pool_t *pool, const char *query)
{
    const char *kept = "";

    while (*query) {
        apr_size_t len = strcspn(query, "&"), name = strcspn(query, "=&");

        if (len && !memchr(query, '%', name) && !is_password(query, name)) {
            kept = apr_pstrcat(pool, kept, *kept ? "&" : "?", apr_pstrmemdup(pool, query, len), NULL);
        }
        query += len + (query[len] == '&');
    }
    return kept;
}

/* postgresql://user:password@host/name?password=x */
static const char *uri_without_password(apr_pool_t *pool, const char *uri)
{
    /* As libpq sees it: a password may contain a question mark. */
    const char *begin = strstr(uri, "://") + 3, *at = begin + strcspn(begin, "@/"), *colon, *query;

    colon = *at == '@' ? memchr(begin, ':', (apr_size_t)(at - begin)) : NULL;
    if (colon) {
        uri = apr_pstrcat(pool, apr_pstrmemdup(pool, uri, (apr_size_t)(colon - uri)), at, NULL);
    }
    query = strchr(uri, '?');
    return query ? apr_pstrcat(pool, apr_pstrmemdup(pool, uri, (apr_size_t)(query - uri)),
                               query_without_password(pool, query + 1), NULL) : uri;
}

const char *um_cli_backup_conninfo(apr_pool_t *pool, const char *params)
{
    const char *all = "";

    if (strncmp(params, "postgresql://", 13) == 0 || strncmp(params, "postgres://", 11) == 0) {
        return uri_without_password(pool, params);
    }
    for (const char *name = params + strspn(params, " \t\r\n"); *name; ) {
        apr_size_t len = strcspn(name, "= \t\r\n");
        const char *equals = name + len + strspn(name + len, " \t\r\n");
        const char *end = *equals == '=' ? skip_value(equals + 1 + strspn(equals + 1, " \t\r\n")) : equals;

        if (!is_password(name, len)) {
            all = apr_pstrcat(pool, all, *all ? " " : "", apr_pstrmemdup(pool, name, (apr_size_t)(end - name)), NULL);
        }
        name = end + strspn(end, " \t\r\n");
    }
    return all;
}

/* --- SQLite ------------------------------------------------------------------------------------------------------- */

static int copy_bytes(int from, int to)
{
    ssize_t count;

    do {
        count = sendfile(to, from, NULL, AT_A_TIME);
    } while (count > 0 || (count < 0 && errno == EINTR));
    return count == 0 && fsync(to) == 0;
}

/* Copies the database into a file beside it, with the rights of its owner, and that file into the one that the caller
 * has opened: SQLite opens by name, and the owner may not enter the folder of the backup. */
static int copy_database(um_cli_t *cli, const char *beside, int to)
{
    um_store_call_t call;
    int code = um_cli_database_open_schema(cli, 0, &call), from;

    if (code != UM_CLI_DONE) {
        return code;
    }
    from = open(beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (from < 0) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s: %s", beside, strerror(errno));
    }
    if (um_store_backup_into(&call, beside) != APR_SUCCESS) {
        code = um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    else if (!copy_bytes(from, to)) {
        code = um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s: %s", cli->args[0], strerror(errno));
    }
    close(from);
    (void)unlink(beside);
    return code;
}

/* Blocks the signals that would end the program, but those that it ignores, and SIGCHLD. before: what was blocked. */
static void block_ends(sigset_t *ends, sigset_t *before)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    struct sigaction action;

    sigemptyset(ends);
    sigaddset(ends, SIGCHLD);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(ends, signals[i]);
        }
    }
    (void)sigprocmask(SIG_BLOCK, ends, before);
}

/* The status of the child; -1: there is none. A signal that would end this program ends the child, so that what it has
 * left can be removed. */
static int wait_for_copy(pid_t child, const sigset_t *ends)
{
    int status = -1, number;
    pid_t ended;

    while ((ended = waitpid(child, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        number = sigwaitinfo(ends, NULL);
        if (number > 0 && number != SIGCHLD) {
            (void)kill(child, SIGKILL);
        }
    }
    return ended == child ? status : -1;
}

/* In a process of its own, because it may give up root's rights, and the caller removes a backup that failed. */
static int backup_sqlite(um_cli_t *cli)
{
    const char *file = um_store_sqlite_file(cli->pool, cli->params), *target = cli->args[0], *beside;
    int to, status = -1, code;
    sigset_t ends, before;
    pid_t child;

    if (!file) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "the database is in no file");
    }
    to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (to < 0) {
        return um_cli_fail(cli, errno == EEXIST ? UM_CLI_FAILED : UM_CLI_UNREACHABLE, "%s: %s", target,
                           strerror(errno));
    }
    beside = apr_psprintf(cli->pool, "%s-backup-%ld", file, (long)getpid());
    block_ends(&ends, &before);
    child = fork();
    if (child == 0) {
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        code = copy_database(cli, beside, to);
        _exit(um_cli_flush() ? code : UM_CLI_FAILED);
    }
    close(to);
    status = child > 0 ? wait_for_copy(child, &ends) : -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == UM_CLI_DONE) {
        um_atomic_file_sync_name(cli->pool, target);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        um_cli_say(cli, "%s", target);
        return UM_CLI_DONE;
    }
    (void)unlink(beside);
    (void)unlink(target);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status)
           : um_cli_fail(cli, UM_CLI_FAILED, "%s: the copy was interrupted", target);
}

static int backup(um_cli_t *cli)
{
    int code = um_cli_database_find(cli);

    if (code != UM_CLI_DONE) {
        return code;
    }
    if (strcmp(cli->driver, "sqlite3") == 0) {
        return backup_sqlite(cli);
    }
    /* The dump has all hashes, and pg_dump makes it as the umask says. */
    um_cli_say(cli, "(umask 077 && pg_dump --format=custom --file=%s --dbname=%s)", shell_word(cli->pool, cli->args[0]),
               shell_word(cli->pool, um_cli_backup_conninfo(cli->pool, cli->params)));
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_backup[] = {
    { .verb = "", .synopsis = "FILE", .arguments = 1, .function = backup,
      .help = "copy a SQLite database into FILE while it is used; for PostgreSQL print the line to call" },
    { .function = NULL },
};
