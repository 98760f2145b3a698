/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_NOTIFICATION_H
#define UM_NOTIFICATION_H
/* Notifications: the rows that an event leaves in the outbox, and the messages that are made of them. Nothing is sent
 * here. */
#include "core_settings.h"
#include "ctx.h"
#include "event.h"

typedef struct um_mail_t um_mail_t;                     /* store_mail.h */

/** All placeholders that the texts may use; NULL-terminated. */
extern const char *const um_notification_placeholders[];

/** Whether addresses are verified; UM_VERIFY_OFF where the context has no mail settings. */
um_verify_e um_notification_verification(const um_ctx_t *ctx);

/** Stores a request for a mail to the accounts of an address: one row, whether there is such an account or not. Nothing
 * is stored where the site sends no mail. UM_UNAVAILABLE, UM_FAILED. UM_OK with UM_REASON_THROTTLED in ctx->reason: the
 * address was asked for too often, so there will be no mail, which the caller is not told. */
um_status_e um_notification_request(um_ctx_t *ctx, const char *kind, const char *address);

/** Adds the event that somebody asked for a mail, after um_notification_request(). It has failed when the address was
 * asked for too often: no mail is made, and the caller is not told. */
void um_notification_asked(um_ctx_t *ctx, um_event_e kind, const char *address, um_status_e status);

/** Makes the row of a mail to a user, to be stored in the transaction of the event that it tells. *mail is NULL when
 * address is "", or when the kind (UM_MAIL_TO_FORMER) goes to verified addresses only and this one is not: otherwise
 * anybody could have mails sent to strangers. UM_UNAVAILABLE, UM_FAILED.
 * @param address  where the mail goes; not always the user's present address
 * @param detail   the value of {new_email} in the texts; "": none */
um_status_e um_notification_create(um_ctx_t *ctx, const char *kind, const um_user_t *user, const char *address,
                                   const char *detail, um_mail_t **mail);

/** Makes the row of the mail that tells a user that their password was changed. *mail is NULL where the site does not
 * send it, or the user has no address. UM_FAILED. */
um_status_e um_notification_password_changed(um_ctx_t *ctx, const um_user_t *user, um_mail_t **mail);

/** Makes the message of a row (RFC 5322), in the context's pool. UM_FAILED: no message can be made of it, now or later.
 * @param token  "" for a kind without a token */
um_status_e um_notification_render(um_ctx_t *ctx, const um_mail_t *mail, const char *token, const char **bytes,
                                   apr_size_t *len);

#endif
