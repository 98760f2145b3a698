/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_private.h"
#include "monotonic.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_strings.h>
#include <apr_tables.h>

#define DEFAULT "/usr/sbin/sendmail -i"
#define STEP 50         /* ms between two looks at a program whose standard error is open */
#define CLOSED_STEP 2   /* ms between two looks at a program that has closed it: it mostly ends at once */
#define GRACE 500       /* ms that a program may take to end after SIGTERM */

#define SHELL_REFUSED 126   /* a shell script's command cannot be executed */
#define SHELL_MISSED 127    /* a shell script's command was not found */

static const struct {
    int code;
    um_transport_e verdict;
    const char *what;
} codes[] = {
    { EX_USAGE, UM_TRANSPORT_DOWN, "usage" },
    { EX_DATAERR, UM_TRANSPORT_NEVER, "data" },
    { EX_NOUSER, UM_TRANSPORT_NEVER, "no such user" },
    { EX_NOHOST, UM_TRANSPORT_NEVER, "no such host" },
    { EX_UNAVAILABLE, UM_TRANSPORT_LATER, "unavailable" },
    { EX_SOFTWARE, UM_TRANSPORT_DOWN, "internal error" },
    { EX_OSERR, UM_TRANSPORT_DOWN, "system error" },
    { EX_OSFILE, UM_TRANSPORT_DOWN, "system file" },
    { EX_CANTCREAT, UM_TRANSPORT_DOWN, "cannot create" },
    { EX_IOERR, UM_TRANSPORT_DOWN, "input or output" },
    { EX_TEMPFAIL, UM_TRANSPORT_LATER, "try again later" },
    { EX_PROTOCOL, UM_TRANSPORT_LATER, "protocol" },
    { EX_NOPERM, UM_TRANSPORT_DOWN, "no permission" },
    { EX_CONFIG, UM_TRANSPORT_DOWN, "configuration" },
    { SHELL_REFUSED, UM_TRANSPORT_DOWN, "cannot be executed" },
    { SHELL_MISSED, UM_TRANSPORT_DOWN, "command not found" },
};

/* A running program and what it wrote to standard error. */
typedef struct run_t {
    um_transport_mail_t *mail;
    pid_t pid;
    int err;                   /* our end of the pipe behind its standard error; -1: the program has closed its end */
    char said[256];
    apr_size_t len;
    const char *cut;           /* why we ended it; NULL: we did not */
} run_t;

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* The message with LF for CRLF, and its length. A sendmail program takes a Unix text and makes SMTP's line ends itself.
 * Given CRLF, dma, nullmailer and others make CR CR LF, which mail readers do not understand. */
static const char *unix_text(const um_transport_mail_t *mail, apr_size_t *len)
{
    char *text = apr_palloc(mail->pool, mail->len);

    *len = 0;
    for (apr_size_t i = 0; i < mail->len; ++i) {
        if (mail->bytes[i] != '\r' || i + 1 == mail->len || mail->bytes[i + 1] != '\n') {
            text[(*len)++] = mail->bytes[i];
        }
    }
    return text;
}

/* A file in memory with the message. Writing into a pipe would block when the program does not read, and a file on the
 * disk would leave a token there. */
static int put_message(const um_transport_mail_t *mail)
{
    int fd = memfd_create("mail", MFD_CLOEXEC), error = 0;
    apr_size_t done = 0, len;
    const char *text = unix_text(mail, &len);
    ssize_t count;

    while (fd >= 0 && !error && done < len) {
        count = write(fd, text + done, len - done);
        if (count > 0) {
            done += (apr_size_t)count;
        }
        else if (errno != EINTR) {
            error = errno;
        }
    }
    if (fd >= 0 && (error || lseek(fd, 0, SEEK_SET) < 0)) {
        error = error ? error : errno;
        close_fd(&fd);
        errno = error;
    }
    return fd;
}

/* posix_spawn, because after a fork of a process with threads hardly any function may be called before exec. The
 * program gets a process group of its own, so that a kill also ends what it has started, and the default handling of
 * signals, because httpd ignores some. */
static int spawn(run_t *run, char *const *args, int in, int err)
{
    /* Not httpd's environment, which may hold anything. */
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
    char *const environment[] = { path, locale, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t signals;
    int error;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    posix_spawnattr_init(&attr);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attr, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attr, &signals);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = posix_spawn(&run->pid, args[0], &files, &attr, args, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return error;
}

/* Starts the program. 0, or the system's error. */
static int start(const apr_array_header_t *command, run_t *run)
{
    apr_array_header_t *args = apr_array_copy(run->mail->pool, command);
    int ends[2] = { -1, -1 }, in = put_message(run->mail), error;

    APR_ARRAY_PUSH(args, const char *) = "-f";
    APR_ARRAY_PUSH(args, const char *) = run->mail->from;
    APR_ARRAY_PUSH(args, const char *) = "--";
    APR_ARRAY_PUSH(args, const char *) = run->mail->to;
    APR_ARRAY_PUSH(args, const char *) = NULL;
    error = in < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0 ? errno : 0;
    if (!error) {
        /* Programs expect that a write to standard error blocks. */
        error = fcntl(ends[1], F_SETFL, 0) < 0 ? errno : spawn(run, (char *const *)args->elts, in, ends[1]);
    }
    close_fd(&in);
    close_fd(&ends[1]);
    run->err = ends[0];
    if (error) {
        close_fd(&run->err);
    }
    return error;
}

/* Reads what the program writes; waits up to wait ms for it. What does not fit is dropped. */
static void read_error_text(run_t *run, int wait)
{
    struct pollfd pipe_end = { run->err, POLLIN, 0 };
    char said[512];
    apr_size_t take, room = sizeof(run->said) - 1 - run->len;
    ssize_t count;

    /* A program that has closed its end may still run, though mostly it ends at once. */
    if (poll(&pipe_end, 1, run->err < 0 && wait > CLOSED_STEP ? CLOSED_STEP : wait) <= 0) {
        return;
    }
    count = read(run->err, said, sizeof(said));
    if (count > 0) {
        take = (apr_size_t)count < room ? (apr_size_t)count : room;
        memcpy(run->said + run->len, said, take);
        run->len += take;
    }
    else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_fd(&run->err);
    }
}

/* waitpid, repeated when a signal interrupts it. */
static pid_t reap(const run_t *run, int *status, int how)
{
    pid_t pid;

    do {
        pid = waitpid(run->pid, status, how);
    } while (pid < 0 && errno == EINTR);
    return pid;
}

/* Waits for the program; ends it when the time is over or stop is set. Leaves no zombie. 0, or the system's error. */
static int wait_for(run_t *run, int timeout, int *status)
{
    apr_int64_t deadline = um_monotonic_ms() + (apr_int64_t)timeout * 1000;
    const atomic_int *stop = run->mail->stop;
    pid_t pid;

    while ((pid = reap(run, status, WNOHANG)) == 0) {
        read_error_text(run, STEP);
        if (!run->cut && ((stop && *stop) || um_monotonic_ms() >= deadline)) {
            run->cut = stop && *stop ? "stopped" : "timed out";
            kill(-run->pid, SIGTERM);
            deadline = um_monotonic_ms() + GRACE;
        }
        else if (run->cut && um_monotonic_ms() >= deadline) {
            kill(-run->pid, SIGKILL);
            pid = reap(run, status, 0);
            break;
        }
    }
    if (pid >= 0 && run->err >= 0) {
        read_error_text(run, 0);
    }
    close_fd(&run->err);
    return pid < 0 ? errno : 0;
}

static um_transport_e judge_exit(run_t *run, int status)
{
    apr_pool_t *pool = run->mail->pool;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    um_transport_e verdict = UM_TRANSPORT_LATER;
    const char *what = "", *colon;
    apr_size_t i;

    run->said[run->len] = '\0';
    colon = run->len ? ": " : "";
    if (code == 0) {
        run->mail->why = "accepted by the mail program";
        return UM_TRANSPORT_SENT;
    }
    if (run->cut || code < 0) {
        what = run->cut ? run->cut : "was killed";
        run->mail->why = apr_pstrcat(pool, "the mail program ", what, colon, run->said, NULL);
        return UM_TRANSPORT_LATER;
    }
    for (i = 0; i < sizeof(codes) / sizeof(*codes); ++i) {
        if (codes[i].code == code) {
            verdict = codes[i].verdict;
            what = apr_pstrcat(pool, " (", codes[i].what, ")", NULL);
        }
    }
    run->mail->why = apr_psprintf(pool, "the mail program ended with %d%s%s%s", code, what, colon, run->said);
    return verdict;
}

static um_transport_e send_by_program(um_transport_t *t, um_transport_mail_t *mail)
{
    run_t run = { .mail = mail, .err = -1 };
    int status, error = start(t->own, &run);

    if (error) {
        mail->why = um_transport_reason(mail->pool, "the mail program could not be started", error);
        return UM_TRANSPORT_DOWN;
    }
    error = wait_for(&run, t->o.timeout, &status);
    if (error) {
        /* It may have taken the message. Sending it twice is better than not at all. */
        mail->why = um_transport_reason(mail->pool, "the exit status of the mail program is unknown", error);
        return UM_TRANSPORT_LATER;
    }
    return judge_exit(&run, status);
}

/* The words of text between blanks. */
static apr_array_header_t *split_words(apr_pool_t *pool, const char *text)
{
    apr_array_header_t *words = apr_array_make(pool, 8, sizeof(const char *));
    apr_size_t len;

    for (text += strspn(text, " \t"); *text; text += len, text += strspn(text, " \t")) {
        len = strcspn(text, " \t");
        APR_ARRAY_PUSH(words, const char *) = apr_pstrmemdup(pool, text, len);
    }
    return words;
}

apr_status_t um_transport_sendmail_open(um_transport_t *t, const char *scheme, const char *rest, const char **why)
{
    const apr_int32_t executable = APR_FPROT_UEXECUTE | APR_FPROT_GEXECUTE | APR_FPROT_WEXECUTE;
    apr_array_header_t *command = split_words(t->pool, *rest ? rest : DEFAULT);
    const char *program = command->nelts ? APR_ARRAY_IDX(command, 0, const char *) : "";
    apr_finfo_t info;
    apr_status_t status;

    (void)scheme;
    if (*program != '/') {
        *why = "sendmail: needs the absolute path of a program, as in sendmail:/usr/sbin/sendmail -i";
        return APR_EINVAL;
    }
    status = apr_stat(&info, program, APR_FINFO_TYPE | APR_FINFO_PROT, t->pool);
    if (status != APR_SUCCESS) {
        *why = um_transport_reason(t->pool, program, status);
        return status;
    }
    if (info.filetype != APR_REG || !(info.protection & executable)) {
        *why = apr_pstrcat(t->pool, program, " is not a program", NULL);
        return APR_EINVAL;
    }
    t->own = command;
    t->send = send_by_program;
    return APR_SUCCESS;
}
