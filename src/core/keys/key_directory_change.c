/* SPDX-License-Identifier: Apache-2.0 */
#include "keys_private.h"

#include "jwk.h"
#include "secret_file.h"

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_NAME ".new"
#define LOCK_NAME ".lock"
#define LOCK_TRIES 30
#define LOCK_STEP apr_time_from_msec(100)

/* --- the content of the directory --- */

const um_key_directory_file_t *um_key_directory_file(const um_key_directory_t *dir, int i)
{
    return &APR_ARRAY_IDX(dir->files, i, um_key_directory_file_t);
}

apr_time_t um_key_directory_key_since(const um_key_directory_t *dir, int i)
{
    return um_key_directory_since(um_key_directory_file(dir, i), dir->now);
}

int um_key_directory_can_sign(const um_key_directory_t *dir, int i, um_key_state_e state)
{
    return um_key_directory_file(dir, i)->state == state && um_jwk_can_sign(dir->keys[i]);
}

apr_status_t um_key_directory_fail(um_key_directory_t *dir, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    dir->why = apr_pvsprintf(dir->pool, format, args);
    va_end(args);
    return APR_EGENERAL;
}

void um_key_directory_report(um_key_directory_t *dir, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (dir->report) {
        APR_ARRAY_PUSH(dir->report, const char *) = apr_pvsprintf(dir->report->pool, format, args);
    }
    va_end(args);
}

static apr_status_t read_directory(um_key_directory_t *dir)
{
    const char *why = NULL;
    apr_status_t rv;

    dir->signing = -1;
    rv = um_key_directory_list(dir->pool, dir->path, &dir->files, &why);
    if (rv != APR_SUCCESS && !APR_STATUS_IS_ENOENT(rv)) {
        return um_key_directory_fail(dir, "%s", why);
    }
    dir->keys = apr_pcalloc(dir->pool, sizeof(um_jwk_t *) * (apr_size_t)(dir->files->nelts + 1));
    for (int i = 0; i < dir->files->nelts; i++) {
        const um_key_directory_file_t *file = um_key_directory_file(dir, i);

        if (um_jwk_read(dir->pool, file->path, &dir->keys[i], &why) != APR_SUCCESS) {
            dir->keys[i] = NULL;
            if (file->state != UM_KEY_RETIRED) {
                return um_key_directory_fail(dir, "%s: %s", file->path, why);
            }
        }
        else if (um_key_directory_can_sign(dir, i, UM_KEY_IN_USE)) {
            dir->signing = i;
        }
    }
    return APR_SUCCESS;
}

/* --- changes; after each the directory is read again --- */

static const char *path_of(const um_key_directory_t *dir, const char *name)
{
    return apr_pstrcat(dir->pool, dir->path, "/", name, NULL);
}

static apr_status_t rename_file(um_key_directory_t *dir, const char *from, const char *to)
{
    const char *why = NULL;

    if (um_secret_file_rename(dir->pool, path_of(dir, from), path_of(dir, to), &why) != APR_SUCCESS) {
        return um_key_directory_fail(dir, "%s %s", path_of(dir, from), why);
    }
    return read_directory(dir);
}

/* Gives a file that we have just made the group of the directory. The group gets the rights in wanted that it has to
 * the directory, and none if everybody has rights to the directory. This uses the descriptor, because whoever may write
 * to the directory may replace the name. The owner stays: root has become the owner of the directory before. */
static void adopt(const um_key_directory_t *dir, int fd, mode_t wanted)
{
    struct stat directory, file;

    if (stat(dir->path, &directory) != 0 || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_nlink != 1
        || file.st_uid != geteuid()) {
        return;
    }
    if (file.st_gid != directory.st_gid && fchown(fd, (uid_t)-1, directory.st_gid) != 0) {
        return;         /* the file stays readable for its owner only */
    }
    wanted &= directory.st_mode & S_IRWXO ? 0 : directory.st_mode;
    if (wanted) {
        (void)fchmod(fd, S_IRUSR | S_IWUSR | wanted);
    }
}

static void adopt_file(const um_key_directory_t *dir, const char *path, mode_t wanted)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0) {
        adopt(dir, fd, wanted);
        close(fd);
    }
}

/* The key is written under another name first, so that no reader of the directory ever sees a part of it. */
apr_status_t um_key_directory_create_key(um_key_directory_t *dir, const char *alg, um_key_state_e state,
                                         const char **file)
{
    const char *path = path_of(dir, NEW_NAME), *why = NULL;
    const char *ending = strcmp(alg, "HS256") == 0 ? ".jwk" : ".pem";
    const char *name = apr_psprintf(dir->pool, "%06d-%s%s", (int)apr_time_usec(dir->now), alg, ending);

    name = um_key_directory_name(dir->pool, name, state, dir->now);
    (void)apr_file_remove(path, dir->pool);
    if (um_jwk_create(dir->pool, alg, path, &why) != APR_SUCCESS) {
        return um_key_directory_fail(dir, "%s: %s", path, why);
    }
    adopt_file(dir, path, S_IRGRP);
    *file = path_of(dir, name);
    return rename_file(dir, NEW_NAME, name);
}

/* --- times in names --- */

/* The times that the names of the keys in that state get, by index; 0 for keys in another state. The order of the names
 * stays: a name with a time keeps it, and names without get times in between. */
static apr_time_t *name_times(const um_key_directory_t *dir, um_key_state_e state)
{
    apr_time_t *times = apr_pcalloc(dir->pool, sizeof(*times) * (apr_size_t)(dir->files->nelts + 1));
    const apr_time_t second = apr_time_from_sec(1);
    apr_time_t beside = 0;

    for (int i = 0; i < dir->files->nelts; i++) {
        if (um_key_directory_can_sign(dir, i, state)) {
            times[i] = um_key_directory_key_since(dir, i);
            if (!um_key_directory_has_time(um_key_directory_file(dir, i), dir->now) && times[i] < beside + second) {
                times[i] = beside + second;
            }
            beside = times[i];
        }
    }
    for (int i = dir->files->nelts - 1; i >= 0; i--) {
        if (um_key_directory_can_sign(dir, i, state)) {
            if (!um_key_directory_has_time(um_key_directory_file(dir, i), dir->now) && times[i] > beside - second) {
                times[i] = beside - second;
            }
            beside = times[i];
        }
    }
    return times;
}

/* Gives one key in that state a name with a time; returns 0 when all have one, or on failure (*rv). The last key in use
 * signs, and must stay the last after each rename. So the key that signs is renamed first if its name moves up, and
 * last if it does not. */
static int add_time(um_key_directory_t *dir, um_key_state_e state, apr_status_t *rv)
{
    const apr_time_t *times = name_times(dir, state);
    const char *from = NULL, *to = NULL;

    for (int i = 0; i < dir->files->nelts; i++) {
        const um_key_directory_file_t *file = um_key_directory_file(dir, i);
        const char *name;

        if (!times[i] || um_key_directory_has_time(file, dir->now)) {
            continue;
        }
        name = um_key_directory_name(dir->pool, file->name, state, times[i]);
        if (!from || (i == dir->signing && strcmp(name, file->name) > 0)) {
            from = file->name;
            to = name;
        }
    }
    if (!from) {
        return 0;
    }
    um_key_directory_report(dir, "%s is renamed to %s: the time in the name says since when the key has its state",
                            from, to);
    *rv = rename_file(dir, from, to);
    return *rv == APR_SUCCESS;
}

apr_status_t um_key_directory_add_times(um_key_directory_t *dir)
{
    apr_status_t rv = APR_SUCCESS;
    int most = dir->files->nelts;

    while (most-- > 0 && (add_time(dir, UM_KEY_IN_USE, &rv)
                          || (rv == APR_SUCCESS && add_time(dir, UM_KEY_NEXT, &rv)))) {
        continue;
    }
    return rv;
}

/* --- from one state to the next --- */

apr_status_t um_key_directory_activate(um_key_directory_t *dir, int next)
{
    const char *from = um_key_directory_file(dir, next)->name, *kid = um_jwk_kid(dir->keys[next]);
    apr_time_t stamp = dir->now, old = dir->signing < 0 ? 0 : um_key_directory_key_since(dir, dir->signing);
    const char *name;

    /* Names have a resolution of one second, and the clock of another node may be ahead. */
    if (stamp < old + apr_time_from_sec(1)) {
        stamp = old + apr_time_from_sec(1);
    }
    name = um_key_directory_name(dir->pool, from, UM_KEY_IN_USE, stamp);
    if (rename_file(dir, from, name) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    um_key_directory_report(dir, "%s signs from now on: %s", kid, name);
    return APR_SUCCESS;
}

apr_status_t um_key_directory_retire(um_key_directory_t *dir, int i)
{
    const char *from = um_key_directory_file(dir, i)->name, *kid = um_jwk_kid(dir->keys[i]);
    const char *name = um_key_directory_name(dir->pool, from, UM_KEY_RETIRED, 0);

    if (rename_file(dir, from, name) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    um_key_directory_report(dir, "%s is retired: %s", kid, name);
    return APR_SUCCESS;
}

/* --- the lock --- */

/* A link, or a file that has another name too, is not opened: it could be the file of anybody. */
static apr_status_t open_lock(um_key_directory_t *dir, const char *path)
{
    const int how = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = open(path, how | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    int is_new = fd >= 0;
    struct stat info;
    apr_status_t rv;

    if (fd < 0 && errno == EEXIST) {
        fd = open(path, how);
    }
    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1) {
        close(fd);
        return APR_EINVAL;
    }
    if (is_new) {
        adopt(dir, fd, S_IRGRP | S_IWGRP);
    }
    rv = apr_os_file_put(&dir->lock, &fd, APR_FOPEN_WRITE, dir->pool);
    if (rv != APR_SUCCESS) {
        close(fd);
    }
    return rv;
}

/* The system releases this lock when the process that holds it ends. On NFS it works across nodes. */
apr_status_t um_key_directory_open(um_key_directory_t *dir)
{
    const char *path = path_of(dir, LOCK_NAME);
    apr_status_t rv = open_lock(dir, path);
    char text[120];

    if (rv != APR_SUCCESS) {
        dir->lock = NULL;
        return um_key_directory_fail(dir, "%s cannot be written: %s", path, apr_strerror(rv, text, sizeof(text)));
    }
    for (int i = 0; i < LOCK_TRIES; i++) {
        rv = apr_file_lock(dir->lock, APR_FLOCK_EXCLUSIVE | APR_FLOCK_NONBLOCK);
        if (rv == APR_SUCCESS) {
            return read_directory(dir);
        }
        apr_sleep(LOCK_STEP);
    }
    dir->why = apr_psprintf(dir->pool, "another process has been changing keys in %s for some seconds (it holds the "
                            "lock %s): %s", dir->path, path, apr_strerror(rv, text, sizeof(text)));
    return APR_EBUSY;
}

void um_key_directory_close(um_key_directory_t *dir)
{
    if (dir->lock) {
        apr_file_close(dir->lock);
        dir->lock = NULL;
    }
}
