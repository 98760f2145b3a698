/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TRANSPORT_PRIVATE_H
#define UM_TRANSPORT_PRIVATE_H
/* What the files of the transport share. */
#include "transport.h"

/** One message on its way. Addresses are ASCII and hold no line ends. */
typedef struct um_transport_mail_t {
    apr_pool_t *pool;
    const char *from;
    const char *to;
    const char *bytes;
    apr_size_t len;
    const atomic_int *stop;     /**< may be NULL */
    const char *why;            /**< set by send, as it is; um_transport_send makes it fit for a log */
} um_transport_mail_t;

struct um_transport_t {
    apr_pool_t *pool;
    um_transport_options_t o;
    void *own;                  /**< of the kind of transport */
    um_transport_e (*send)(um_transport_t *t, um_transport_mail_t *mail);
    um_transport_e (*probe)(um_transport_t *t, um_transport_mail_t *mail);  /**< NULL: there is no server to ask */
    void (*disconnect)(um_transport_t *t);  /**< NULL: this kind keeps no connection */
    um_transport_trace_fn *trace;           /**< NULL: nobody wants the dialogue */
    void *trace_baton;
};

/* --- transport_smtp.c, transport_sendmail.c, transport_file.c: the kinds of transport --- */

/** Sets own, send and disconnect. rest is the URL behind "scheme:". *why is set when it fails. */
apr_status_t um_transport_smtp_open(um_transport_t *t, const char *scheme, const char *rest, const char **why);
apr_status_t um_transport_sendmail_open(um_transport_t *t, const char *scheme, const char *rest, const char **why);
apr_status_t um_transport_file_open(um_transport_t *t, const char *scheme, const char *rest, const char **why);

/* --- transport_open.c --- */

/** "what: the system's text for status". */
const char *um_transport_reason(apr_pool_t *pool, const char *what, apr_status_t status);

/* --- transport_login.c --- */

/** Reads user and password into pool, and wipes them with it. Both are NULL when it fails. */
apr_status_t um_transport_login_read(apr_pool_t *pool, const char *file, char **user, char **password,
                                     const char **why);

/* --- transport_dialog.c: the SMTP commands and replies of one message, and what they mean for the message --- */

/* Whether a refusal concerns one message or all of them depends on the command that was refused. libcurl's return and
 * response codes do not tell the command; its trace does. */

/** How far a message has come: the last command that was sent. */
typedef enum {
    UM_TRANSPORT_DIALOG_HELLO,  /**< connecting, TLS, login */
    UM_TRANSPORT_DIALOG_MAIL,
    UM_TRANSPORT_DIALOG_RCPT,
    UM_TRANSPORT_DIALOG_DATA,
    UM_TRANSPORT_DIALOG_BODY    /**< the server has asked for the message */
} um_transport_dialog_e;

/** All zero at the start of a message; but has_login is kept while the connection is. */
typedef struct um_transport_dialog_t {
    um_transport_dialog_e phase;
    int code;                   /**< of the reply to the last command; 0: no reply yet */
    int is_whole;               /**< the reply's last line has come */
    int is_over;                /**< QUIT was sent: what follows is not about the message */
    int is_login;               /**< between AUTH and the server's verdict: the lines are secret */
    int has_login;              /**< AUTH was sent on this connection */
    apr_size_t len;
    char reply[512];            /**< as one line */
} um_transport_dialog_t;

/** Notes one command that was sent. */
void um_transport_dialog_command(um_transport_dialog_t *dialog, const char *text, apr_size_t len);

/** Notes whole lines that the server has sent. */
void um_transport_dialog_reply(um_transport_dialog_t *dialog, const char *text, apr_size_t len);

/** Shows lines of the dialogue to who wants them. What AUTH and the lines after it contain is secret. */
void um_transport_dialog_show(const um_transport_t *t, um_transport_dialog_t *dialog, int is_sent, const char *text,
                              apr_size_t len);

/** Judges a message that was not sent.
 * @param wants_login  a login is configured for this server
 * @param error        what failed when the server has refused nothing: the connection broke, or the time was up
 * @param why          the reply, or the error and the phase */
um_transport_e um_transport_dialog_verdict(const um_transport_dialog_t *dialog, apr_pool_t *pool, int wants_login,
                                           const char *error, const char **why);
#endif
