/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TRANSPORT_PRIVATE_H
#define UM_TRANSPORT_PRIVATE_H
/* What transport.c and the kinds of transports share; nobody else includes it. */
#include "transport.h"

/** One message on its way. Addresses are ASCII and cannot hold a line end. */
typedef struct um_transport_mail_t {
    apr_pool_t *pool;
    const char *from;
    const char *to;
    const char *bytes;
    apr_size_t len;
    const atomic_int *stop;          /* may be NULL */
    const char *why;             /* the kind's words, which transport.c makes fit for a log */
} um_transport_mail_t;

struct um_transport_t {
    apr_pool_t *pool;
    um_transport_options_t o;
    void *own;                   /* the kind's */
    um_transport_e (*send)(um_transport_t *t, um_transport_mail_t *mail);
    void (*rest)(um_transport_t *t);   /* NULL: nothing is kept open */
    void (*wipe)(um_transport_t *t);   /* NULL: no secrets */
};

/** What the kinds give away: rest is the URL behind "scheme:". Each sets own and the functions; *why when it fails. */
apr_status_t um_transport_smtp_open(um_transport_t *t, const char *scheme, const char *rest, const char **why);
apr_status_t um_transport_sendmail_open(um_transport_t *t, const char *scheme, const char *rest, const char **why);
apr_status_t um_transport_file_open(um_transport_t *t, const char *scheme, const char *rest, const char **why);

/** The login file's two halves, in pool; the caller wipes them, also when this fails (NULL: nothing to wipe). */
apr_status_t um_transport_login_read(apr_pool_t *pool, const char *file, char **user, char **password,
                                     const char **why);

/** Whether file holds certificates in PEM. */
apr_status_t um_transport_login_check_ca(apr_pool_t *pool, const char *file, const char **why);

/** What happened, and on what: "what: the system's words for status". */
const char *um_transport_reason(apr_pool_t *pool, const char *what, apr_status_t status);
#endif
