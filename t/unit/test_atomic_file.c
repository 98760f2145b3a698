/* SPDX-License-Identifier: Apache-2.0 */
#include "atomic_file.h"
#include "tap.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

static apr_pool_t *pool;
static const char *folder;

static const char *in_folder(const char *name)
{
    return apr_pstrcat(pool, folder, "/", name, NULL);
}

/* NULL: not there. */
static const char *content(const char *file)
{
    char *text = apr_pcalloc(pool, 100);
    FILE *in = fopen(file, "rb");

    if (!in) {
        return NULL;
    }
    text[fread(text, 1, 99, in)] = '\0';
    fclose(in);
    return text;
}

static int mode(const char *file)
{
    struct stat info;

    return stat(file, &info) == 0 ? (int)(info.st_mode & 07777) : -1;
}

static void test_create(void)
{
    const char *file = in_folder("made"), *link = in_folder("link"), *target = in_folder("target");

    umask(0);
    is_int(um_atomic_file_create(pool, file, "one\n", 4), APR_SUCCESS, "a new file is created");
    is_text(content(file), "one\n", "holds what was written");
    is_int(mode(file), 0600, "a new file has mode 0600");
    ok(APR_STATUS_IS_EEXIST(um_atomic_file_create(pool, file, "two", 3)), "one that is there");
    is_text(content(file), "one\n", "a file that exists is left as it is");
    ok(symlink(target, link) == 0 && APR_STATUS_IS_EEXIST(um_atomic_file_create(pool, link, "two", 3))
       && !content(target), "a link is left as it is, and nothing is created at its end");
    unlink(link);
    ok(APR_STATUS_IS_ENOENT(um_atomic_file_create(pool, in_folder("no/made"), "x", 1)),
       "a missing folder is told as such");
    ok(chdir(folder) == 0 && um_atomic_file_create(pool, "here", "", 0) == APR_SUCCESS
       && mode(in_folder("here")) == 0600,
       "a name without a folder, an empty file");
    unlink(in_folder("here"));
    unlink(file);
}

static void test_put(void)
{
    const char *file = in_folder("made"), *unready = in_folder(".made.new"), *there = in_folder("there");

    is_int(um_atomic_file_put(pool, unready, file, "one", 3), APR_SUCCESS, "a file by way of another name");
    ok(content(file) && strcmp(content(file), "one") == 0 && mode(file) == 0600 && !content(unready),
       "after a put the new file is in place and the temporary one is gone");
    is_int(um_atomic_file_put(pool, unready, file, "two", 3), APR_SUCCESS, "a file can be put a second time");
    is_text(content(file), "two", "a second put replaces the file");
    ok(um_atomic_file_create(pool, unready, "other", 5) == APR_SUCCESS
       && APR_STATUS_IS_EEXIST(um_atomic_file_put(pool, unready, file, "three", 5)), "the other name is taken");
    ok(strcmp(content(unready), "other") == 0 && strcmp(content(file), "two") == 0,
       "a temporary file of another process leaves both files as they are");
    unlink(unready);
    ok(mkdir(there, 0700) == 0 && um_atomic_file_put(pool, unready, there, "x", 1) != APR_SUCCESS && !content(unready),
       "a temporary file that cannot be renamed is deleted");
    rmdir(there);
    ok(um_atomic_file_rename(pool, file, unready) == APR_SUCCESS && content(unready) && !content(file),
       "a file can be renamed");
    ok(APR_STATUS_IS_ENOENT(um_atomic_file_rename(pool, file, unready)),
       "renaming a file that does not exist is told as such");
    unlink(unready);
}

/* As on a full disk. */
static void test_full(void)
{
    const char *file = in_folder("made"), *unready = in_folder(".made.new");
    struct rlimit was, small;
    apr_status_t one, two;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    small = was;
    small.rlim_cur = 2;
    setrlimit(RLIMIT_FSIZE, &small);
    one = um_atomic_file_create(pool, file, "more than two", 13);
    two = um_atomic_file_put(pool, unready, file, "more than two", 13);
    setrlimit(RLIMIT_FSIZE, &was);
    ok(one != APR_SUCCESS && two != APR_SUCCESS, "no room for all of it");
    ok(!content(file) && !content(unready), "half of a file is not left");
    is_int(um_atomic_file_create(pool, file, "more than two", 13), APR_SUCCESS, "with room again the file is created");
    unlink(file);
}

int main(void)
{
    const char *parent = NULL;
    char *made;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    apr_temp_dir_get(&parent, pool);
    made = apr_pstrcat(pool, parent, "/test_atomic_file.XXXXXX", NULL);
    folder = mkdtemp(made);
    if (!folder) {
        perror(made);
        return 1;
    }
    test_create();
    test_put();
    test_full();
    ok(chdir("/") == 0 && rmdir(folder) == 0, "no file is left behind");
    apr_pool_destroy(pool);
    return tap_done();
}
