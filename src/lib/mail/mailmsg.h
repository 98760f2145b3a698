/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAILMSG_H
#define UM_MAILMSG_H
/* A mail as bytes: RFC 5322 with MIME (RFC 2045 to 2047), in 7-bit ASCII, so that any server takes it. */
#include <apr_pools.h>
#include <apr_time.h>

/** All text is UTF-8. */
typedef struct um_mailmsg_t {
    const char *from_name;      /* NULL or "": none */
    const char *from_address;
    const char *to_name;        /* NULL or "": none */
    const char *to_address;
    const char *subject;
    const char *text;           /* line ends LF, CRLF or CR */
    const char *html;           /* NULL: no HTML part */
    const char *message_id;     /* made like an address, without <> */
    apr_time_t date;
} um_mailmsg_t;

/** *bytes is the *len bytes of the message in pool, NUL-terminated: CRLF for every line end, no line longer than 76
 *  characters but one that is an address or a message id longer than that; text in quoted-printable, names and subject
 *  in encoded-words where they are not plain. It is marked as sent by a machine (RFC 3834), so that no holiday notice
 *  comes back. Nothing in m adds a header line: control characters in names and subject become blanks.
 *  APR_EINVAL: text that is not UTF-8, a date outside the years 1970 to 9999, or what um_mailaddr_ascii says of an
 *  address or the message id. */
apr_status_t um_mailmsg_build(apr_pool_t *pool, const um_mailmsg_t *m, const char **bytes, apr_size_t *len);
#endif
