/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_NOTIFICATION_H
#define UM_NOTIFICATION_H
/* What a site says by mail and how; and what an event leaves in the outbox. Nothing is sent here. */
#include "core_settings.h"
#include "ctx.h"
#include "store_mail.h"
#include "store_user.h"
#include "template.h"

/** The kinds of mail: names of templates, and of rows in the outbox. */
#define UM_MAIL_KIND_RESET            "reset"
#define UM_MAIL_KIND_VERIFY           "verify"
#define UM_MAIL_KIND_PASSWORD_CHANGED "password_changed"
#define UM_MAIL_KIND_EMAIL_CHANGED    "email_changed"

/** All kinds, and all placeholders that their templates may use; NULL-terminated. */
extern const char *const um_notification_kinds[], *const um_notification_placeholders[];

/** Seconds within which mails are counted. */
#define UM_NOTIFICATION_HOUR 3600

/** Seconds that a mail is waited for at most, whatever a site has set: what is older is nobody's. */
#define UM_NOTIFICATION_LONGEST_AGE (30 * 86400)

struct um_mail_settings_t {
    int sends;                          /**< whether mail leaves at all; else nothing below is set */
    const um_templates_t *templates;
    const char *from_name;              /**< "" for none */
    const char *from_address;
    const char *site;                   /**< how mails call the site */
    const char *host;                   /**< tells its mails from those of others in one database; nodes share it */
    const char *reset_url, *verify_url; /**< of the site's own pages, with {token} */
};

/** Whether addresses are to be verified; off where nothing is said by mail. */
um_verify_e um_notification_verification(const um_ctx_t *ctx);

/** A request for a mail to whoever has an address: one row, whether anybody has it or not; none where the site sends no
 * mail. UM_UNAVAILABLE, UM_FAILED. */
um_status_e um_notification_request(um_ctx_t *ctx, const char *kind, const char *address);

/** Makes a row that tells a user of something, for the transaction in which it happens; NULL in *mail when he has no
 * address. Where addresses are verified, that another one has taken its place is told only to one that was: else
 * anybody could have strangers told. UM_UNAVAILABLE, UM_FAILED.
 * @param address  where it goes: not always his present one */
um_status_e um_notification_create(um_ctx_t *ctx, const char *kind, const um_user_t *user, const char *address,
                                   const char *detail, um_mail_t **mail);

/** A row that tells a user at his address that his password was changed; NULL where the site does not tell.
 * UM_FAILED. */
um_status_e um_notification_password_changed(um_ctx_t *ctx, const um_user_t *user, um_mail_t **mail);

/** The finished message of a row (RFC 5322). token "" for kinds that carry none. UM_FAILED: it cannot be made, ever.
 * @param bytes  in the context's pool */
um_status_e um_notification_render(um_ctx_t *ctx, const um_mail_t *mail, const char *token, const char **bytes,
                                   apr_size_t *len);

#endif
