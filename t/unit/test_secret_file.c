/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "secret_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

static apr_pool_t *pool;
static const char *folder;

static const char *in_folder(const char *name)
{
    return apr_pstrcat(pool, folder, "/", name, NULL);
}

static void is_refused(apr_status_t status, const char **reason, const char *want, const char *name)
{
    const char *why = *reason;

    ok(status != APR_SUCCESS && why && strncmp(why, want, strlen(want)) == 0 && !strstr(why, folder), "%s: %s", name,
       why ? why : "(no reason)");
    *reason = NULL;
}

static void test_create(void)
{
    const char *file = in_folder("new"), *why = NULL;
    char *text = NULL;
    apr_size_t len = 0;
    struct stat st;

    umask(0);
    is_int(um_secret_file_create(pool, file, "a\0b\n", 4, &why), APR_SUCCESS, "a new file is created");
    ok(stat(file, &st) == 0 && (st.st_mode & 07777) == 0600, "a new file has mode 0600");
    is_int(um_secret_file_read(pool, file, &text, &len, &why), APR_SUCCESS, "the file is read");
    ok(len == 4 && memcmp(text, "a\0b\n", 4) == 0, "every byte of it");
    is_refused(um_secret_file_create(pool, file, "c", 1, &why), &why, "cannot be made: ",
               "a file that is there already");
    ok(stat(file, &st) == 0 && st.st_size == 4, "a file that exists is left as it is");
    ok(symlink(in_folder("elsewhere"), in_folder("link")) == 0, "a link to where nothing is");
    is_refused(um_secret_file_create(pool, in_folder("link"), "c", 1, &why), &why, "cannot be made: ",
               "is not followed");
    ok(stat(in_folder("elsewhere"), &st) != 0, "nothing is created at the end of a link");
    is_refused(um_secret_file_create(pool, in_folder("no/new"), "c", 1, &why), &why, "cannot be made: ",
               "no such folder");
    is_refused(um_secret_file_create(pool, "/dev/full", "c", 1, &why), &why, "cannot be made: ", "a device");
}

static void test_no_room(void)
{
    struct rlimit before, tight;
    const char *why = NULL;
    apr_status_t status;
    struct stat st;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    tight = before;
    tight.rlim_cur = 2;
    setrlimit(RLIMIT_FSIZE, &tight);
    status = um_secret_file_create(pool, in_folder("half"), "text", 4, &why);
    setrlimit(RLIMIT_FSIZE, &before);
    is_refused(status, &why, "cannot be made: ", "no room for the whole of it");
    ok(stat(in_folder("half"), &st) != 0, "half of a file does not stay");
}

static void test_read(void)
{
    const char *why = NULL, *big = in_folder("big");
    char *text = apr_pcalloc(pool, UM_SECRET_FILE_MAX + 1), *got;
    apr_size_t len = 0;

    um_secret_file_create(pool, in_folder("most"), text, UM_SECRET_FILE_MAX, &why);
    um_secret_file_create(pool, big, text, UM_SECRET_FILE_MAX + 1, &why);
    ok(um_secret_file_read(pool, in_folder("most"), &got, &len, &why) == APR_SUCCESS && len == UM_SECRET_FILE_MAX,
       "a file of 16 KB is read");
    is_refused(um_secret_file_read(pool, big, &got, &len, &why), &why, "longer than 16 KB", "16 KB and one byte");
    is_refused(um_secret_file_read(pool, in_folder("none"), &got, &len, &why), &why, "cannot be opened: ",
               "no such file");
    is_refused(um_secret_file_read(pool, folder, &got, &len, &why), &why, "not a regular file", "a folder");
    ok(mkfifo(in_folder("pipe"), 0600) == 0, "a named pipe is made");
    is_refused(um_secret_file_read(pool, in_folder("pipe"), &got, &len, &why), &why, "not a regular file",
               "is not waited for");
    is_refused(um_secret_file_read(pool, "/dev/zero", &got, &len, &why), &why, "not a regular file", "a device");
    um_secret_file_create(pool, in_folder("empty"), "", 0, &why);
    ok(um_secret_file_read(pool, in_folder("empty"), &got, &len, &why) == APR_SUCCESS && len == 0,
       "an empty file is read");
    ok(symlink("most", in_folder("to-most")) == 0
       && um_secret_file_read(pool, in_folder("to-most"), &got, &len, &why) == APR_SUCCESS && len == UM_SECRET_FILE_MAX,
       "a link to a file is followed");
}

/* --- a file that is changed by another process between two calls --- */

/* In front of the system's: the last moment before the file is opened. */
static const char *pipe_instead;

static int open_now(const char *path, int flags, mode_t mode)
{
    if (pipe_instead && strcmp(path, pipe_instead) == 0) {
        unlink(path);
        (void)mkfifo(path, 0600);
    }
    return openat(AT_FDCWD, path, flags, mode);
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & O_CREAT ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_now(path, flags, mode);
}

#ifdef __GLIBC__
int open64(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_now(path, flags, mode);
}
#endif

static void test_pipe_meanwhile(void)
{
    const char *why = NULL, *file = in_folder("changes");
    char *text = NULL;
    apr_size_t len = 0;
    int status = 0;
    pid_t pid;

    is_int(um_secret_file_create(pool, file, "text", 4, &why), APR_SUCCESS, "a file is created");
    pid = fork();
    if (pid == 0) {
        alarm(20);
        pipe_instead = file;
        _exit(um_secret_file_read(pool, file, &text, &len, &why) != APR_EINVAL || strcmp(why,
                                                                                         "not a regular file") != 0);
    }
    waitpid(pid, &status, 0);
    is_int(status, 0, "a file that becomes a named pipe while it is opened is not waited for");
}

int main(void)
{
    static const char *const names[] = {"new", "link", "most", "big", "pipe", "empty", "to-most", "changes"};
    const char *base;
    apr_size_t i;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_temp_dir_get(&base, pool);
    folder = mkdtemp(apr_pstrcat(pool, base, "/test_secret_file.XXXXXX", NULL));
    test_create();
    test_no_room();
    test_read();
    test_pipe_meanwhile();
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unlink(in_folder(names[i]));
    }
    ok(rmdir(folder) == 0, "nothing else was left behind");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
