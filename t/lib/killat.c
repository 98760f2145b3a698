/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the program usermgmt: something happens at the statement whose number UM_TEST_KILL_AT names, or at each
 * whose number UM_TEST_KILL_EVERY divides. UM_TEST_KILL_HOW says what:
 *     kill       the program is killed before it sends the statement (the default)
 *     terminate  PostgreSQL terminates the session before the statement
 *     lost       PostgreSQL has executed the statement, and the connection is lost before the program gets the answer
 * The last two are told on the standard error.
 * Statements of SQLite are counted where they are executed; of PostgreSQL those that are sent as text, which are BEGIN,
 * COMMIT and what changes the schema. With UM_TEST_KILL_CHANGES set, only COMMIT and those that change the schema; with
 * UM_TEST_KILL_COMMITS set, only COMMIT; with UM_TEST_KILL_STEPS set, only the COMMIT of a step. Nothing is written through
 * to the disk: what a killed program has written, the system has. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_now(void)
{
    static int number;
    const char *at = getenv("UM_TEST_KILL_AT"), *every = getenv("UM_TEST_KILL_EVERY");

    number++;
    return (at && number == atoi(at)) || (every && number % atoi(every) == 0);
}

static int is_how(const char *how)
{
    const char *wanted = getenv("UM_TEST_KILL_HOW");

    return strcmp(wanted ? wanted : "kill", how) == 0;
}

static int is_wanted(const char *text)
{
    static const char *const others[] = { "BEGIN", "ROLLBACK", "set ", "select " };
    static int is_step;

    if (getenv("UM_TEST_KILL_COMMITS")) {
        return strcmp(text, "COMMIT") == 0;
    }
    if (getenv("UM_TEST_KILL_STEPS")) {
        is_step = strcmp(text, "BEGIN") != 0 && (is_step || strstr(text, "insert into um_schema"));
        return is_step && strcmp(text, "COMMIT") == 0;
    }
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
    void (*clear)(void *) = (void (*)(void *))dlsym(RTLD_NEXT, "PQclear");
    int (*socket_of)(const void *) = (int (*)(const void *))dlsym(RTLD_NEXT, "PQsocket");

    if (!is_wanted(text) || !is_now()) {
        return real(connection, text);
    }
    if (!is_how("kill")) {
        fprintf(stderr, "killat: %.60s\n", text);
    }
    if (is_how("lost")) {
        clear(real(connection, text));
        shutdown(socket_of(connection), SHUT_RDWR);
    }
    else if (is_how("terminate")) {
        clear(real(connection, "select pg_terminate_backend(pg_backend_pid())"));
    }
    else {
        kill(getpid(), SIGKILL);
    }
    return real(connection, text);
}

int sqlite3_step(void *statement)
{
    int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "sqlite3_step");

    if (is_now()) {
        kill(getpid(), SIGKILL);
    }
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
