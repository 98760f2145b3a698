/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_private.h"

#include "wipe.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include <apr_general.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <apr_time.h>

#include <curl/curl.h>


#define LONGEST_CONNECT 20            /* s: this server's packets may vanish while another one answers */
#define LONGEST_QUIT 1                /* s: the message's fate is known when QUIT is sent */

typedef struct smtp_t {
    const char *url;
    int is_tls;
    char *user;                /* NULL: no login */
    char *password;
    CURL *curl;                /* NULL while there is no connection */
    um_transport_mail_t *mail; /* NULL between messages */
    apr_size_t sent;           /* bytes of the message that libcurl has taken */
    apr_time_t quit;           /* when QUIT was sent; 0: not yet */
    um_transport_dialog_t dialog;
    um_transport_t *transport;
    char error[CURL_ERROR_SIZE];
} smtp_t;

/* --- what libcurl calls --- */

static int on_trace(CURL *curl, curl_infotype type, char *text, size_t len, void *data)
{
    smtp_t *smtp = data;

    (void)curl;
    if (type == CURLINFO_HEADER_IN) {
        um_transport_dialog_reply(&smtp->dialog, text, len);
        um_transport_dialog_show(smtp->transport, &smtp->dialog, 0, text, len);
    }
    else if (type == CURLINFO_HEADER_OUT) {
        um_transport_dialog_command(&smtp->dialog, text, len);
        um_transport_dialog_show(smtp->transport, &smtp->dialog, 1, text, len);
        smtp->quit = smtp->dialog.is_over && !smtp->quit ? apr_time_now() : smtp->quit;
    }
    return 0;
}

static size_t on_read(char *to, size_t size, size_t count, void *data)
{
    smtp_t *smtp = data;
    apr_size_t left = smtp->mail->len - smtp->sent, room = size * count, take = left < room ? left : room;

    memcpy(to, smtp->mail->bytes + smtp->sent, take);
    smtp->sent += take;
    return take;
}

static int on_progress(void *data, curl_off_t down, curl_off_t now_down, curl_off_t up, curl_off_t now_up)
{
    const smtp_t *smtp = data;

    (void)down;
    (void)now_down;
    (void)up;
    (void)now_up;
    return (smtp->mail && smtp->mail->stop && *smtp->mail->stop)
           || (smtp->quit && apr_time_now() - smtp->quit > apr_time_from_sec(LONGEST_QUIT));
}

/* Programs that this process starts must not inherit a connection that is logged in. */
static int on_socket(void *data, curl_socket_t fd, curlsocktype purpose)
{
    (void)data;
    (void)purpose;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return CURL_SOCKOPT_OK;
}

/* --- the connection --- */

static void disconnect(um_transport_t *t)
{
    smtp_t *smtp = t->own;
    curl_socket_t fd = CURL_SOCKET_BAD;

    if (!smtp->curl) {
        return;
    }
    /* libcurl sends QUIT and would wait two minutes for a server that does not answer. When the socket is shut for
     * reading, it sends QUIT and closes at once. */
    if (curl_easy_getinfo(smtp->curl, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD) {
        shutdown(fd, SHUT_RD);
    }
    curl_easy_cleanup(smtp->curl);
    smtp->curl = NULL;
}

static unsigned int set_security(CURL *curl, const smtp_t *smtp, const um_transport_options_t *o)
{
    unsigned int bad = 0;

    bad |= curl_easy_setopt(curl, CURLOPT_USE_SSL, smtp->is_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
    bad |= curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (o->ca_file) {
        bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca_file);
        /* Otherwise the system's folder of certificates would be trusted as well. */
        bad |= curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (smtp->user) {
        bad |= curl_easy_setopt(curl, CURLOPT_USERNAME, smtp->user);
        bad |= curl_easy_setopt(curl, CURLOPT_PASSWORD, smtp->password);
    }
    return bad;
}

static CURL *make(smtp_t *smtp, const um_transport_options_t *o)
{
    CURL *curl = curl_easy_init();
    unsigned int bad;

    if (!curl) {
        return NULL;
    }
    bad = set_security(curl, smtp, o);
    bad |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    bad |= curl_easy_setopt(curl, CURLOPT_URL, smtp->url);
    bad |= curl_easy_setopt(curl, CURLOPT_PROXY, "");           /* ignore http_proxy and the like in the environment */
    bad |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
                            (long)(o->timeout < LONGEST_CONNECT ? o->timeout : LONGEST_CONNECT));
    bad |= curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)o->timeout);
    bad |= curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    bad |= curl_easy_setopt(curl, CURLOPT_READDATA, smtp);
    bad |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    bad |= curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    bad |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, smtp);
    bad |= curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, on_trace);
    bad |= curl_easy_setopt(curl, CURLOPT_DEBUGDATA, smtp);
    bad |= curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
    bad |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, smtp->error);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Without it, cleaning up waits for a name server that does not answer. */
    bad |= curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
#endif
    if (bad) {
        curl_easy_cleanup(curl);
        return NULL;
    }
    return curl;
}

/* --- one message --- */

static CURLcode attempt(smtp_t *smtp, um_transport_mail_t *mail, struct curl_slist *to, apr_interval_time_t left)
{
    int has_login = smtp->dialog.has_login;
    unsigned int bad = 0;
    CURLcode code;

    smtp->dialog = (um_transport_dialog_t){ .has_login = has_login };
    smtp->error[0] = '\0';
    smtp->mail = mail;
    smtp->sent = 0;
    smtp->quit = 0;
    bad |= curl_easy_setopt(smtp->curl, CURLOPT_MAIL_FROM, mail->from);
    bad |= curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, to);
    bad |= curl_easy_setopt(smtp->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->len);
    bad |= curl_easy_setopt(smtp->curl, CURLOPT_TIMEOUT_MS, left > 1000 ? (long)apr_time_as_msec(left) : 1L);
    code = bad ? CURLE_OUT_OF_MEMORY : curl_easy_perform(smtp->curl);
    smtp->mail = NULL;
    return code;
}

/* Whether the server had closed a kept connection, so that it has not seen the message. */
static int is_stale(const smtp_t *smtp, CURLcode code)
{
    long connects = 1;

    return (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING
            || smtp->dialog.code == 421)
           && smtp->dialog.phase <= UM_TRANSPORT_DIALOG_MAIL && (smtp->dialog.code == 0 || smtp->dialog.code == 421)
           && curl_easy_getinfo(smtp->curl, CURLINFO_NUM_CONNECTS, &connects) == CURLE_OK && connects == 0;
}

static um_transport_e judge_result(const smtp_t *smtp, um_transport_mail_t *mail, CURLcode code)
{
    if (code == CURLE_OK) {
        mail->why = apr_pstrdup(mail->pool, smtp->dialog.len ? smtp->dialog.reply : "sent");
        return UM_TRANSPORT_SENT;
    }
    if (!smtp->curl) {
        mail->why = "libcurl is out of memory, or was built without SMTP or TLS";
        return UM_TRANSPORT_DOWN;
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        mail->why = "stopped";
        return UM_TRANSPORT_LATER;
    }
    return um_transport_dialog_verdict(&smtp->dialog, mail->pool, smtp->user != NULL,
                                       *smtp->error ? smtp->error : curl_easy_strerror(code), &mail->why);
}

/* Tries to send within left microseconds, on a new connection when none is kept. */
static CURLcode try_to_send(um_transport_t *t, um_transport_mail_t *mail, apr_interval_time_t left)
{
    smtp_t *smtp = t->own;
    struct curl_slist *to = curl_slist_append(NULL, mail->to);
    CURLcode code = CURLE_FAILED_INIT;

    if (!smtp->curl) {
        smtp->curl = make(smtp, &t->o);
    }
    if (smtp->curl && to) {
        code = attempt(smtp, mail, to, left);
        curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, NULL);
    }
    curl_slist_free_all(to);
    return code;
}

static um_transport_e send_by_smtp(um_transport_t *t, um_transport_mail_t *mail)
{
    smtp_t *smtp = t->own;
    apr_interval_time_t timeout = apr_time_from_sec(t->o.timeout), passed;
    apr_time_t start = apr_time_now();
    um_transport_e verdict;
    CURLcode code = try_to_send(t, mail, timeout);

    if (is_stale(smtp, code)) {
        disconnect(t);
        passed = apr_time_now() - start;
        code = try_to_send(t, mail, passed < 0 ? timeout : timeout - passed);
    }
    verdict = judge_result(smtp, mail, code);
    if (code != CURLE_OK) {
        /* libcurl keeps a connection on which the reply to the message is still to come, and would take that reply for
         * the one to its next command. */
        disconnect(t);
    }
    return verdict;
}

/* libcurl greets, starts TLS and logs in when it connects. */
static um_transport_e probe_by_smtp(um_transport_t *t, um_transport_mail_t *mail)
{
    smtp_t *smtp = t->own;
    CURLcode code = CURLE_FAILED_INIT;

    disconnect(t);
    smtp->curl = make(smtp, &t->o);
    smtp->dialog = (um_transport_dialog_t){ .has_login = 0 };
    smtp->error[0] = '\0';
    if (smtp->curl && curl_easy_setopt(smtp->curl, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK
        && curl_easy_setopt(smtp->curl, CURLOPT_TIMEOUT, (long)t->o.timeout) == CURLE_OK) {
        code = curl_easy_perform(smtp->curl);
    }
    if (code != CURLE_OK) {
        (void)judge_result(smtp, mail, code);
    }
    disconnect(t);
    return code == CURLE_OK ? UM_TRANSPORT_SENT : UM_TRANSPORT_DOWN;
}

/* --- the URL --- */

static const struct {
    const char *scheme;
    const char *known_to_curl;
    apr_port_t port;
    int is_tls;
} schemes[] = {
    { "smtp", "smtp", 25, 0 },
    { "smtp+starttls", "smtp", 587, 1 },
    { "smtps", "smtps", 465, 1 },
};

/* Whether text is not empty and made of ASCII letters, digits and the characters in others. */
static int is_made_of(const char *text, const char *others)
{
    const char *at;

    for (at = text; *at; ++at) {
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9')
              || strchr(others, *at))) {
            return 0;
        }
    }
    return at > text;
}

/* Reads "//HOST[:PORT]" and an optional slash. Returns what is wrong with it, or NULL. */
static const char *read_host(apr_pool_t *pool, const char *rest, char **host, apr_port_t *port)
{
    apr_size_t len = strncmp(rest, "//", 2) == 0 ? strcspn(rest + 2, "/") : 0;
    char *text = apr_pstrmemdup(pool, rest + 2, len), *scope = NULL;

    if (len == 0) {
        return "needs a host, as in smtp+starttls://mail.example.org";
    }
    if (strchr(text, '@')) {
        return "holds a login, which everybody who reads the configuration could see; put it into a file of its own";
    }
    if (rest[2 + len] && rest[2 + len + 1]) {
        return "has text behind the host and port";
    }
    if (text[strlen(text) - 1] == ':' || apr_parse_addr_port(host, &scope, port, text, pool) != APR_SUCCESS || !*host
        || scope || !is_made_of(*host, *text == '[' ? ":." : "-._")) {
        return "has no host name or port that can be understood";
    }
    return NULL;
}

/* The name in EHLO (RFC 5321 4.1.1.1). */
static const char *own_name(apr_pool_t *pool)
{
    char name[APRMAXHOSTLEN + 1];

    return apr_gethostname(name, sizeof(name), pool) == APR_SUCCESS && is_made_of(name, "-.")
           ? apr_pstrdup(pool, name) : "localhost";
}

static int is_this_machine(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

apr_status_t um_transport_smtp_open(um_transport_t *t, const char *scheme, const char *rest_of_url, const char **why)
{
    smtp_t *smtp = apr_pcalloc(t->pool, sizeof(*smtp));
    apr_status_t status = APR_SUCCESS;
    apr_port_t port = 0;
    const char *wrong;
    char *host = NULL;
    int i = 0;

    while (strcmp(schemes[i].scheme, scheme) != 0) {
        ++i;
    }
    wrong = read_host(t->pool, rest_of_url, &host, &port);
    if (wrong) {
        *why = wrong;
        return APR_EINVAL;
    }
    if (t->o.login_file && !schemes[i].is_tls && !is_this_machine(host)) {
        *why = "would send the login in clear text; write smtp+starttls:// or smtps://";
        return APR_EINVAL;
    }
    t->own = smtp;
    t->send = send_by_smtp;
    t->probe = probe_by_smtp;
    smtp->transport = t;
    t->disconnect = disconnect;
    smtp->is_tls = schemes[i].is_tls;
    smtp->url = apr_psprintf(t->pool, strchr(host, ':') ? "%s://[%s]:%d/%s" : "%s://%s:%d/%s", schemes[i].known_to_curl,
                             host, port ? port : schemes[i].port, own_name(t->pool));
    if (t->o.ca_file) {
        status = um_transport_login_check_ca(t->pool, t->o.ca_file, why);
    }
    if (status == APR_SUCCESS && t->o.login_file) {
        status = um_transport_login_read(t->pool, t->o.login_file, &smtp->user, &smtp->password, why);
    }
    return status;
}

/* --- the process --- */

static apr_status_t end_curl(void *data)
{
    (void)data;
    curl_global_cleanup();
    return APR_SUCCESS;
}

apr_status_t um_transport_global_init(apr_pool_t *pool)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return APR_EGENERAL;
    }
    apr_pool_cleanup_register(pool, NULL, end_curl, apr_pool_cleanup_null);
    return APR_SUCCESS;
}
