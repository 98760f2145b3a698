/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TRANSPORT_TALK_H
#define UM_TRANSPORT_TALK_H
/* What is said between us and an SMTP server about one message, and what that means for the message. libcurl's return
 * and response codes do not tell at which command a server refused, which decides whose fault it is; its trace does. */
#include "transport_private.h"

/** How far a message has come: what we said last. */
typedef enum {
    UM_TRANSPORT_TALK_HELLO,   /* connecting, TLS, login */
    UM_TRANSPORT_TALK_MAIL,
    UM_TRANSPORT_TALK_RCPT,
    UM_TRANSPORT_TALK_DATA,
    UM_TRANSPORT_TALK_BODY     /* the server has asked for the message */
} um_transport_talk_e;

/** All zero at the start of a message, but has_login at the start of a connection. */
typedef struct um_transport_talk_t {
    um_transport_talk_e phase;
    int code;                  /* of the reply to what we said last; 0: none yet */
    int is_whole;              /* the reply's last line is here */
    int is_over;               /* we have said QUIT: nothing behind that is about the message */
    int has_login;             /* we have said AUTH on this connection */
    apr_size_t len;
    char reply[512];           /* as one line */
} um_transport_talk_t;

/** We have said len bytes of text: one command. */
void um_transport_talk_say(um_transport_talk_t *talk, const char *text, apr_size_t len);

/** The server has said len bytes of text: whole lines. */
void um_transport_talk_hear(um_transport_talk_t *talk, const char *text, apr_size_t len);

/** What has become of a message that was not sent. wants_login: we have a login for this server. error is what is wrong
 *  when the server has refused nothing: the line broke, or time was up. *why is the reply, or the error and where. */
um_transport_e um_transport_talk_judge(const um_transport_talk_t *talk, apr_pool_t *pool, int wants_login,
                                       const char *error, const char **why);
#endif
