/* SPDX-License-Identifier: Apache-2.0 */
#include "procid.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Places in /proc/<pid>/stat, counted from the state, which follows the name in parentheses. */
#define THREADS 17
#define STARTED 19

typedef struct stat_t {
    char state;
    unsigned long threads;
    apr_uint32_t started;
} stat_t;

static int read_stat(const char *path, stat_t *found)
{
    char line[1024], *field;
    int file = open(path, O_RDONLY | O_CLOEXEC), i;
    ssize_t len = file < 0 ? -1 : read(file, line, sizeof(line) - 1);

    if (file >= 0) {
        close(file);
    }
    if (len <= 0) {
        return 0;
    }
    line[len] = '\0';
    /* The name may hold blanks and parentheses itself: its end is the last one. */
    field = strrchr(line, ')');
    if (!field || field[1] != ' ') {
        return 0;
    }
    field += 2;
    found->state = *field;
    for (i = 0; field && i <= STARTED; i++) {
        if (i == THREADS) {
            found->threads = strtoul(field, NULL, 10);
        }
        if (i == STARTED) {
            found->started = (apr_uint32_t)strtoull(field, NULL, 10);
            return 1;
        }
        field = strchr(field, ' ');
        field = field ? field + 1 : NULL;
    }
    return 0;
}

apr_uint64_t um_procid_self(void)
{
    stat_t stat = {0, 0, 0};

    if (!read_stat("/proc/self/stat", &stat)) {
        stat.started = 0;
    }
    return (apr_uint64_t)(apr_uint32_t)getpid() << 32 | stat.started;
}

apr_uint32_t um_procid_pid(apr_uint64_t id)
{
    return (apr_uint32_t)(id >> 32);
}

int um_procid_is_gone(apr_uint64_t id)
{
    apr_uint32_t pid = um_procid_pid(id), started = (apr_uint32_t)id;
    char path[32];
    stat_t stat;

    /* kill() with 0 or less would ask for groups: numbers that no process has. */
    if (pid == 0 || pid > 0x7fffffff || (kill((pid_t)pid, 0) != 0 && errno == ESRCH)) {
        return 1;
    }
    snprintf(path, sizeof(path), "/proc/%u/stat", (unsigned)pid);
    if (!read_stat(path, &stat)) {
        return 0;
    }
    /* The first thread of a process can end before the others: that alone is no death. */
    if ((stat.state == 'Z' || stat.state == 'X') && stat.threads <= 1) {
        return 1;
    }
    return started != 0 && stat.started != started;
}
