/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TRANSPORT_H
#define UM_TRANSPORT_H
/* The ways a finished mail leaves this machine, by URL:
 *
 *     smtp://HOST[:25]             in clear text; no login, but for 127.0.0.1, [::1] and localhost
 *     smtp+starttls://HOST[:587]   TLS by STARTTLS, which is never done without
 *     smtps://HOST[:465]           TLS from the first byte
 *     sendmail:[COMMAND [ARGS]]    a program that takes what sendmail takes (default: /usr/sbin/sendmail -i); words are
 *                                  split at blanks, there is no shell, and "-f FROM -- TO" is added. It gets the
 *                                  message with LF for line ends
 *     file:/FOLDER                 a file TIME-ID.eml, mode 0600, whole or not there at all
 *
 * A transport serves one thread at a time. Every send is bounded by the timeout and ends soon when it is told to. */
#include <apr_pools.h>

#include <stdatomic.h>

typedef struct um_transport_t um_transport_t;

typedef struct um_transport_options_t {
    const char *login_file;   /* NULL: no login; one line user:password, or the two on a line each */
    const char *ca_file;      /* PEM: only these may vouch for the server; NULL: the system's */
    int timeout;              /* seconds for a whole message, at least 1 */
} um_transport_options_t;

typedef enum {
    UM_TRANSPORT_SENT,        /* the next server, program or disk has it */
    UM_TRANSPORT_LATER,       /* this message, another time: 4xx; silence or a broken line behind RCPT TO; stopped */
    UM_TRANSPORT_NEVER,       /* this message, for good: 5xx for the recipient or the content */
    UM_TRANSPORT_DOWN         /* all messages: no connection, TLS or login, 421, the sender refused, a faulty set-up */
} um_transport_e;

/** Readies libcurl for this process and undoes it with pool. Once per process that sends, before other threads can
 *  use libcurl; libcurl counts the calls, so others who do the same are no harm. */
apr_status_t um_transport_global_init(apr_pool_t *pool);

/** Looks at url, options and the files they name; asks no server and starts nothing. APR_EINVAL or the system's error:
 *  *why is a text for the administrator, without the directive's name and without secrets. */
apr_status_t um_transport_check(apr_pool_t *pool, const char *url, const um_transport_options_t *o, const char **why);

/** As um_transport_check, and *t is ready in pool. The login is read here and wiped with pool; libcurl is not touched
 *  and no connection made before the first send, so a parent with more rights can open what its children use. */
apr_status_t um_transport_open(apr_pool_t *pool, const char *url, const um_transport_options_t *o, um_transport_t **t,
                               const char **why);

/** Sends one finished message (len bytes, CRLF, 7-bit) to one recipient. from may be "" (no bounce is wanted).
 *  stop, which may be NULL: once it is not 0 the send gives up within about a second, UM_TRANSPORT_LATER. A connection
 *  is kept for the next message; one that the server has closed meanwhile is replaced without being told of.
 *  *why, in pool, is never NULL: the server's reply (also when sent), or what failed. At most 200 bytes of printable
 *  ASCII, with addresses and whatever is as long as a token replaced: servers quote what they refuse. */
um_transport_e um_transport_send(um_transport_t *t, apr_pool_t *pool, const char *from, const char *to,
                                 const char *bytes, apr_size_t len, const atomic_int *stop, const char **why);

/** Ends what is kept open, without waiting for anybody: for a sender that has nothing to do. The next send opens it
 *  anew. */
void um_transport_rest(um_transport_t *t);
#endif
