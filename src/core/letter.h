/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_LETTER_H
#define UM_LETTER_H
/* Claimed mails made ready to be sent: whom a wish is for is found out here, and here tokens are made. */
#include "mailing.h"

/** A mail with its token. */
typedef struct um_letter_t {
    const um_mail_t *mail;      /**< with the account's own address and name */
    const char *token;          /**< in clear, only here; "" for kinds that carry none */
} um_letter_t;

/** Makes letters of claimed mails, in one transaction. A wish that is for nobody is recorded as done; one for several
 * accounts becomes a mail for each. UM_AWAY, UM_FAILED: nothing was done, the claim stands until its lease ends.
 * @param mails  um_mail_t *
 * @param letters  um_letter_t */
um_status_e um_letter_prepare(um_cx_t *cx, const char *claim, const apr_array_header_t *mails,
                              apr_array_header_t **letters);

#endif
