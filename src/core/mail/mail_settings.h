/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAIL_SETTINGS_H
#define UM_MAIL_SETTINGS_H
/* How a site sends mail. Limits, lifetimes and switches are in core_settings.h. */

typedef struct um_mail_settings_t um_mail_settings_t;
typedef struct um_templates_t um_templates_t;           /* template.h */

struct um_mail_settings_t {
    int sends;                          /**< whether the site sends mail; if not, nothing below is set */
    const um_templates_t *templates;    /**< the texts */
    const char *from_name;              /**< "": none */
    const char *from_address;
    const char *site;                   /**< the site's name in the texts */
    const char *host;                   /**< separates its mails from other sites' in the database; nodes share it */
    const char *reset_url, *verify_url, *invite_url; /**< pages of the site, with {token} */
};

/** The limits count the mails of so many seconds. */
#define UM_MAIL_LIMIT_PERIOD 3600

/** No mail waits longer than so many seconds, whatever a site has set. An older one belongs to no site any more. */
#define UM_MAIL_LONGEST_AGE (30 * 86400)

#endif
