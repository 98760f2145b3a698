/* SPDX-License-Identifier: Apache-2.0 */
/* SMTP in clear text against t/lib/smtpd.py: what becomes of a message when the server refuses, hangs or breaks. */
#include "tap.h"
#include "smtpd.h"
#include "transport_private.h"

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include <apr_general.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))
#define MESSAGE "Message-ID: <1@example.org>\r\nSubject: x\r\n\r\n.\r\n..dot\r\nFrom y\r\n"
#define SENT UM_TRANSPORT_SENT
#define LATER UM_TRANSPORT_LATER
#define NEVER UM_TRANSPORT_NEVER
#define DOWN UM_TRANSPORT_DOWN

static apr_pool_t *pool;
static const char *scratch;
static int servers;

static smtpd_t start(const char *const *words)
{
    return smtpd_start(pool, "smtpd.py", smtpd_folder(pool, scratch, apr_psprintf(pool, "%d", ++servers)), words);
}

static um_transport_t *open_to(int port, const char *login, int timeout)
{
    um_transport_options_t o = { login, NULL, timeout };
    um_transport_t *t = NULL;
    const char *why = "";

    if (um_transport_open(pool, apr_psprintf(pool, "smtp://127.0.0.1:%d", port), &o, &t, &why) != APR_SUCCESS) {
        ok(0, "opened: %s", why);
    }
    return t;
}

static um_transport_e send_to(um_transport_t *t, const char *to, const atomic_int *stop, const char **why)
{
    return um_transport_send(t, pool, "from@example.org", to, MESSAGE, sizeof(MESSAGE) - 1, stop, why);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_sent(void)
{
    smtpd_t server = start(NULL);
    um_transport_t *t = open_to(server.port, NULL, 5);
    um_transport_e verdict;
    const char *why;
    apr_size_t len;

    is_int(send_to(t, "bob@example.org", NULL, &why), SENT, "the mail is sent");
    is_text(why, "250 2.0.0 taken as 000001", "the reply of the server is returned");
    is_text(smtpd_file(pool, server.folder, "000001.eml", &len), MESSAGE, "every byte came over, dots too");
    is_int(um_transport_send(t, pool, "", "bob@example.org", MESSAGE, sizeof(MESSAGE) - 1, NULL, &why), SENT,
           "a mail without a sender is sent");
    is_int(send_to(t, "bob@b\xc3\xbc" "cher.example", NULL, &why), SENT, "a domain in letters of its own");
    is_int(smtpd_count(pool, &server, "taken 3 from@example.org bob@xn--bcher-kva.example <1@"), 1,
           "goes over as A-labels");
    is_int(smtpd_count(pool, &server, "taken 1 from@example.org bob@example.org <1@example.org>"), 1,
           "the envelope has sender, recipient and id");
    is_int(smtpd_count(pool, &server, "taken 2 <> bob@example.org"), 1, "the envelope has an empty sender");
    is_int(smtpd_count(pool, &server, "connection"), 1, "all mails use one connection");
    um_transport_disconnect(t);
    um_transport_disconnect(t);
    is_int(send_to(t, "bob@example.org", NULL, &why), SENT, "sent after a rest");
    is_int(smtpd_count(pool, &server, "connection"), 2, "over a new one");
    is_int(smtpd_count(pool, &server, "command"), 0, "the server has understood every command");
    smtpd_stop(&server);
    verdict = send_to(t, "bob@example.org", NULL, &why);
    ok(verdict == DOWN && strstr(why, "connect"), "the server has gone: %s", why);
    um_transport_disconnect(t);
}

/* One server, and what it does is decided by the recipient; what it has done to one message must not touch the next. */
static void test_recipients(void)
{
    static const char *const words[] = {
        "rcpt/^u550=reply:550 5.1.1 <{to}>: no such user", "rcpt/^u450=reply:450 4.2.0 greylisted",
        "rcpt/^u421=reply:421 busy",
        "rcpt/^u530=reply:530 5.7.0 log in first", "rcpt/^u552=reply:552 5.2.2 full", "rcpt/^u452=reply:452 4.2.2 full",
        "rcpt/^u251=reply:251 forwarded", "rcpt/^drop=drop", "rcpt/^hang=hang", "rcpt/^slow=delay:0.3",
        "rcpt/^lines=reply:550 5.7.1 first\\n5.7.1 second {to}\\n5.7.1 third", "data/^d554=reply:554 5.6.0 not so",
        "data/^d451=reply:451 4.3.0 not now", "data/^d421=reply:421 4.3.2 going", "body/^bdrop=drop",
        "body/^bhang=hang",
        "dot/^c554=reply:554 5.7.1 spam", "dot/^c451=reply:451 4.7.0 perhaps", "dot/^c421=reply:421 4.3.2 going",
        "dot/^cdrop=drop", "dot/^ctake=take,drop", "dot/^chang=hang", "dot/^c552=reply:552 5.3.4 too large",
        "mail/m550=reply:550 5.7.1 sender not allowed", "mail/m552=reply:552 5.3.4 too large",
        "mail/m451=reply:451 4.7.1 slow down",
        "mail/mdrop=drop", "mail/mhang=hang", NULL
    };
    static const struct {
        const char *name;                  /* of the recipient; of the sender where it begins with m */
        um_transport_e verdict;
        const char *want;
    } cases[] = {
        { "ok", SENT, "250" }, { "u550", NEVER, "550 5.1.1 (address) no such user" },
        { "u450", LATER, "450 4.2.0 greylisted" },
        { "u421", LATER, "421" }, { "u530", DOWN, "530" }, { "u552", NEVER, "552" }, { "u452", LATER, "452" },
        { "u251", SENT, "250" },
        { "drop", LATER, "at RCPT TO" }, { "hang", LATER, "at RCPT TO" }, { "slow", SENT, "250" },
        { "lines", NEVER, "550 5.7.1 first 5.7.1 second (address) 5.7.1 third" }, { "ok", SENT, "250" },
        { "d554", NEVER, "554 5.6.0 not so" }, { "d451", LATER, "451" }, { "d421", LATER, "421" },
        { "bdrop", LATER, "at the message" },
        { "bhang", LATER, "at the message" }, { "c554", NEVER, "554 5.7.1 spam" }, { "c451", LATER, "451" },
        { "c421", LATER, "421" },
        { "cdrop", LATER, "at the message" }, { "ctake", LATER, "at the message" },
        { "chang", LATER, "at the message" },
        { "c552", NEVER, "552" }, { "m550", DOWN, "550" }, { "m552", NEVER, "552" }, { "m451", LATER, "451" },
        { "mdrop", DOWN, "at MAIL FROM" }, { "mhang", DOWN, "at MAIL FROM" }, { "ok", SENT, "250" },
    };
    smtpd_t server = start(words);
    um_transport_t *t = open_to(server.port, NULL, 2);
    const char *why, *address;
    um_transport_e verdict;
    apr_size_t i;
    double begin;

    for (i = 0; i < COUNT(cases); ++i) {
        begin = seconds();
        address = apr_pstrcat(pool, cases[i].name, "@example.org", NULL);
        verdict = *cases[i].name != 'm' ? send_to(t, address, NULL, &why)
                  : um_transport_send(t, pool, address, "bob@example.org", MESSAGE, sizeof(MESSAGE) - 1, NULL, &why);
        ok(verdict == cases[i].verdict && strstr(why, cases[i].want) && !strchr(why, '@') && seconds() - begin < 5,
           "%s: %s, %.1f s", cases[i].name, why, seconds() - begin);
    }
    um_transport_disconnect(t);
    smtpd_stop(&server);
}

/* What happens before a message is spoken of is the server's fault. */
static void test_down(void)
{
    static const struct {
        const char *rule, *want;
    } cases[] = {
        { "connect=reply:421 busy", "421 busy" }, { "connect=reply:554 go away", "554 go away" },
        { "connect=hang", "at connecting" },
        { "connect=drop", "at connecting" }, { "ehlo=hang", "at connecting" }, { "ehlo=drop", "at connecting" },
        { "ehlo=reply:550 not you", "550 not you" }, { "connect=reply:HTTP/1.1 400 Bad Request", "at connecting" },
    };
    const char *words[2] = { NULL, NULL }, *why;
    um_transport_e verdict;
    um_transport_t *t;
    smtpd_t server;
    apr_size_t i;
    double begin;

    for (i = 0; i < COUNT(cases); ++i) {
        words[0] = cases[i].rule;
        server = start(words);
        t = open_to(server.port, NULL, 1);
        begin = seconds();
        verdict = send_to(t, "bob@example.org", NULL, &why);
        ok(verdict == DOWN && strstr(why, cases[i].want) && seconds() - begin < 5, "%s: %s", cases[i].rule, why);
        um_transport_disconnect(t);
        smtpd_stop(&server);
    }
}

/* A kept connection that the server has closed is nobody's failure. */
static void test_stale(void)
{
    static const char *const cases[] = { "idle=drop*1", "idle=reply:421 bye,drop*1",
                                         "mail/from@=reply:421 enough,drop*1", "mail/from@=drop*1" };
    const char *words[2] = { NULL, NULL }, *why;
    um_transport_t *t;
    smtpd_t server;
    apr_size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        words[0] = cases[i];
        server = start(words);
        t = open_to(server.port, NULL, 5);
        /* Not from@, so that a rule for MAIL meets the second message. */
        is_int(um_transport_send(t, pool, "", "bob@example.org", MESSAGE, sizeof(MESSAGE) - 1, NULL, &why), SENT,
               cases[i]);
        is_int(send_to(t, "bob@example.org", NULL, &why), SENT, "  the next is sent all the same");
        is_int(smtpd_count(pool, &server, "connection"), 2, "  over a second connection");
        is_int(smtpd_count(pool, &server, "taken"), 2, "no mail is sent twice");
        um_transport_disconnect(t);
        smtpd_stop(&server);
    }
}

static void *stop_soon(void *stop)
{
    usleep(300000);
    *(atomic_int *)stop = 1;
    return NULL;
}

static void test_stop(void)
{
    static const char *const stages[] = { "connect", "rcpt", "dot" };
    const char *words[2] = { NULL, NULL }, *why;
    um_transport_e verdict;
    atomic_int stop;
    pthread_t thread;
    um_transport_t *t;
    smtpd_t server;
    apr_size_t i;
    double begin;

    for (i = 0; i < COUNT(stages); ++i) {
        words[0] = apr_pstrcat(pool, stages[i], "=hang", NULL);
        server = start(words);
        t = open_to(server.port, NULL, 20);
        stop = 0;
        begin = seconds();
        pthread_create(&thread, NULL, stop_soon, (void *)(apr_uintptr_t)&stop);
        verdict = send_to(t, "bob@example.org", &stop, &why);
        ok(verdict == LATER && strstr(why, "stopped") && seconds() - begin < 4, "stopped at %s: %s, %.1f s",
           stages[i], why, seconds() - begin);
        pthread_join(thread, NULL);
        um_transport_disconnect(t);
        smtpd_stop(&server);
    }
}

/* A server that does not answer QUIT holds nobody up: neither at the end nor after a refusal, which QUIT follows. */
static void test_quit(void)
{
    static const char *const words[] = { "quit=hang", "rcpt/^bad=reply:550 no", NULL };
    smtpd_t server = start(words);
    um_transport_t *t = open_to(server.port, NULL, 20);
    const char *why;
    double begin;

    send_to(t, "bob@example.org", NULL, &why);
    begin = seconds();
    um_transport_disconnect(t);
    ok(seconds() - begin < 3, "the end waits for nobody: %.1f s", seconds() - begin);
    begin = seconds();
    is_int(send_to(t, "bad@example.org", NULL, &why), NEVER, "a refused recipient is told");
    ok(seconds() - begin < 6, "closing waits %.1f s for a silent server", seconds() - begin);
    um_transport_disconnect(t);
    smtpd_stop(&server);
}

static void test_login(void)
{
    static const char *const words[] = { "--login", "user:pa ss:\xc3\xa4", NULL };
    static const char *const none[] = { "rcpt/^bad=reply:550 5.7.1 relay denied", NULL };
    smtpd_t server = start(words), other = start(none);
    const char *good = apr_pstrcat(pool, scratch, "/good", NULL), *bad = apr_pstrcat(pool, scratch, "/bad", NULL), *why;
    um_transport_e verdict;
    um_transport_t *t;
    int i;

    for (i = 0; i < 2; ++i) {
        FILE *out = fopen(i ? bad : good, "w");
        fputs(i ? "user:wrong\n" : "user:pa ss:\xc3\xa4\n", out);
        fchmod(fileno(out), 0600);
        fclose(out);
    }
    t = open_to(server.port, good, 5);
    is_int(send_to(t, "bob@example.org", NULL, &why), SENT, "sent with the login");
    is_int(smtpd_count(pool, &server, "login user"), 1, "the server has seen the login");
    um_transport_disconnect(t);
    t = open_to(server.port, bad, 5);
    verdict = send_to(t, "bob@example.org", NULL, &why);
    ok(verdict == DOWN && strstr(why, "535"), "a wrong password: %s", why);
    t = open_to(server.port, NULL, 5);
    verdict = send_to(t, "bob@example.org", NULL, &why);
    ok(verdict == DOWN && strstr(why, "530"), "no login where one is wanted: %s", why);
    t = open_to(other.port, good, 5);
    is_int(send_to(t, "bob@example.org", NULL, &why), SENT, "a server that wants no login");
    is_int(send_to(t, "bad@example.org", NULL, &why), DOWN,
           "a refusal after a failed login counts as a server that is down");
    um_transport_disconnect(t);
    smtpd_stop(&server);
    smtpd_stop(&other);
}

static void test_batch(void)
{
    static const char *const words[] = { "--no-store", NULL };
    smtpd_t server = start(words);
    um_transport_t *t = open_to(server.port, NULL, 5);
    apr_pool_t *each;
    const char *why;
    int i, sent = 0;
    double begin = seconds();

    apr_pool_create(&each, pool);
    for (i = 0; i < 500; ++i) {
        sent += um_transport_send(t, each, "from@example.org", "bob@example.org", MESSAGE, sizeof(MESSAGE) - 1, NULL,
                                  &why) == SENT;
        apr_pool_clear(each);
    }
    printf("# %.0f mails a second\n", 500 / (seconds() - begin));
    is_int(sent, 500, "500 mails are sent");
    is_int(smtpd_count(pool, &server, "taken"), 500, "the server has 500");
    is_int(smtpd_count(pool, &server, "connection"), 1, "all mails use one connection");
    um_transport_disconnect(t);
    smtpd_stop(&server);
}

int main(void)
{
    if (!smtpd_can()) {
        return 0;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    is_int(um_transport_global_init(pool), APR_SUCCESS, "libcurl is initialized");
    scratch = smtpd_scratch(pool, "test_transport_smtp");
    test_sent();
    test_recipients();
    test_down();
    test_stale();
    test_stop();
    test_quit();
    test_login();
    test_batch();
    smtpd_clear(pool, scratch);
    apr_terminate();
    return tap_done();
}
