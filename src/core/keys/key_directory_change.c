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

/* --- what is there --- */

const um_key_directory_file_t *um_key_directory_file(const um_key_directory_t *work, int i)
{
    return &APR_ARRAY_IDX(work->files, i, um_key_directory_file_t);
}

apr_time_t um_key_directory_key_since(const um_key_directory_t *work, int i)
{
    return um_key_directory_since(um_key_directory_file(work, i), work->now);
}

int um_key_directory_can_sign(const um_key_directory_t *work, int i, um_key_state_e state)
{
    return um_key_directory_file(work, i)->state == state && um_jwk_can_sign(work->keys[i]);
}

apr_status_t um_key_directory_fail(um_key_directory_t *work, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    work->why = apr_pvsprintf(work->pool, format, args);
    va_end(args);
    return APR_EGENERAL;
}

void um_key_directory_report(um_key_directory_t *work, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (work->said) {
        APR_ARRAY_PUSH(work->said, const char *) = apr_pvsprintf(work->said->pool, format, args);
    }
    va_end(args);
}

static apr_status_t read_folder(um_key_directory_t *work)
{
    const char *why = NULL;
    apr_status_t rv;

    work->signing = -1;
    rv = um_key_directory_list(work->pool, work->folder, &work->files, &why);
    if (rv != APR_SUCCESS && !APR_STATUS_IS_ENOENT(rv)) {
        return um_key_directory_fail(work, "%s", why);
    }
    work->keys = apr_pcalloc(work->pool, sizeof(um_jwk_t *) * (apr_size_t)(work->files->nelts + 1));
    for (int i = 0; i < work->files->nelts; i++) {
        const um_key_directory_file_t *file = um_key_directory_file(work, i);

        if (um_jwk_read(work->pool, file->path, &work->keys[i], &why) != APR_SUCCESS) {
            work->keys[i] = NULL;
            if (file->state != UM_KEY_RETIRED) {
                return um_key_directory_fail(work, "%s: %s", file->path, why);
            }
        }
        else if (um_key_directory_can_sign(work, i, UM_KEY_IN_USE)) {
            work->signing = i;
        }
    }
    return APR_SUCCESS;
}

/* --- changes; each leaves work with what is there now --- */

static const char *path_of(const um_key_directory_t *work, const char *name)
{
    return apr_pstrcat(work->pool, work->folder, "/", name, NULL);
}

static apr_status_t rename_file(um_key_directory_t *work, const char *from, const char *to)
{
    const char *why = NULL;

    if (um_secret_file_rename(work->pool, path_of(work, from), path_of(work, to), &why) != APR_SUCCESS) {
        return um_key_directory_fail(work, "%s %s", path_of(work, from), why);
    }
    return read_folder(work);
}

/* A file that we have just made gets the group of its folder, which may do with it what wanted says, as far as the
 * folder is open to the group and closed to everybody else. By the descriptor, for whoever may write in the folder may
 * put something else under the name; and no owner is given away: who is root becomes the folder's owner before. */
static void adopt(const um_key_directory_t *work, int fd, mode_t wanted)
{
    struct stat folder, file;

    if (stat(work->folder, &folder) != 0 || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_nlink != 1
        || file.st_uid != geteuid()) {
        return;
    }
    if (file.st_gid != folder.st_gid && fchown(fd, (uid_t)-1, folder.st_gid) != 0) {
        return;         /* it stays as closed as it was made */
    }
    wanted &= folder.st_mode & S_IRWXO ? 0 : folder.st_mode;
    if (wanted) {
        (void)fchmod(fd, S_IRUSR | S_IWUSR | wanted);
    }
}

static void adopt_file(const um_key_directory_t *work, const char *path, mode_t wanted)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0) {
        adopt(work, fd, wanted);
        close(fd);
    }
}

/* Under another name first, for whoever reads the folder must never see half a key. */
apr_status_t um_key_directory_create_key(um_key_directory_t *work, const char *alg, um_key_state_e state,
                                         const char **file)
{
    const char *path = path_of(work, NEW_NAME), *why = NULL;
    const char *ending = strcmp(alg, "HS256") == 0 ? ".jwk" : ".pem";
    const char *name = apr_psprintf(work->pool, "%06d-%s%s", (int)apr_time_usec(work->now), alg, ending);

    name = um_key_directory_name(work->pool, name, state, work->now);
    (void)apr_file_remove(path, work->pool);
    if (um_jwk_create(work->pool, alg, path, &why) != APR_SUCCESS) {
        return um_key_directory_fail(work, "%s: %s", path, why);
    }
    adopt_file(work, path, S_IRGRP);
    *file = path_of(work, name);
    return rename_file(work, NEW_NAME, name);
}

/* --- times in names --- */

/* The times that the names of keys in that state get, by their numbers; 0: of another state. The order of the names
 * stays: a name with a time keeps it, those without fit in between. */
static apr_time_t *name_times(const um_key_directory_t *work, um_key_state_e state)
{
    apr_time_t *times = apr_pcalloc(work->pool, sizeof(*times) * (apr_size_t)(work->files->nelts + 1));
    const apr_time_t second = apr_time_from_sec(1);
    apr_time_t beside = 0;

    for (int i = 0; i < work->files->nelts; i++) {
        if (um_key_directory_can_sign(work, i, state)) {
            times[i] = um_key_directory_key_since(work, i);
            if (!um_key_directory_has_time(um_key_directory_file(work, i), work->now) && times[i] < beside + second) {
                times[i] = beside + second;
            }
            beside = times[i];
        }
    }
    for (int i = work->files->nelts - 1; i >= 0; i--) {
        if (um_key_directory_can_sign(work, i, state)) {
            if (!um_key_directory_has_time(um_key_directory_file(work, i), work->now) && times[i] > beside - second) {
                times[i] = beside - second;
            }
            beside = times[i];
        }
    }
    return times;
}

/* Gives one key of that state a name with a time; 0: all have one. The last in use signs, and must be the last after
 * each rename: the one that signs is renamed first where that moves it up, and last where it does not. */
static int add_time(um_key_directory_t *work, um_key_state_e state, apr_status_t *rv)
{
    const apr_time_t *times = name_times(work, state);
    const char *from = NULL, *to = NULL;

    for (int i = 0; i < work->files->nelts; i++) {
        const um_key_directory_file_t *file = um_key_directory_file(work, i);
        const char *name;

        if (!times[i] || um_key_directory_has_time(file, work->now)) {
            continue;
        }
        name = um_key_directory_name(work->pool, file->name, state, times[i]);
        if (!from || (i == work->signing && strcmp(name, file->name) > 0)) {
            from = file->name;
            to = name;
        }
    }
    if (!from) {
        return 0;
    }
    um_key_directory_report(work, "%s is called %s from now on, so that its name tells since when", from, to);
    *rv = rename_file(work, from, to);
    return *rv == APR_SUCCESS;
}

apr_status_t um_key_directory_add_times(um_key_directory_t *work)
{
    apr_status_t rv = APR_SUCCESS;
    int most = work->files->nelts;

    while (most-- > 0 && (add_time(work, UM_KEY_IN_USE, &rv)
                          || (rv == APR_SUCCESS && add_time(work, UM_KEY_NEXT, &rv)))) {
        continue;
    }
    return rv;
}

/* --- from one state to the next --- */

apr_status_t um_key_directory_activate(um_key_directory_t *work, int next)
{
    const char *from = um_key_directory_file(work, next)->name, *kid = um_jwk_kid(work->keys[next]);
    apr_time_t stamp = work->now, old = work->signing < 0 ? 0 : um_key_directory_key_since(work, work->signing);
    const char *name;

    /* Names tell seconds; and another node's clock may be ahead. */
    if (stamp < old + apr_time_from_sec(1)) {
        stamp = old + apr_time_from_sec(1);
    }
    name = um_key_directory_name(work->pool, from, UM_KEY_IN_USE, stamp);
    if (rename_file(work, from, name) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    um_key_directory_report(work, "%s signs from now on: %s", kid, name);
    return APR_SUCCESS;
}

apr_status_t um_key_directory_retire(um_key_directory_t *work, int i)
{
    const char *from = um_key_directory_file(work, i)->name, *kid = um_jwk_kid(work->keys[i]);
    const char *name = um_key_directory_name(work->pool, from, UM_KEY_RETIRED, 0);

    if (rename_file(work, from, name) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    um_key_directory_report(work, "%s is retired: %s", kid, name);
    return APR_SUCCESS;
}

/* --- the lock --- */

/* Never through a link, nor a file that has another name: it could be anybody's. */
static apr_status_t open_lock(um_key_directory_t *work, const char *path)
{
    const int how = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int is_new, fd = open(path, how | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    struct stat info;
    apr_status_t rv;

    is_new = fd >= 0;
    if (!is_new && errno == EEXIST) {
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
        adopt(work, fd, S_IRGRP | S_IWGRP);
    }
    rv = apr_os_file_put(&work->lock, &fd, APR_FOPEN_WRITE, work->pool);
    if (rv != APR_SUCCESS) {
        close(fd);
    }
    return rv;
}

/* By a lock of the system's, which ends with the process that holds it, and on NFS counts for other nodes too. */
apr_status_t um_key_directory_open(um_key_directory_t *work)
{
    const char *path = path_of(work, LOCK_NAME);
    apr_status_t rv = open_lock(work, path);
    char text[120];

    if (rv != APR_SUCCESS) {
        work->lock = NULL;
        return um_key_directory_fail(work, "%s cannot be written: %s", path, apr_strerror(rv, text, sizeof(text)));
    }
    for (int i = 0; i < LOCK_TRIES; i++) {
        rv = apr_file_lock(work->lock, APR_FLOCK_EXCLUSIVE | APR_FLOCK_NONBLOCK);
        if (rv == APR_SUCCESS) {
            return read_folder(work);
        }
        apr_sleep(LOCK_STEP);
    }
    work->why = apr_psprintf(work->pool, "somebody else is at work in %s (%s): %s", work->folder, path,
                             apr_strerror(rv, text, sizeof(text)));
    return APR_EBUSY;
}

void um_key_directory_close(um_key_directory_t *work)
{
    if (work->lock) {
        apr_file_close(work->lock);
        work->lock = NULL;
    }
}
