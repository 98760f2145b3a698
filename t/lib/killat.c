/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the program usermgmt: it is killed before it sends the statement of that number, which the environment
 * names in UM_TEST_KILL_AT. Statements of SQLite are counted where they are executed; of PostgreSQL those that are sent
 * as text, which are BEGIN, COMMIT and what changes the schema. With UM_TEST_KILL_CHANGES set, only COMMIT and those that
 * change the schema. Nothing is written through to the disk: what a killed program has written, the system has. */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void count(void)
{
    static int number;
    const char *at = getenv("UM_TEST_KILL_AT");

    if (at && ++number == atoi(at)) {
        kill(getpid(), SIGKILL);
    }
}

static int is_wanted(const char *text)
{
    static const char *const others[] = { "BEGIN", "ROLLBACK", "set ", "select " };

    for (unsigned i = 0; getenv("UM_TEST_KILL_CHANGES") && i < sizeof(others) / sizeof(others[0]); i++) {
        if (strncmp(text, others[i], strlen(others[i])) == 0) {
            return 0;
        }
    }
    return 1;
}

void *PQexec(void *connection, const char *text)
{
    void *(*real)(void *, const char *) = (void *(*)(void *, const char *))dlsym(RTLD_NEXT, "PQexec");

    if (is_wanted(text)) {
        count();
    }
    return real(connection, text);
}

int sqlite3_step(void *statement)
{
    int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "sqlite3_step");

    count();
    return real(statement);
}

int fsync(int fd)
{
    return fd < 0;
}

int fdatasync(int fd)
{
    return fd < 0;
}
