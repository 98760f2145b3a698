/* SPDX-License-Identifier: Apache-2.0 */
/* SMTP with TLS: against a server that others have written (aiosmtpd) with STARTTLS and a login, and against ours where
 * it shall be wrong. The certificates are made by openssl, for this run alone. */
#include "tap.h"
#include "smtpd.h"
#include "transport.h"

#include <sys/stat.h>

#include <apr_general.h>

#define MESSAGE "Message-ID: <1@example.org>\r\nSubject: x\r\n\r\n..dot\r\n"

static apr_pool_t *pool;
static const char *scratch;
static int servers;

static const char *in_scratch(const char *name)
{
    return apr_pstrcat(pool, scratch, "/", name, NULL);
}

/* Makes two authorities and, by the first, a server's certificate for 127.0.0.1 and one for another name. */
static int make_certificates(void)
{
    static const char script[] =
        "cd '%s' && exec >openssl.log 2>&1 && key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'\n"
        "for ca in ca other; do openssl req -x509 $key -keyout $ca.key -out $ca.pem -subj /CN=$ca || exit 1; done\n"
        "make() { openssl req $key -keyout $1.key -out $1.csr -subj /CN=$1 && echo subjectAltName=$2 >$1.ext &&\n"
        "    openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $1.ext \\\n"
        "    -out $1.pem; }\n"
        "make server IP:127.0.0.1,DNS:localhost && make stranger DNS:mail.example.org";

    return system(apr_psprintf(pool, script, scratch)) == 0;
}

static const char *put_login(const char *name, const char *text)
{
    const char *file = in_scratch(name);
    FILE *out = fopen(file, "w");

    fputs(text, out);
    fchmod(fileno(out), 0600);
    fclose(out);
    return file;
}

static const char *new_folder(void)
{
    return smtpd_folder(pool, scratch, apr_psprintf(pool, "%d", ++servers));
}

static um_transport_e send_once(const char *scheme, int port, const char *login, const char *ca, const char **why)
{
    um_transport_options_t o = { login, ca ? in_scratch(ca) : NULL, 2 };
    um_transport_e verdict = UM_TRANSPORT_NEVER;
    um_transport_t *t = NULL;
    apr_pool_t *own;

    apr_pool_create(&own, pool);
    *why = "";
    if (um_transport_open(own, apr_psprintf(pool, "%s://127.0.0.1:%d", scheme, port), &o, &t, why) == APR_SUCCESS) {
        verdict = um_transport_send(t, pool, "from@example.org", "bob@example.org", MESSAGE, sizeof(MESSAGE) - 1, NULL,
                                    why);
    }
    apr_pool_destroy(own);
    return verdict;
}

static void test_real_server(void)
{
    const char *words[] = { in_scratch("server.pem"), in_scratch("server.key"), "user", "pass word", NULL };
    const char *good = put_login("good", "user\npass word\n"), *bad = put_login("bad", "user:wrong\n"), *why;
    smtpd_t server = smtpd_start(pool, "smtpd_real.py", new_folder(), words);
    um_transport_options_t o = { good, in_scratch("ca.pem"), 5 };
    um_transport_t *t = NULL;
    um_transport_e verdict;
    apr_size_t len;
    int i;

    is_int(um_transport_open(pool, apr_psprintf(pool, "smtp+starttls://localhost:%d", server.port), &o, &t, &why),
           APR_SUCCESS, "the connection is opened");
    for (i = 0; i < 3; ++i) {
        verdict = um_transport_send(t, pool, "from@example.org", "bob@example.org", MESSAGE, sizeof(MESSAGE) - 1, NULL,
                                    &why);
        ok(verdict == UM_TRANSPORT_SENT, "the mail is sent: %s", why);
    }
    um_transport_disconnect(t);
    is_int(smtpd_count(pool, &server, "taken 3 from@example.org bob@example.org"), 1, "the server has three");
    is_int(smtpd_count(pool, &server, "tls 1 login user"), 3, "all mails use TLS and the login");
    is_int(smtpd_count(pool, &server, "connection"), 1, "all mails use one connection");
    is_text(smtpd_file(pool, server.folder, "000003.eml", &len), MESSAGE, "every byte of it");

    verdict = send_once("smtp+starttls", server.port, bad, "ca.pem", &why);
    ok(verdict == UM_TRANSPORT_DOWN && strncmp(why, "535", 3) == 0, "a wrong password: %s", why);
    verdict = send_once("smtp+starttls", server.port, good, "other.pem", &why);
    ok(verdict == UM_TRANSPORT_DOWN && strstr(why, "certificate"),
       "a certificate of another authority is refused: %s", why);
    verdict = send_once("smtp+starttls", server.port, good, NULL, &why);
    ok(verdict == UM_TRANSPORT_DOWN && strstr(why, "certificate"), "the system's authorities: %s", why);
    verdict = send_once("smtps", server.port, good, "ca.pem", &why);
    ok(verdict == UM_TRANSPORT_DOWN, "TLS where clear text is spoken first: %s", why);
    is_int(smtpd_count(pool, &server, "taken"), 3, "nothing of that has arrived");
    smtpd_stop(&server);
}

static void test_wrong_servers(void)
{
    const char *stranger[] = { "--tls", in_scratch("stranger.pem"), in_scratch("stranger.key"), NULL };
    const char *refusing[] = { "--tls", in_scratch("server.pem"), in_scratch("server.key"),
                               "starttls=reply:454 4.7.0 not now", NULL };
    const char *none[] = { "--login", "user:pass word", NULL };
    const char *login = put_login("login", "user:pass word\n"), *why;
    smtpd_t server = smtpd_start(pool, "smtpd.py", new_folder(), stranger);
    um_transport_e verdict = send_once("smtp+starttls", server.port, NULL, "ca.pem", &why);

    ok(verdict == UM_TRANSPORT_DOWN && strstr(why, "subject"), "a certificate for another host: %s", why);
    verdict = send_once("smtp", server.port, NULL, NULL, &why);
    ok(verdict == UM_TRANSPORT_SENT, "clear text where that is configured: %s", why);
    smtpd_stop(&server);

    server = smtpd_start(pool, "smtpd.py", new_folder(), none);
    verdict = send_once("smtp+starttls", server.port, login, "ca.pem", &why);
    ok(verdict == UM_TRANSPORT_DOWN && smtpd_count(pool, &server, "login") == 0, "a server without STARTTLS: %s", why);
    is_int(smtpd_count(pool, &server, "taken"), 0, "gets neither login nor mail");
    smtpd_stop(&server);

    server = smtpd_start(pool, "smtpd.py", new_folder(), refusing);
    verdict = send_once("smtp+starttls", server.port, NULL, "ca.pem", &why);
    ok(verdict == UM_TRANSPORT_DOWN && smtpd_count(pool, &server, "taken") == 0,
       "without STARTTLS no mail is sent: %s", why);
    smtpd_stop(&server);
}

static void test_smtps(void)
{
    const char *words[] = { "--smtps", in_scratch("server.pem"), in_scratch("server.key"), "--login", "user:pass word",
                            "dot=delay:0.2*1", NULL };
    const char *login = put_login("login", "user:pass word\n"), *why;
    smtpd_t server = smtpd_start(pool, "smtpd.py", new_folder(), words);
    um_transport_e verdict = send_once("smtps", server.port, login, "ca.pem", &why);

    ok(verdict == UM_TRANSPORT_SENT, "TLS from the first byte: %s", why);
    is_int(smtpd_count(pool, &server, "login user"), 1, "the login is sent once");
    verdict = send_once("smtps", server.port, login, "other.pem", &why);
    ok(verdict == UM_TRANSPORT_DOWN && strstr(why, "certificate"),
       "a certificate of another authority is refused: %s", why);
    verdict = send_once("smtp+starttls", server.port, login, "ca.pem", &why);
    ok(verdict == UM_TRANSPORT_DOWN, "STARTTLS where TLS comes first: %s", why);
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
    scratch = smtpd_scratch(pool, "test_transport_tls");
    if (ok(make_certificates(), "certificates are made")) {
        test_real_server();
        test_wrong_servers();
        test_smtps();
    }
    smtpd_clear(pool, scratch);
    apr_terminate();
    return tap_done();
}
