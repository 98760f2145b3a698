/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CORE_SETTINGS_H
#define UM_CORE_SETTINGS_H
/* The settings that core reads: what an administrator has set for a site, or the defaults. Each member is one
 * directive, a row of src/http/config/directives.h, which has its default and its range. The struct is part of the
 * settings of a virtual host, and a site points to it, so no value is copied. */
#include <apr.h>

typedef struct um_custom_fields_t um_custom_fields_t;   /* custom_field.h */
typedef struct um_pwhash_params_t um_pwhash_params_t;   /* pwhash.h */
typedef struct um_throttle_rules_t um_throttle_rules_t; /* throttle.h */

/** Whether e-mail addresses are verified by mail. */
typedef enum {
    UM_VERIFY_OFF,
    UM_VERIFY_ON,
    UM_VERIFY_REQUIRED              /**< an account is inactive until its address is verified */
} um_verify_e;

/** What people sign in with. */
typedef enum {
    UM_LOGIN_USERNAME,
    UM_LOGIN_EMAIL,
    UM_LOGIN_BOTH                   /**< with either; a name comes before an address */
} um_login_e;

/** When a new address of an account takes effect. */
typedef enum {
    UM_EMAIL_CHANGE_DIRECT,         /**< at once */
    UM_EMAIL_CHANGE_CONFIRM         /**< when it is confirmed by a token that was mailed to it */
} um_email_change_e;

typedef struct um_core_settings_t {
    /* Passwords */
    const um_pwhash_params_t *password_hash;    /**< cost of new password hashes */
    apr_int64_t password_min_length;            /**< characters */
    apr_int64_t password_max_length;            /**< characters */
    apr_int64_t hash_wait;                      /**< seconds that a caller waits for a turn to hash */
    apr_int64_t basic_cache;                    /**< seconds after which a password is hashed again; 0: each time */

    /* Accounts */
    const um_custom_fields_t *custom_fields;    /**< fields that the site adds to accounts; NULL: none */
    um_login_e login;                           /**< with what people sign in; EMAIL and BOTH need unique_email */
    int unique_email;                           /**< an address belongs to one account only */
    um_email_change_e email_change;             /**< CONFIRM needs mail */
    um_verify_e email_verification;             /**< at registration and when an address is changed */
    apr_int64_t events_keep;                    /**< seconds that events are kept in the database; 0: none is stored */
    apr_int64_t name_quarantine;                /**< seconds that the name of a deleted account stays taken */

    /* Sessions and tokens */
    apr_int64_t token_lifetime;                 /**< seconds */
    apr_int64_t session_idle;                   /**< seconds that a session waits for a refresh; 0: no refresh tokens */
    apr_int64_t session_lifetime;               /**< seconds from sign-in after which a session ends in any case */
    apr_int64_t refresh_grace;                  /**< seconds in which a used refresh token may be used once more */
    apr_int64_t revocation_delay;               /**< seconds that a cached caller is valid; 0: never */
    apr_int64_t database_grace;                 /**< seconds beyond that, while the database is unreachable */

    /* Mail */
    apr_int64_t reset_lifetime;                 /**< seconds that the token of a mail is valid, from when it is made */
    apr_int64_t verify_lifetime;                /**< the same */
    apr_int64_t invite_lifetime;                /**< the same */
    apr_int64_t mail_hourly_limit;              /**< mails of a kind an hour, for an account and for an address */
    apr_int64_t mail_attempts;                  /**< deliveries after which a mail is given up */
    apr_int64_t mail_max_age;                   /**< seconds after which a mail is given up */
    apr_int64_t mail_retention;                 /**< seconds that the record of a mail is kept when it is done */
    int notify_password_change;                 /**< whether the owner of an account is notified by mail */
    int notify_email_change;                    /**< whether the old address is notified */

    /* Webhooks */
    apr_int64_t webhook_max_age;                /**< seconds after which a delivery is given up */
    apr_int64_t webhook_retention;              /**< seconds that the record of a delivery is kept when it is done */

    /* Throttles */
    const um_throttle_rules_t *throttle;        /**< how often clients may try */
} um_core_settings_t;

#endif
