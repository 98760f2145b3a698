/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SMTPD_H
#define UM_SMTPD_H
/* Mail servers for tests: t/lib/smtpd.py and t/lib/smtpd_real.py as processes of their own. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_strings.h>

typedef struct smtpd_t {
    pid_t pid;
    int leash;                 /* its standard input: it ends with that */
    int port;
    const char *folder;
} smtpd_t;

/* A folder of its own for name, in parent. */
__attribute__((unused))
static const char *smtpd_folder(apr_pool_t *pool, const char *parent, const char *name)
{
    const char *folder = apr_pstrcat(pool, parent, "/", name, NULL);

    apr_dir_make(folder, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, pool);
    return folder;
}

/* Starts a script of t/lib with the folder and then the words (NULL-terminated, may be NULL). port 0: it did not
 * start. */
__attribute__((unused))
static smtpd_t smtpd_start(apr_pool_t *pool, const char *script, const char *folder, const char *const *words)
{
    const char *srcdir = getenv("srcdir"), *args[32] = { "/usr/bin/python3" };
    smtpd_t server = { .folder = folder };
    int in[2], out[2], count = 3;
    char line[32] = "";
    FILE *said;

    args[1] = apr_pstrcat(pool, srcdir ? srcdir : ".", "/t/lib/", script, NULL);
    args[2] = folder;
    while (words && *words && count < 31) {
        args[count++] = *words++;
    }
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
        return server;
    }
    server.pid = fork();
    if (server.pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execv(args[0], (char *const *)args);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server.leash = in[1];
    said = fdopen(out[0], "r");
    if (said && fgets(line, sizeof(line), said)) {
        server.port = (int)strtol(line, NULL, 10);
    }
    if (said) {
        fclose(said);
    }
    return server;
}

__attribute__((unused))
static void smtpd_stop(smtpd_t *server)
{
    close(server->leash);
    waitpid(server->pid, NULL, 0);
}

/* The contents of a file, "" when it cannot be read. */
__attribute__((unused))
static const char *smtpd_file(apr_pool_t *pool, const char *folder, const char *name, apr_size_t *len)
{
    apr_file_t *in;
    apr_finfo_t info;
    char *bytes;

    *len = 0;
    if (apr_file_open(&in, apr_pstrcat(pool, folder, "/", name, NULL), APR_FOPEN_READ, 0, pool) != APR_SUCCESS) {
        return "";
    }
    apr_file_info_get(&info, APR_FINFO_SIZE, in);
    bytes = apr_pcalloc(pool, (apr_size_t)info.size + 1);
    apr_file_read_full(in, bytes, (apr_size_t)info.size, len);
    apr_file_close(in);
    return bytes;
}

/* How many lines of its log begin with text. */
__attribute__((unused))
static int smtpd_count(apr_pool_t *pool, const smtpd_t *server, const char *text)
{
    apr_size_t len;
    const char *line = smtpd_file(pool, server->folder, "log", &len);
    int count = 0;

    while (*line) {
        count += strncmp(line, text, strlen(text)) == 0;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return count;
}

/* Whether the programs that these tests need are there; says so in TAP when they are not. */
__attribute__((unused))
static int smtpd_can(void)
{
    if (system("/usr/bin/python3 -c 'import aiosmtpd.smtp' 2>/dev/null && openssl version >/dev/null 2>&1") != 0) {
        printf("1..0 # SKIP needs openssl, python3 and aiosmtpd; Debian: openssl python3-aiosmtpd\n");
        return 0;
    }
    return 1;
}

/* A new folder for the test; the caller removes it by smtpd_clear. */
__attribute__((unused))
static const char *smtpd_scratch(apr_pool_t *pool, const char *name)
{
    const char *parent;
    char *folder;

    apr_temp_dir_get(&parent, pool);
    folder = apr_psprintf(pool, "%s/%s.XXXXX" "X", parent, name);
    return mkdtemp(folder);
}

__attribute__((unused))
static void smtpd_clear(apr_pool_t *pool, const char *folder)
{
    if (system(apr_pstrcat(pool, "rm -rf '", folder, "'", NULL)) != 0) {
        printf("# %s was not removed\n", folder);
    }
}
#endif
