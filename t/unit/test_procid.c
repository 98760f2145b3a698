/* SPDX-License-Identifier: Apache-2.0 */
#include "procid.h"
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void *rest(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

/* A child that tells its own number and then stays, with or without its first thread. */
static pid_t start_child(int keep_first_thread, apr_uint64_t *id)
{
    int ends[2];
    pid_t pid;
    pthread_t thread;

    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        return -1;
    }
    if (pid == 0) {
        apr_uint64_t self = um_procid_self();

        if (!keep_first_thread) {
            pthread_create(&thread, NULL, rest, NULL);
        }
        if (write(ends[1], &self, sizeof(self)) != sizeof(self)) {
            _exit(1);
        }
        if (!keep_first_thread) {
            pthread_exit(NULL);
        }
        rest(NULL);
    }
    if (read(ends[0], id, sizeof(*id)) != sizeof(*id)) {
        *id = 0;
    }
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static void test_life(int keep_first_thread, const char *kind)
{
    siginfo_t ended;
    apr_uint64_t id = 0;
    pid_t pid = start_child(keep_first_thread, &id);

    if (!ok(pid > 0 && um_procid_pid(id) == (apr_uint32_t)pid, "%s: its number holds its pid", kind)) {
        return;
    }
    usleep(50000);
    ok(!um_procid_is_gone(id), "%s: there while it lives", kind);
    ok(!um_procid_is_gone(id & ~APR_UINT64_C(0xffffffff)), "%s: there when its start is not known", kind);
    if (access("/proc/self/stat", R_OK) == 0) {
        ok(um_procid_is_gone(id ^ 1), "%s: a process of the same pid that started at another time is gone", kind);
    }
    kill(pid, SIGSTOP);
    ok(!um_procid_is_gone(id), "%s: there when stopped", kind);
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT);
    if (access("/proc/self/stat", R_OK) == 0) {
        ok(um_procid_is_gone(id), "%s: gone when killed, before anybody waits for it", kind);
    }
    waitpid(pid, NULL, 0);
    ok(um_procid_is_gone(id), "%s: gone when waited for", kind);
}

int main(void)
{
    apr_uint64_t self = um_procid_self();

    is_int(um_procid_pid(self), getpid(), "own pid");
    ok(self == um_procid_self(), "the same number each time");
    ok(!um_procid_is_gone(self), "we are there");
    ok(!um_procid_is_gone(APR_UINT64_C(1) << 32), "so is the first process, whoever may look into it");
    ok(um_procid_is_gone(0) && um_procid_is_gone(~APR_UINT64_C(0)), "numbers that no process has are of nobody");
    test_life(1, "a process");
    test_life(0, "a process without its first thread");
    return tap_done();
}
