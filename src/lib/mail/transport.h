/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TRANSPORT_H
#define UM_TRANSPORT_H
/* Hands a finished mail over to a mail server, a mail program or a folder, as a URL says:
 *
 *     smtp://HOST[:25]             clear text; no login except at 127.0.0.1, [::1] and localhost
 *     smtp+starttls://HOST[:587]   STARTTLS; nothing is sent when the server does not offer it
 *     smtps://HOST[:465]           TLS from the first byte
 *     sendmail:[COMMAND [ARGS]]    a program with sendmail's arguments (default: /usr/sbin/sendmail -i). The words are
 *                                  split at blanks, there is no shell, and "-f FROM -- TO" is added. The program gets
 *                                  the message with LF as line ends
 *     file:/FOLDER                 a file TIME-ID.eml, mode 0600, which appears whole or not at all
 *
 * A transport serves one thread at a time. A send ends when its timeout is over, and soon after it is told to stop. */
#include <apr_pools.h>

#include <stdatomic.h>

typedef struct um_transport_t um_transport_t;

typedef struct um_transport_options_t {
    const char *login_file;   /**< NULL: no login. One line user:password, or user and password on a line each */
    const char *ca_file;      /**< PEM: only these certificates may vouch for the server; NULL: the system's */
    int timeout;              /**< seconds for a whole message, at least 1 */
} um_transport_options_t;

/** What became of a message. */
typedef enum {
    UM_TRANSPORT_SENT,        /**< the server, program or disk has it */
    UM_TRANSPORT_LATER,       /**< try this message again: 4xx; silence or a broken connection after RCPT TO; stopped */
    UM_TRANSPORT_NEVER,       /**< give this message up: 5xx for its recipient or content */
    UM_TRANSPORT_DOWN         /**< no message can be sent: no connection, TLS or login, 421, the sender was refused, or
                               * the setup is faulty */
} um_transport_e;

/** Initializes libcurl for this process, until pool is destroyed. Each process that sends calls it once, before other
 * threads can use libcurl. libcurl counts the calls, so other users of it are not disturbed. APR_EGENERAL. */
apr_status_t um_transport_global_init(apr_pool_t *pool);

/** Checks the URL, the options and the files they name. Connects to no server and starts no program.
 * @return APR_SUCCESS, APR_EINVAL or the system's error; then *why tells the administrator what is wrong, without the
 * directive's name and without secrets */
apr_status_t um_transport_check(apr_pool_t *pool, const char *url, const um_transport_options_t *options,
                                const char **why);

/** Checks that file holds a certificate in PEM. */
apr_status_t um_transport_login_check_ca(apr_pool_t *pool, const char *file, const char **why);

/** Checks likewise, and creates the transport in pool. The login is read here and wiped with pool. libcurl is not used
 * and nothing is connected before the first send, so a parent with more rights can open what its children use. */
apr_status_t um_transport_open(apr_pool_t *pool, const char *url, const um_transport_options_t *options,
                               um_transport_t **transport, const char **why);

/** Sends one finished message (len bytes, CRLF, 7-bit) to one recipient. The connection is kept for the next message. A
 * kept connection that the server has closed meanwhile is replaced.
 * @param from  the envelope's sender; "": no bounces are wanted
 * @param stop  once it is not 0, the send ends within about a second with UM_TRANSPORT_LATER; may be NULL
 * @param why   never NULL, in pool: the server's reply (also when sent), or what failed. At most 200 bytes of printable
 *              ASCII for the log, with addresses and possible tokens replaced: servers quote what they refuse */
um_transport_e um_transport_send(um_transport_t *transport, apr_pool_t *pool, const char *from, const char *to,
                                 const char *bytes, apr_size_t len, const atomic_int *stop, const char **why);

/** Called for each line that is sent to a mail server (is_sent) or comes from it, without secrets: of a login only the
 * command is shown. */
typedef void um_transport_trace_fn(void *baton, int is_sent, const char *line);

/** Lets the next sends report their dialogue. Transports that talk to no server do not call trace. */
void um_transport_trace(um_transport_t *transport, um_transport_trace_fn *trace, void *baton);

/** Connects to the mail server and logs in, as a send does, sends nothing and disconnects. A transport that talks to no
 * server is ready.
 * @param why  as um_transport_send, when it is not ready
 * @return UM_TRANSPORT_SENT: the server is ready; otherwise UM_TRANSPORT_DOWN */
um_transport_e um_transport_probe(um_transport_t *transport, apr_pool_t *pool, const char **why);

/** Closes the kept connection, without waiting for the server. The next send opens a new one. */
void um_transport_disconnect(um_transport_t *transport);
#endif
