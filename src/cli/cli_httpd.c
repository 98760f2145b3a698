/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the site's httpd, which alone knows how to read its configuration. */
#include "cli.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_RUN 60          /* seconds */
#define LONGEST_OUTPUT (16 * 1024 * 1024)

/* httpd's variables and further options are in a file for the shell: Debian has it beside the configuration, other
 * installations have it beside the program. NULL: there is none. */
static const char *find_envvars(um_cli_t *cli, const char *httpd, const char *config)
{
    const char *const besides[] = { config, httpd };

    for (int i = 0; i < 2; i++) {
        const char *slash = strrchr(besides[i], '/');
        const char *path = slash ? apr_pstrcat(cli->pool, apr_pstrmemdup(cli->pool, besides[i],
                                                                         (apr_size_t)(slash - besides[i])),
                                               "/envvars", NULL) : "envvars";

        if (access(path, R_OK) == 0) {
            return strchr(path, '/') ? path : "./envvars";
        }
    }
    return NULL;
}

/* Does not return. */
static void become_httpd(const char *const *argv, int out, int error)
{
    int null = open("/dev/null", O_RDONLY);

    if (dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 && dup2(error, STDERR_FILENO) >= 0) {
        execv(argv[0], (char *const *)argv);
    }
    _exit(127);
}

/* The status of a child; -1: it took too long and was killed. */
static int wait_for(pid_t child)
{
    const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
    apr_time_t end = apr_time_now() + apr_time_from_sec(LONGEST_RUN);
    int status = -1;
    pid_t ended;

    while ((ended = waitpid(child, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (apr_time_now() > end) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return -1;
        }
        nanosleep(&pause, NULL);
    }
    return status;
}

static const char *content(um_cli_t *cli, int file)
{
    struct stat info;
    apr_size_t len = fstat(file, &info) == 0 && info.st_size < LONGEST_OUTPUT ? (apr_size_t)info.st_size : 0;
    char *text = apr_pcalloc(cli->pool, len + 1);
    ssize_t count = pread(file, text, len, 0);

    text[count > 0 ? count : 0] = '\0';
    return text;
}

/* The options of a test run, after those that are always there. */
static const char *const *arguments(um_cli_t *cli, const char *httpd, const char *config, int to_dump)
{
    static const char script[] = ". \"$0\"; exec \"$@\" $APACHE_ARGUMENTS";
    const char *envvars = find_envvars(cli, httpd, config);
    apr_array_header_t *words = apr_array_make(cli->pool, 16, sizeof(const char *));
    const char *const before[] = { "/bin/sh", "-c", script, envvars };
    const char *const own[] = { httpd, "-f", config, "-t", "-D", "DUMP_USERMGMT" };

    for (int i = 0; envvars && i < 4; i++) {
        APR_ARRAY_PUSH(words, const char *) = before[i];
    }
    for (int i = 0; i < (to_dump ? 6 : 4); i++) {
        APR_ARRAY_PUSH(words, const char *) = own[i];
    }
    APR_ARRAY_PUSH(words, const char *) = NULL;
    return (const char *const *)words->elts;
}

/* httpd takes a relative name from its ServerRoot, and the caller means their present folder. */
static const char *absolute_config(um_cli_t *cli)
{
    char *path = NULL;

    if (cli->config && apr_filepath_merge(&path, NULL, cli->config, 0, cli->pool) == APR_SUCCESS) {
        cli->config = path;
    }
    return um_cli_site_config(cli);
}

static int check_access(const um_cli_t *cli, const char *config, const char *httpd)
{
    const char *path = access(config, R_OK) != 0 ? config : access(httpd, X_OK) != 0 ? httpd : NULL;

    if (path && errno == EACCES) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s: %s; call the program as root", path, strerror(errno));
    }
    return !path ? UM_CLI_DONE
           : um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s: %s; name httpd's configuration with --config FILE and its "
                         "program with --httpd FILE, or say which database: --driver sqlite3|pgsql --params PARAMS",
                         path, strerror(errno));
}

int um_cli_httpd_test(um_cli_t *cli, int to_dump, um_cli_httpd_t *result)
{
    const char *httpd = cli->httpd ? cli->httpd : UM_HTTPD, *config = absolute_config(cli);
    const char *const *words;
    int files[2], status = -1, code = um_cli_owner_take_on(cli, config);
    pid_t child;

    code = code == UM_CLI_DONE ? check_access(cli, config, httpd) : code;
    if (code != UM_CLI_DONE) {
        return code;
    }
    words = arguments(cli, httpd, config, to_dump);
    /* In memory, because DBDParams may contain a password. */
    files[0] = memfd_create("usermgmt-out", MFD_CLOEXEC);
    files[1] = memfd_create("usermgmt-error", MFD_CLOEXEC);
    child = files[0] >= 0 && files[1] >= 0 ? fork() : -1;
    if (child == 0) {
        become_httpd(words, files[0], files[1]);
    }
    status = child > 0 ? wait_for(child) : -1;
    result->is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    result->out = content(cli, files[0]);
    result->error = content(cli, files[1]);
    close(files[0]);
    close(files[1]);
    return UM_CLI_DONE;
}
