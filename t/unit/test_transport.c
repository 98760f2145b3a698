/* SPDX-License-Identifier: Apache-2.0 */
/* URLs and the files they need; sendmail: and file:; what a log gets to see. SMTP has tests of its own. */
#include "tap.h"
#include "smtpd.h"
#include "transport_private.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))
#define MESSAGE "Subject: x\r\n\r\n.dot\r\nFrom y\r\n"
#define UNIX_MESSAGE "Subject: x\n\n.dot\nFrom y\n"
#define TOKEN "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"

static apr_pool_t *pool;
static const char *folder;

static const char *put(const char *name, const char *text, int mode)
{
    const char *file = apr_pstrcat(pool, folder, "/", name, NULL);
    FILE *out = fopen(file, "w");

    fputs(text, out);
    fclose(out);
    chmod(file, (mode_t)mode);
    return file;
}

static void test_urls(void)
{
    static const struct {
        const char *url;
        int has_login;
        const char *want;                  /* "": good; else what the reason has in it */
    } cases[] = {
        { "smtp://mail.example.org", 0, "" }, { "smtp://mail.example.org:2525", 0, "" }, { "SMTP://mail/", 0, "" },
        { "smtp://192.0.2.1:25", 0, "" }, { "smtp://[2001:db8::1]", 0, "" }, { "smtp://[::1]:25/", 0, "" },
        { "smtps://mail.example.org", 1, "" }, { "smtp+starttls://mail.example.org:587", 1, "" },
        { "smtp://mail.example.org", 1, "in clear text" }, { "smtp://localhost.example.org", 1, "in clear text" },
        { "smtp://127.0.0.1", 1, "" }, { "smtp://LOCALHOST:2525", 1, "" }, { "smtp://[::1]", 1, "" },
        { "smtp://127.0.0.2", 1, "in clear text" }, { "", 0, "none of" }, { "smtp", 0, "none of" },
        { ":", 0, "none of" },
        { "http://mail.example.org", 0, "none of" }, { "smtp+tls://mail.example.org", 0, "none of" },
        { "smtp:mail.example.org", 0, "needs a host" }, { "smtp:/mail", 0, "needs a host" },
        { "smtp://", 0, "needs a host" },
        { "smtps:///x", 0, "needs a host" }, { "smtp://u:p@mail", 0, "holds a login" },
        { "smtp://u@mail:1", 0, "holds a login" },
        { "smtp://mail/x", 0, "behind the host" }, { "smtp://mail:25/?a", 0, "behind the host" },
        { "smtp://mail:", 0, "no host name" }, { "smtp://mail:0", 0, "no host name" },
        { "smtp://mail:65536", 0, "no host name" },
        { "smtp://mail:x", 0, "no host name" }, { "smtp://mail:25x", 0, "no host name" },
        { "smtp://:25", 0, "no host name" },
        { "smtp://ma il", 0, "no host name" }, { "smtp://mail\r\nx", 0, "no host name" },
        { "smtp://ma%20il", 0, "no host name" },
        { "smtp://mail?x", 0, "no host name" }, { "smtp://mail#x", 0, "no host name" },
        { "smtp://2001:db8::1", 0, "no host name" },
        { "smtp://[mail]", 0, "no host name" }, { "smtp://[fe80::1%eth0]", 0, "no host name" },
        { "smtp://[::1", 0, "no host name" },
        { "smtp://m\xc3\xa4il", 0, "no host name" },
        { "sendmail:/bin/true", 0, "" }, { "sendmail:/bin/true  -i -x ", 0, "" }, { "sendmail: /bin/true", 0, "" },
        { "sendmail:/no/such/program", 0, "/no/such/program: No such file" },
        { "sendmail:/etc/passwd", 0, "is not a program" },
        { "sendmail:/etc", 0, "is not a program" }, { "sendmail:-t", 0, "absolute path" },
        { "sendmail:true", 0, "absolute path" },
        { "sendmail: ", 0, "absolute path" },
        { "file:/", 0, "" }, { "file:///tmp", 0, "" },
        { "file:", 0, "absolute path" }, { "file:x", 0, "absolute path" },
        { "file://host/x", 0, "absolute path" }, { "file:/no/such/folder", 0, "/no/such/folder: No such file" },
        { "file:/etc/passwd", 0, "is not a folder" },
    };
    um_transport_options_t o = { NULL, NULL, 10 };
    const char *why, *login = put("login", "user:password\n", 0640);
    apr_status_t status;
    apr_size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        o.login_file = cases[i].has_login ? login : NULL;
        why = "";
        status = um_transport_check(pool, cases[i].url, &o, &why);
        ok(*cases[i].want ? status != APR_SUCCESS && strstr(why, cases[i].want) : status == APR_SUCCESS, "url %d: %s",
           (int)i, *why ? why : "good");
    }
}

static void test_login(void)
{
    static const struct {
        const char *text;
        int mode;
        const char *want;
    } cases[] = {
        { "user:pass", 0600, "user pass" }, { "user:pa:ss \r\n", 0640, "user pa:ss " },
        { "user\npass\n", 0600, "user pass" },
        { "us:er\r\npa:ss\r\n\r\n", 0600, "us:er pa:ss" }, { "user:pass\n\n", 0600, "user pass" },
        { "", 0600, "needs one line" }, { "\n", 0600, "needs one line" }, { "user", 0600, "needs one line" },
        { "user:", 0600, "needs one line" }, { ":pass", 0600, "needs one line" }, { "\npass", 0600, "needs one line" },
        { "user\n\nx", 0600, "more than two" }, { "user\npass\nx", 0600, "more than two" },
        { "user:pass", 0644, "read or written by others" }, { "user:pass", 0602, "read or written by others" },
    };
    char *user, *password;
    const char *why = NULL, *file;
    apr_size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        file = put("login", cases[i].text, cases[i].mode);
        if (um_transport_login_read(pool, file, &user, &password, &why) == APR_SUCCESS) {
            is_text(apr_pstrcat(pool, user, " ", password, NULL), cases[i].want,
                    apr_psprintf(pool, "login %d", (int)i));
        }
        else {
            ok(strstr(why, cases[i].want) && !strstr(why, "pass\n") && !user && !password, "login %d: %s", (int)i, why);
        }
    }
    ok(um_transport_login_read(pool, "/no/such/file", &user, &password, &why) != APR_SUCCESS
       && strstr(why, "No such file"), "no login file: %s", why);
    ok(um_transport_login_check_ca(pool, file, &why) == APR_EINVAL && strstr(why, "no readable certificate"),
       "a file without a certificate is refused: %s", why);
    ok(um_transport_login_check_ca(pool, "/no/such", &why) != APR_SUCCESS && strstr(why, "No such file"),
       "a missing file is refused: %s", why);
}

/* OpenSSL would ask at the terminal, or read a passphrase from standard input, and the start of the server would hang.
 * */
static void test_encrypted_certificate(void)
{
    static const char text[] = "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                               "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                               "AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n";
    const char *file = put("encrypted", text, 0600), *why = NULL;
    int ends[2], before = dup(STDIN_FILENO);
    char left[8] = "";

    ok(pipe(ends) == 0 && write(ends[1], "typed\n", 6) == 6 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO,
       "something is on standard input");
    close(ends[1]);
    ok(um_transport_login_check_ca(pool, file, &why) == APR_EINVAL && strstr(why, "no readable certificate"),
       "a certificate that is encrypted is refused");
    ok(read(STDIN_FILENO, left, sizeof(left) - 1) == 6 && strcmp(left, "typed\n") == 0, "and nobody is asked");
    dup2(before, STDIN_FILENO);
    close(before);
    close(ends[0]);
}

static um_transport_e send_to(const char *url, int timeout, const char *from, const char *to, const atomic_int *stop,
                              const char **why)
{
    um_transport_options_t o = { NULL, NULL, timeout };
    um_transport_t *t;

    *why = "";
    return um_transport_open(pool, url, &o, &t, why) != APR_SUCCESS ? UM_TRANSPORT_DOWN
           : um_transport_send(t, pool, from, to, MESSAGE, sizeof(MESSAGE) - 1, stop, why);
}

static void test_file(void)
{
    const char *mails = smtpd_folder(pool, folder, "mails"), *url = apr_pstrcat(pool, "file:", mails, NULL);
    const char *why, *name = "";
    apr_size_t len;
    int count = 0, i;
    struct dirent *entry;
    struct stat st;
    DIR *dir;

    umask(0);
    for (i = 0; i < 3; ++i) {
        is_int(send_to(url, 1, "a@example.org", "b@example.org", NULL, &why), UM_TRANSPORT_SENT, "the mail is written");
    }
    dir = opendir(mails);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            ++count;
            name = apr_pstrdup(pool, entry->d_name);
        }
        else {
            ok(strspn(entry->d_name, ".") == strlen(entry->d_name), "nothing else is left");
        }
    }
    closedir(dir);
    is_int(count, 3, "a file for each");
    ok(strlen(name) == 22 + 1 + 12 + 4 && name[8] == 'T' && name[22] == '-' && strstr(name, ".eml"),
       "the name of the file has time and id: %s", name);
    is_text(smtpd_file(pool, mails, name, &len), MESSAGE, "the file has the message as it is");
    ok(stat(apr_pstrcat(pool, mails, "/", name, NULL), &st) == 0 && (st.st_mode & 07777) == 0600,
       "the file has mode 0600");
    send_to(url, 1, "", "b@example.org", NULL, &why);
    smtpd_clear(pool, mails);
}

static void test_file_trouble(void)
{
    um_transport_options_t o = { NULL, NULL, 1 };
    const char *mails = smtpd_folder(pool, folder, "mails"), *why;
    struct rlimit before, tight;
    um_transport_e verdict;
    um_transport_t *t;
    DIR *dir;
    int count = 0;

    um_transport_open(pool, apr_pstrcat(pool, "file:", mails, NULL), &o, &t, &why);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    tight = before;
    tight.rlim_cur = 5;
    setrlimit(RLIMIT_FSIZE, &tight);
    verdict = um_transport_send(t, pool, "", "b@example.org", MESSAGE, sizeof(MESSAGE) - 1, NULL, &why);
    setrlimit(RLIMIT_FSIZE, &before);
    ok(verdict == UM_TRANSPORT_DOWN, "a full disk means that the server is down: %s", why);
    dir = opendir(mails);
    while (readdir(dir)) {
        ++count;
    }
    closedir(dir);
    is_int(count, 2, "half of a mail does not stay");
    rmdir(mails);
    ok(um_transport_send(t, pool, "", "b@example.org", MESSAGE, sizeof(MESSAGE) - 1, NULL, &why) == UM_TRANSPORT_DOWN,
       "the folder has gone: %s", why);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *stop_soon(void *stop)
{
    usleep(200000);
    *(atomic_int *)stop = 1;
    return NULL;
}

/* Makes a shell script the mail program. */
static const char *program(const char *lines)
{
    const char *name = apr_psprintf(pool, "program%d", (int)(apr_time_now() % 1000000));

    return apr_pstrcat(pool, "sendmail:", put(name, apr_pstrcat(pool, "#!/bin/sh\n", lines, "\n", NULL), 0755),
                       " -i  -x", NULL);
}

static void test_sendmail(void)
{
    static const struct {
        const char *lines;
        um_transport_e verdict;
        const char *want;
    } cases[] = {
        { "cat >/dev/null; exit 0", UM_TRANSPORT_SENT, "accepted" }, { "exit 0", UM_TRANSPORT_SENT, "accepted" },
        { "exit 75", UM_TRANSPORT_LATER, "ended with 75 (try again later)" },
        { "echo no such user b@example.org >&2; exit 67", UM_TRANSPORT_NEVER,
          "67 (no such user): no such user (address)" },
        { "exit 69", UM_TRANSPORT_LATER, "69" }, { "exit 68", UM_TRANSPORT_NEVER, "68" },
        { "exit 65", UM_TRANSPORT_NEVER, "65" },
        { "exit 78", UM_TRANSPORT_DOWN, "78" }, { "exit 64", UM_TRANSPORT_DOWN, "64" },
        { "exit 77", UM_TRANSPORT_DOWN, "77" },
        { "exit 1", UM_TRANSPORT_LATER, "ended with 1" },
        { "/no/such/program", UM_TRANSPORT_DOWN, "127 (command not found)" },
        { "kill -9 $$", UM_TRANSPORT_LATER, "was killed" }, { "exec >&- 2>&- <&-; exit 0", UM_TRANSPORT_SENT,
                                                             "accepted" },
        { "yes x | head -c 300000 >&2; exit 75", UM_TRANSPORT_LATER, "75 (try again later): x x x x" },
        { "yes x | head -c 300000; exit 0", UM_TRANSPORT_SENT, "accepted" },
        { "test \"$HOME$USER$srcdir\" = ''", UM_TRANSPORT_SENT, "accepted" },
        { "kill -PIPE $$", UM_TRANSPORT_LATER, "was killed" },
    };
    const char *why;
    um_transport_e verdict;
    apr_size_t i, len;

    setenv("srcdir", ".", 0);
    signal(SIGPIPE, SIG_IGN);
    for (i = 0; i < COUNT(cases); ++i) {
        verdict = send_to(program(cases[i].lines), 5, "a@example.org", "b@example.org", NULL, &why);
        ok(verdict == cases[i].verdict && strstr(why, cases[i].want) && strlen(why) <= 200, "%s: %s",
           cases[i].lines, why);
    }
    send_to(program(apr_psprintf(pool, "for i; do echo \"<$i>\"; done >%s/said; cat >>%s/said", folder, folder)), 5, "",
            "-b;id@example.org", NULL, &why);
    ok(strstr(why, "not a valid mail address") != NULL, "a semicolon is in no address");
    send_to(program(apr_psprintf(pool, "for i; do echo \"<$i>\"; done >%s/said; cat >>%s/said", folder, folder)), 5, "",
            "-b$id@example.org", NULL, &why);
    is_text(smtpd_file(pool, folder, "said", &len), "<-i>\n<-x>\n<-f>\n<>\n<-->\n<-b$id@example.org>\n"
            UNIX_MESSAGE, "words and message come whole, with LF for line ends, and no shell sees them");
    ok(send_to("sendmail:/etc/hostname", 1, "", "b@example.org", NULL, &why) == UM_TRANSPORT_DOWN,
       "a missing program means that the server is down: %s", why);
    put("broken", "\x7f" "ELF", 0755);
    verdict = send_to(apr_pstrcat(pool, "sendmail:", folder, "/broken", NULL), 1, "", "b@example.org", NULL, &why);
    ok(verdict == UM_TRANSPORT_DOWN, "a program that cannot run: %s", why);
}

static void test_sendmail_time(void)
{
    atomic_int stop = 0;
    const char *why;
    double start = seconds();
    pthread_t thread;
    um_transport_e verdict = send_to(program("sleep 30"), 1, "", "b@example.org", NULL, &why);

    ok(verdict == UM_TRANSPORT_LATER && strstr(why, "timed out") && seconds() - start < 5,
       "a hanging program: %s", why);
    start = seconds();
    verdict = send_to(program("trap '' TERM; sleep 30; sleep 30"), 1, "", "b@example.org", NULL, &why);
    ok(verdict == UM_TRANSPORT_LATER && strstr(why, "timed out") && seconds() - start < 6,
       "one that does not let go: %s", why);
    start = seconds();
    pthread_create(&thread, NULL, stop_soon, (void *)(apr_uintptr_t)&stop);
    verdict = send_to(program("sleep 30"), 20, "", "b@example.org", &stop, &why);
    pthread_join(thread, NULL);
    ok(verdict == UM_TRANSPORT_LATER && strstr(why, "stopped") && seconds() - start < 4, "told to stop: %s", why);
    start = seconds();
    verdict = send_to(program("(sleep 5) & exit 0"), 20, "", "b@example.org", NULL, &why);
    ok(verdict == UM_TRANSPORT_SENT && seconds() - start < 4,
       "a process that the program left behind is not waited for: %s", why);
    ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no zombie is left");
}

/* What servers and programs say goes into a log without what is nobody's business there. */
static void test_words(void)
{
    static const struct {
        const char *said, *want;
    } cases[] = {
        { "<bob@example.org>: unknown", "(address) unknown" }, { "BOB@Example.org.", "(address)" },
        { "user other@example.net refused", "user (address) refused" },
        { "no user bob here", "no user (address) here" },
        { "'Bob' is unknown", "(address) is unknown" }, { "bobby is known", "bobby is known" },
        { "bob-x kabob", "bob-x kabob" },
        { "token " TOKEN " seen", "token (...) seen" }, { "https://example.org/?t=" TOKEN "&x", "(...)" },
        { "0123456789012345678901234567890 ok", "0123456789012345678901234567890 ok" },
        { "01234567890123456789012345678901 ok", "(...) ok" }, { "  a \t b\r\nc\x01\xc3\xa4" "d ", "a b c d" },
        { "", "" },
    };
    const char *why, *prefix = "the mail program ended with 75 (try again later)", *want, *many = "";
    apr_size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        put("words", cases[i].said, 0600);
        send_to(program(apr_psprintf(pool, "cat %s/words >&2; exit 75", folder)), 5, "", "bob@example.org", NULL, &why);
        want = apr_pstrcat(pool, prefix, *cases[i].want ? ": " : "", cases[i].want, NULL);
        is_text(why, want, apr_psprintf(pool, "words %d", (int)i));
    }
    for (i = 0; i < 60; ++i) {
        many = apr_pstrcat(pool, many, "abc ", NULL);
    }
    put("words", many, 0600);
    send_to(program(apr_psprintf(pool, "cat %s/words >&2; exit 75", folder)), 5, "", "bob@example.org", NULL, &why);
    is_int((long long)strlen(why), 200, "a reason has 200 bytes at the most");
    put("words", "no user a", 0600);
    send_to(program(apr_psprintf(pool, "cat %s/words >&2; exit 75", folder)), 5, "", "a@example.org", NULL, &why);
    ok(strstr(why, "no user a") != NULL, "a name as short as a word is left: %s", why);
}

static void test_addresses(void)
{
    static const struct {
        const char *from, *to;
        um_transport_e verdict;
    } cases[] = {
        { "a@example.org", "b@example.org\r\nRCPT TO:<c@example.org>", UM_TRANSPORT_NEVER },
        { "a@example.org", "b@example.org> <c@example.org", UM_TRANSPORT_NEVER },
        { "a@example.org", "", UM_TRANSPORT_NEVER },
        { "a", "b@example.org", UM_TRANSPORT_DOWN }, { "a@example.org\n", "b@example.org", UM_TRANSPORT_DOWN },
        { "", "b@example.org", UM_TRANSPORT_SENT },
    };
    const char *why;
    apr_size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        is_int(send_to("sendmail:/bin/true", 5, cases[i].from, cases[i].to, NULL, &why), cases[i].verdict,
               apr_psprintf(pool, "address %d", (int)i));
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    folder = smtpd_scratch(pool, "test_transport");
    test_urls();
    test_login();
    test_encrypted_certificate();
    test_file();
    test_file_trouble();
    test_sendmail();
    test_sendmail_time();
    test_words();
    test_addresses();
    smtpd_clear(pool, folder);
    apr_terminate();
    return tap_done();
}
