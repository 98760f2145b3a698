/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <apr_strings.h>
#include <errno.h>
#include <mpm_common.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *read_all(apr_pool_t *pool, int from)
{
    char text[1024];
    apr_size_t len = 0;
    ssize_t count;

    while (len < sizeof(text) - 1 && ((count = read(from, text + len, sizeof(text) - 1 - len)) > 0
                                      || (count < 0 && errno == EINTR))) {
        len += count > 0 ? (apr_size_t)count : 0;
    }
    return apr_pstrmemdup(pool, text, len);
}

int um_as_user_run(apr_pool_t *ptemp, server_rec *s, um_as_user_fn *work, const void *baton, const char **answer)
{
    int ends[2], status = 1;
    pid_t child;

    *answer = "no process could be created for it";
    if (pipe(ends) != 0) {
        return 0;
    }
    child = fork();
    if (child == 0) {
        const char *why = "the process could not change to httpd's user";
        const char *done = ap_run_drop_privileges(ptemp, s) == OK ? work(ptemp, baton, &why) : NULL;
        const char *text = done ? done : why ? why : "no reason was given";

        _exit(write(ends[1], text, strlen(text)) < 0 || !done ? 1 : 0);
    }
    close(ends[1]);
    if (child > 0) {
        *answer = read_all(ptemp, ends[0]);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
            continue;
        }
    }
    close(ends[0]);
    return child > 0 && status == 0;
}
