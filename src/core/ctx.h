/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CTX_H
#define UM_CTX_H
/* The context of a call into core: its pool, its time, its site, and what the call found wrong. Types of other headers
 * are only declared here; a file that uses one includes its header. */
#include "message.h"

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

typedef struct um_caller_cache_t um_caller_cache_t;
typedef struct um_counters_t um_counters_t;
typedef struct um_client_list_t um_client_list_t;
typedef struct um_core_settings_t um_core_settings_t;
typedef struct um_concurrency_limit_t um_concurrency_limit_t;
typedef struct um_event_t um_event_t;
typedef struct um_idempotency_t um_idempotency_t;
typedef struct um_keyring_t um_keyring_t;
typedef struct um_mail_settings_t um_mail_settings_t;
typedef struct um_password_kinds_t um_password_kinds_t;
typedef struct um_pepper_t um_pepper_t;
typedef struct um_reserved_t um_reserved_t;
typedef struct um_log_limit_t um_log_limit_t;
typedef struct um_opaque_token_memory_t um_opaque_token_memory_t;
typedef struct um_signature_cache_t um_signature_cache_t;
typedef struct um_single_flight_t um_single_flight_t;
typedef struct um_store_call_t um_store_call_t;
typedef struct um_store_t um_store_t;
typedef struct um_throttle_client_t um_throttle_client_t;
typedef struct um_throttle_t um_throttle_t;
typedef struct um_user_t um_user_t;
typedef struct um_webhook_list_t um_webhook_list_t;
typedef struct um_wordlist_t um_wordlist_t;

#define UM_CTX_SCOPE 16

/** What the calls of one site share: a database, keys, settings. Made once per process and virtual host, shared by
 * threads, never changed. */
typedef struct um_site_t {
    const um_core_settings_t *settings;
    um_store_t *store;
    const um_keyring_t *keys;
    const char *issuer;                 /**< iss of our tokens, and the only one accepted */
    const char *audience;               /**< aud of our tokens, and the only one accepted */
    const um_wordlist_t *common_passwords; /**< passwords that nobody may choose; NULL: none */
    const um_reserved_t *reserved;      /**< names that registration gives to nobody; NULL: none */
    const um_client_list_t *clients;    /**< trusted clients, which may ask about tokens; NULL: none */
    um_password_kinds_t *password_kinds; /**< of the hashes in the database; NULL: not known (command line) */
    const um_pepper_t *pepper;          /**< of password hashes; NULL: none */
    const um_mail_settings_t *mail_settings; /**< what mails say, and of which host; NULL: no mail (command line) */
    const um_webhook_list_t *webhooks;  /**< who gets events by HTTP (webhook_list.h); NULL: nobody */
    um_opaque_token_memory_t *opaque_tokens; /**< whether there are imported tokens; NULL: ask each time */
    um_signature_cache_t *signatures;   /**< signatures that were verified before; NULL: verify each time */
    um_caller_cache_t *caller_cache;    /**< NULL: ask the database each time */
    unsigned char cache_scope[UM_CTX_SCOPE]; /**< separates this site's entries in the caller cache from other sites' */
    um_single_flight_t *single_flight;  /**< passwords that are being verified; NULL: each request by itself */
    um_concurrency_limit_t *hash_limit; /**< limits hashing on this machine; NULL: unlimited (command line) */
    um_log_limit_t *hash_limit_log;     /**< limits log lines about a full hash limit; NULL: none */
    um_log_limit_t *database_log;       /**< limits log lines about an unreachable database; NULL: no limit */
    um_throttle_t *throttle;            /**< NULL: nothing is throttled (command line) */
    apr_uint64_t throttle_scope;        /**< separates the counts of this site's accounts from other databases' */
    um_log_limit_t *throttle_log;       /**< limits log lines about throttled keys; NULL: none */
    um_counters_t *counters;            /**< of the metrics, see metric.h; NULL: nothing is counted (command line) */
} um_site_t;

/** A password or another secret text. It may contain any byte, so it has a length. */
typedef struct um_secret_t {
    const char *text;
    apr_size_t len;             /**< bytes */
} um_secret_t;

/** How a call ended. */
typedef enum {
    UM_OK,
    UM_INVALID,         /**< ctx->errors says what is wrong with which field */
    UM_BAD_TOKEN,       /**< the token is forged, expired or revoked, or its account is gone */
    UM_INACTIVE,        /**< the token is valid, but its account is inactive */
    UM_ABSENT,          /**< not found, or not visible to this caller, who cannot tell which */
    UM_DENIED,          /**< for staff only */
    UM_PRECONDITION,    /**< a precondition of the request (RFC 9110, section 13) is false */
    UM_REUSED,          /**< an Idempotency-Key was used for another request */
    UM_BUSY,            /**< too many requests wait to hash a password; try again. ctx->cause */
    UM_THROTTLED,       /**< too many tries; ctx->retry_after says when to try again. ctx->cause has which limit */
    UM_UNAVAILABLE,     /**< the database is unreachable or failed; try again. ctx->cause */
    UM_FAILED           /**< an internal error. ctx->cause */
} um_status_e;

/** One error of the input. */
typedef struct um_error_t {
    const char *field;  /**< the field's name as the caller sent it, or UM_NO_FIELD */
    const char *code;   /**< stable, e.g. max_length */
    const char *text;   /**< English, for people */
    um_message_e message;
    const char *value;  /**< of the message; NULL: it has none */
} um_error_t;

#define UM_NO_FIELD "non_field_errors"

/** What a client demands of an account before it is changed or deleted. */
typedef struct um_demand_t {
    const um_user_t *shown;         /**< its profile still equals this one */
    apr_int64_t unmodified_since;   /**< its last change is not later than this; seconds since the epoch */
} um_demand_t;

typedef struct um_ctx_t {
    apr_pool_t *pool;               /**< of everything a call returns */
    apr_time_t now;                 /**< set once, when the context is made; core never reads the clock */
    const um_site_t *site;
    const um_core_settings_t *settings; /**< of the site */
    const char *address;            /**< the client's, for the session's record; may be NULL */
    const um_throttle_client_t *throttle_client; /**< whose tries are counted; NULL: nobody's (throttle.h) */
    const char *user_agent;         /**< may be NULL */
    const char *language;           /**< of mails to the caller, e.g. "de"; NULL for the site's own */
    const um_demand_t *demand;      /**< NULL: none */
    um_idempotency_t *idempotency;  /**< of a call that makes an account (idempotency.h); NULL: none */
    apr_array_header_t *errors;     /**< um_error_t */
    const char *cause;              /**< for the log, after the statuses that say so; has no user data */
    const char *alarm;              /**< for the log, however the call ended: what has to be mended; or NULL */
    int is_logged;                  /**< the same cause was logged a moment ago */
    apr_int64_t retry_after;        /**< after UM_THROTTLED: seconds, at least 1 */
    int wrote_mail;                 /**< the call leaves work for the worker, if it ends in UM_OK */
    const char *subject;            /**< id of the account that the call turned out to concern, for the log; or NULL */

    /* For the record of events, see event.h. */
    const char *actor;              /**< who calls: the id of an account, "client NAME", "cli" or "worker"; NULL: nobody
                                     * known */
    const char *actor_session;      /**< the session of that account; NULL: none */
    const char *request_id;         /**< NULL: none */
    const char *host;               /**< name of the virtual host; NULL: none */
    const char *node;               /**< name of this machine; NULL: not known */
    int reason;                     /**< why the caller was refused, a um_reason_e; set with cause */
    apr_array_header_t *events;     /**< um_event_t *: what happened in this call; NULL: nothing */
    int events_lost;                /**< how many more there were than the list takes */
} um_ctx_t;

/** Starts a context. The site's store, keys and settings may be used by all functions of core that the context is given
 * to; site may be NULL where none of them is called. */
void um_ctx_init(um_ctx_t *ctx, apr_pool_t *pool, const um_site_t *site, apr_time_t now);

/** The context's time in seconds since the epoch. */
apr_int64_t um_ctx_seconds(const um_ctx_t *ctx);

/** Adds an error of a field of the input. field must outlive the context. */
void um_ctx_error(um_ctx_t *ctx, const char *field, um_message_e message);

/** Adds an error of a field whose text has a value. field and value must outlive the context. */
void um_ctx_error_with(um_ctx_t *ctx, const char *field, um_message_e message, const char *value);

/** Sets the cause and returns UM_FAILED. */
um_status_e um_ctx_failed(um_ctx_t *ctx, const char *cause);

/** Starts a call into the store, with the context's pool. */
um_store_call_t um_ctx_store(const um_ctx_t *ctx);

/** Takes over the cause of a failed store call and returns UM_UNAVAILABLE. */
um_status_e um_ctx_unavailable(um_ctx_t *ctx, const um_store_call_t *call);

#endif
