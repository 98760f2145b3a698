/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAILMSG_H
#define UM_MAILMSG_H
/* Formats a mail: RFC 5322 with MIME (RFC 2045 to 2047), in 7-bit ASCII, so that any server accepts it. */
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

/** Builds the message in pool: *len bytes at *bytes, NUL-terminated. Every line ends with CRLF and has at most 76
 * characters, unless an address or message id alone is longer. Text is quoted-printable; names and subject are
 * encoded-words unless they are plain ASCII. The message is marked as sent by a machine (RFC 3834), so that no vacation
 * reply comes back. No field can add a header line: control characters in names and subject become blanks.
 * @return APR_SUCCESS; APR_EINVAL: text is not UTF-8, or the date is outside the years 1970 to 9999; or the error of
 * um_mailaddr_ascii for an address or the message id */
apr_status_t um_mailmsg_build(apr_pool_t *pool, const um_mailmsg_t *m, const char **bytes, apr_size_t *len);
#endif
