/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAIL_PREPARE_H
#define UM_MAIL_PREPARE_H
/* A claimed mail made ready to be sent: whom a request is for is found out here, here tokens are made, and here it is
 * seen how much an address has got lately. */
#include "notification.h"

/** A mail with its token. */
typedef struct um_mail_prepared_t {
    const um_mail_t *mail;      /**< with the account's own address and name; NULL: nothing is to be sent */
    const char *token;          /**< in clear, only here; "" for kinds that carry none */
    const char *refused;        /**< why it was given up, as recorded; NULL: it was not */
} um_mail_prepared_t;

/** Makes the prepared of a claimed mail, in a transaction that may be done again from its start. A request that is for
 * nobody is recorded as done; of several accounts that it is for each further one gets a row of its own, and where
 * there are more of them than a page, a row looks for the rest. What may not be sent is recorded as given up.
 * APR_EGENERAL: hand it on; UM_STORE_ROLLED_BACK with ctx->cause: the prepared cannot be made now. */
apr_status_t um_mail_prepare(um_tx_t *tx, um_ctx_t *ctx, const char *claim, const um_mail_t *mail,
                             um_mail_prepared_t *prepared);

#endif
