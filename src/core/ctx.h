/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CTX_H
#define UM_CTX_H
/* The context of one call into core: its pool, its time, its site, and where the call says what was wrong. */
#include "single_flight.h"
#include "concurrency_limit.h"
#include "password_policy.h"
#include "pwhash.h"
#include "log_limit.h"
#include "signature_cache.h"
#include "store.h"

typedef struct um_keyring_t um_keyring_t;
typedef struct um_mail_settings_t um_mail_settings_t; /* notification.h */
typedef struct um_caller_cache_t um_caller_cache_t; /* caller_cache.h */
typedef struct um_reserved_t um_reserved_t;    /* reserved.h */

#define UM_CTX_SCOPE 16
typedef struct um_client_list_t um_client_list_t; /* client.h */

/** What a site is made of: one database, its keys, its rules. Made once per process and virtual host, shared by
 * threads, never changed. */
typedef struct um_site_t {
    um_store_t *store;
    const um_keyring_t *keys;
    um_signature_cache_t *signatures;          /**< signatures found good before; NULL: check each time */
    um_log_limit_t *database_log;       /**< limits the log lines about a failing database; NULL: no limit */
    um_caller_cache_t *caller_cache;    /**< callers seen a moment ago; NULL: ask each time */
    unsigned char cache_scope[UM_CTX_SCOPE]; /**< tells this site's tokens and accounts from others' in that memory */
    apr_interval_time_t revocation_delay; /**< how long what the database said of a caller is good; 0: ask each time */
    apr_interval_time_t database_grace; /**< how long beyond that, while the database is away */
    um_single_flight_t *single_flight;  /**< passwords that are looked at now; NULL: each by itself */
    apr_int64_t basic_cache;            /**< seconds after which a password is hashed again; 0: each time */
    um_concurrency_limit_t *hash_limit; /**< bounds hashing on this machine; NULL: unbounded (command line) */
    um_log_limit_t *hash_limit_log;     /**< limits the log lines about a full hash limit; NULL: none */
    apr_interval_time_t hash_limit_wait; /**< how long a caller waits for its turn to hash */
    um_pwhash_params_t hash;            /**< of new password hashes */
    um_password_policy_t policy;                 /**< what a new password must be */
    const char *issuer;                 /**< iss of our tokens */
    const char *audience;               /**< aud of our tokens */
    apr_int64_t token_lifetime;         /**< seconds */
    apr_int64_t session_idle;           /**< seconds that a session waits for a refresh; 0: none is refreshed */
    apr_int64_t session_lifetime;       /**< seconds after which a session ends whatever happens */
    apr_int64_t refresh_grace;          /**< seconds in which a refresh token may be used once more */
    const um_client_list_t *clients;    /**< who may ask about tokens; NULL: nobody */
    int unique_email;                   /**< an address belongs to one account only */
    const um_reserved_t *reserved;      /**< names that registration gives to nobody; NULL: none */
    apr_int64_t name_quarantine;        /**< seconds that the name of a deleted account stays taken */
    const um_mail_settings_t *mail_settings; /**< what is said by mail */
} um_site_t;

/** A password or another secret text. It may contain any byte, so it has a length. */
typedef struct um_secret_t {
    const char *text;
    apr_size_t len;             /**< bytes */
} um_secret_t;

/** How a call ended. */
typedef enum {
    UM_OK,
    UM_INVALID,         /**< ctx->errors says what was wrong with which member */
    UM_BAD_TOKEN,       /**< forged, expired, ended, or of somebody who is gone */
    UM_INACTIVE,        /**< a good token of an account that is switched off */
    UM_ABSENT,          /**< no such thing, or not for this caller: he cannot tell which */
    UM_DENIED,          /**< for staff only */
    UM_PRECONDITION,    /**< what the caller demanded of a thing before it is changed does not hold */
    UM_BUSY,            /**< too many wait for their turn to hash; try again */
    UM_UNAVAILABLE,            /**< the database is away or did not do it; try again. ctx->cause */
    UM_FAILED           /**< a fault of ours or of the machine. ctx->cause */
} um_status_e;

/** One thing wrong with the input. */
typedef struct um_error_t {
    const char *field;  /**< member name as the caller knows it, or UM_NO_FIELD */
    const char *code;   /**< stable, e.g. max_length */
    const char *text;   /**< English, for people */
} um_error_t;

#define UM_NO_FIELD "non_field_errors"

/** What a client demands of an account before it is changed or deleted. */
typedef struct um_demand_t {
    const struct um_user_t *shown;  /**< it still shows what this one shows */
    apr_int64_t unmodified_since;   /**< it was last changed no later, seconds since the epoch */
} um_demand_t;

typedef struct um_ctx_t {
    apr_pool_t *pool;               /**< of everything a call returns */
    apr_time_t now;                 /**< set once by who makes the context; rules never read the clock */
    const um_site_t *site;
    const char *address;            /**< client's, for the session's record; may be NULL */
    const char *user_agent;         /**< may be NULL */
    const char *language;           /**< of mails to the caller, e.g. "de"; NULL for the site's own */
    const um_demand_t *demand;      /**< NULL: none */
    apr_array_header_t *errors;     /**< um_error_t */
    const char *cause;              /**< for the log when a call ended in UM_UNAVAILABLE or UM_FAILED; no user data */
    int known;                      /**< the same cause was told a moment ago */
    int wrote_mail;                 /**< the call leaves work for the worker, if it ends in UM_OK */
    const char *subject;            /**< id of the account that the call turned out to concern; for the log, or NULL */
} um_ctx_t;

/** Starts a context. */
void um_ctx_init(um_ctx_t *ctx, apr_pool_t *pool, const um_site_t *site, apr_time_t now);

/** Seconds since the epoch. */
apr_int64_t um_ctx_seconds(const um_ctx_t *ctx);

/** Notes what is wrong with a member. code and text must outlive the context. */
void um_ctx_error(um_ctx_t *ctx, const char *field, const char *code, const char *text);

/** UM_FAILED with a cause. */
um_status_e um_ctx_failed(um_ctx_t *ctx, const char *cause);

/** A call into the store. */
um_store_call_t um_ctx_store(const um_ctx_t *ctx);

/** UM_UNAVAILABLE with the store's cause. */
um_status_e um_ctx_unavailable(um_ctx_t *ctx, const um_store_call_t *call);

#endif
