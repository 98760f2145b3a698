/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAIL_KIND_H
#define UM_MAIL_KIND_H
/* The kinds of mail, as a table: mail_kind.c. A new kind is
 *
 *     a name below, and a row in mail_kind.c;
 *     its texts conf/mail/NAME.LANGUAGE.txt and .html, which the list mail_texts of Makefile.am names: httpd does not
 *     start without those in the fallback language;
 *     a call of um_notification_create (notification.h) in the transaction of the event that it tells. */
#include <apr_pools.h>

typedef struct um_core_settings_t um_core_settings_t;
typedef struct um_mail_settings_t um_mail_settings_t;

#define UM_MAIL_KIND_RESET            "reset"
#define UM_MAIL_KIND_VERIFY           "verify"
#define UM_MAIL_KIND_INVITE           "invite"
#define UM_MAIL_KIND_PASSWORD_CHANGED "password_changed"
#define UM_MAIL_KIND_EMAIL_CHANGE     "email_change"
#define UM_MAIL_KIND_EMAIL_CHANGED    "email_changed"

/** Which accounts get a kind of mail, and at which address. The state of the account counts for kinds that have a token
 * or are requested by address: a notice goes to the account that its row names, also when it is switched off. */
typedef enum {
    UM_MAIL_TO_ACTIVE,          /**< an active account, at its address */
    UM_MAIL_TO_UNVERIFIED,      /**< an account that is active or waits to be verified, at its unverified address */
    UM_MAIL_TO_PENDING,         /**< an active account, at the address that it is to have once that is confirmed */
    UM_MAIL_TO_FORMER           /**< an active account, at the address that it had before. Where addresses are verified,
                                 * only if that one was. Where they are not, nobody knows whose it is: one an hour */
} um_mail_to_e;

/** Beyond UserMgmtMailHourlyLimit mails of a kind for an account, or an address, within an hour. */
typedef enum {
    UM_MAIL_LIMIT_STRICT,       /**< no more */
    UM_MAIL_LIMIT_ONE_EACH,     /**< one for each account, even when other accounts have used up the address's limit */
    UM_MAIL_LIMIT_POSTPONE      /**< likewise, and the last one beyond the limit is sent an hour later */
} um_mail_limit_rule_e;

typedef struct um_mail_kind_t {
    const char *name;           /**< in the outbox, and of its texts */
    int has_token;              /**< it carries a one-time token */
    apr_size_t url;             /**< offset in um_mail_settings_t of the page that takes the token */
    apr_size_t lifetime;        /**< offset in um_core_settings_t of the seconds that the token is valid */
    um_mail_to_e to;
    int has_name;               /**< it has the account's name also when its address is not verified */
    um_mail_limit_rule_e limit;
} um_mail_kind_t;

/** NULL: there is none of that name. */
const um_mail_kind_t *um_mail_kind_find(const char *name);

/** The names of all kinds, NULL-terminated, in pool. */
const char *const *um_mail_kind_names(apr_pool_t *pool);

/** The page that takes the token, with {token}; "" for a kind without a token. */
const char *um_mail_kind_url(const um_mail_kind_t *kind, const um_mail_settings_t *settings);

/** Seconds that the token is valid; 0 for a kind without a token. */
apr_int64_t um_mail_kind_lifetime(const um_mail_kind_t *kind, const um_core_settings_t *settings);

#endif
