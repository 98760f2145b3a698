/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into a server of the tests: the disk is full as long as the file exists that the environment names in
 * UM_TEST_FULL. Files whose path contains UM_TEST_FULL_PATH do not grow then; what they have can be overwritten, as on a
 * real disk. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_full(int fd, off_t end)
{
    const char *flag = getenv("UM_TEST_FULL"), *part = getenv("UM_TEST_FULL_PATH");
    char link[32], path[4096];
    struct stat info;
    ssize_t length;

    if (!flag || !part || access(flag, F_OK) != 0) {
        return 0;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    if (length < 0) {
        return 0;
    }
    path[length] = '\0';
    return strstr(path, part) && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && end > info.st_size;
}

static int refuse(void)
{
    errno = ENOSPC;
    return -1;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) { \
        *(void **)&real = dlsym(RTLD_NEXT, #name); \
    }

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    REAL(pwrite)
    return is_full(fd, at + (off_t)size) ? refuse() : real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    REAL(pwrite64)
    return is_full(fd, (off_t)at + (off_t)size) ? refuse() : real(fd, data, size, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    off_t end = at;
    REAL(pwritev)

    for (int i = 0; i < count; i++) {
        end += (off_t)parts[i].iov_len;
    }
    return is_full(fd, end) ? refuse() : real(fd, parts, count, at);
}

ssize_t write(int fd, const void *data, size_t size)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    REAL(write)

    return at >= 0 && is_full(fd, at + (off_t)size) ? refuse() : real(fd, data, size);
}

int posix_fallocate(int fd, off_t at, off_t size)
{
    REAL(posix_fallocate)
    return is_full(fd, at + size) ? ENOSPC : real(fd, at, size);
}

int ftruncate(int fd, off_t size)
{
    REAL(ftruncate)
    return is_full(fd, size) ? refuse() : real(fd, size);
}
