/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_THROTTLE_H
#define UM_THROTTLE_H
/* Throttles: how often a client address, or a name that somebody types, may try. Counts are in shared memory
 * (throttle_table.h). A use is taken before anything is checked, so that attempts at the same moment count like those
 * one after the other, and it is given back when the attempt succeeded or could not be judged. So failures count.
 *
 * A throttled call returns UM_THROTTLED and sets ctx->retry_after. It has asked neither the database nor for a hash. A
 * right password is refused like a wrong one. Nothing is throttled when
 * ctx->throttle_client is NULL. */
#include "ctx.h"
#include "throttle_table.h"

/** What is throttled: a column of the API's routes, and a word of the directive UserMgmtThrottle. */
typedef enum {
    UM_THROTTLE_SIGN_IN,        /**< failures of whatever verifies a password */
    UM_THROTTLE_REGISTER,
    UM_THROTTLE_RESET,          /**< requests for mails to reset a password or to verify an address */
    UM_THROTTLE_CONFIRM,        /**< uses of one-time tokens */
    UM_THROTTLE_REFRESH,        /**< refresh and introspection */
    UM_THROTTLE_API,            /**< everything else of the API */
    UM_THROTTLE_CLASSES,
    UM_THROTTLE_NONE = UM_THROTTLE_CLASSES  /**< of a route that is never throttled */
} um_throttle_class_e;

/** By what attempts are counted. */
typedef enum {
    UM_THROTTLE_ADDRESS,        /**< the client's address */
    UM_THROTTLE_ACCOUNT,        /**< a name, or an e-mail address, as typed and folded */
    UM_THROTTLE_BOTH,           /**< the two together */
    UM_THROTTLE_KEYS
} um_throttle_key_e;

/** The limits of a site. An interval of 0: no limit. */
typedef struct um_throttle_rules_t {
    um_throttle_limit_t limit[UM_THROTTLE_CLASSES][UM_THROTTLE_KEYS];
    unsigned char is_set[UM_THROTTLE_CLASSES][UM_THROTTLE_KEYS];    /**< by the configuration of this very host */
} um_throttle_rules_t;

/** The address of a client, as it is counted: an IPv4 address; an IPv6 address by its /64 and by its /48, which has ten
 * times the allowance. An IPv4 address mapped into IPv6, or translated to 64:ff9b::/96, is an IPv4 address. */
typedef struct um_throttle_client_t {
    unsigned char bytes[16];
    int len;                    /**< 4 or 16 */
    const char *text;           /**< for the list of the refused */
} um_throttle_client_t;

/** Reads an address as httpd writes it. 0: the text is none; then the client is not to be throttled. client->text is
 * text itself. */
int um_throttle_client_parse(apr_pool_t *pool, const char *text, um_throttle_client_t *client);

/** A number that is the same for all addresses that count as one client; 0 for NULL. */
apr_uint64_t um_throttle_client_number(const um_throttle_client_t *client);

/** What this process has of the throttles. */
typedef struct um_throttle_t {
    um_throttle_table_t *table;
    void *refusals;             /**< refusal_log.h */
} um_throttle_t;

/** The words of classes and keys, as the directive has them; NULL-terminated. */
extern const char *const um_throttle_class_names[];
extern const char *const um_throttle_key_names[];

/** The limits that hold where nothing is configured. */
extern const um_throttle_rules_t um_throttle_defaults;

/** Bytes of shared memory for a table of so many bytes, with the list of the refused. */
apr_size_t um_throttle_size(apr_size_t table);

/** Lays size bytes of shared memory out, which are all zero; once, before any process attaches. APR_EINVAL: they are
 * too few. APR_EGENERAL: there are no random bytes. */
apr_status_t um_throttle_init(apr_pool_t *pool, void *memory, apr_size_t size);

/** This process's view of the memory, which must outlive pool. NULL: it holds something else, or the counts of another
 * version of this file. */
um_throttle_t *um_throttle_attach(apr_pool_t *pool, void *memory, apr_size_t size);

/** Sets site->throttle_scope. Sites with the same accounts have the same counts.
 * @param database  identifies the database */
void um_throttle_set_scope(um_site_t *site, const char *database);

/** The name of the file in memory that httpd's parent holds the counts in (memfd_create). */
#define UM_THROTTLE_MEMORY_NAME "usermgmt-throttle"

/** Uses that were taken, to give them back. */
#define UM_THROTTLE_MOST 8
typedef struct um_throttle_uses_t {
    int count;
    struct { apr_uint64_t hash; um_throttle_limit_t limit; } use[UM_THROTTLE_MOST];
    apr_uint64_t pair[2];       /**< of a sign-in: the counts of name and address, to be forgotten when it succeeds */
    apr_uint64_t mark;          /**< and the note that they belong together */
} um_throttle_uses_t;

/** Takes a use of a class by the client's address. UM_THROTTLED. */
um_status_e um_throttle_take_address(um_ctx_t *ctx, um_throttle_class_e class, um_throttle_uses_t *uses);

/** Takes a line of a log by the client's address, for requests that no class counts. Nothing is refused.
 * @param kind  of the line, from 0 to 100
 * @return 0: the address has had as many lines as the limit allows */
int um_throttle_may_log(um_ctx_t *ctx, int kind, const um_throttle_limit_t *limit);

/** Takes a use of a class by a name or an e-mail address, as folded. UM_THROTTLED.
 * @param what  begins with the kind of mail for an e-mail address */
um_status_e um_throttle_take_account(um_ctx_t *ctx, um_throttle_class_e class, const char *what, const char *key);

/** Takes a sign-in by address, by name, and by both. The limit of a name over all addresses does not hold for an
 * address that has signed in to the account within the last 30 days; if that is not known, the database is asked, at
 * most once an hour for each pair of name and address.
 * @param key  of the name (um_unicode_key); NULL: no account can have the name, so only the address counts
 * @return UM_OK, UM_THROTTLED */
um_status_e um_throttle_take_sign_in(um_ctx_t *ctx, const char *key, um_throttle_uses_t *uses);

/** Whether a sign-in would be throttled now, without counting it. */
um_status_e um_throttle_peek_sign_in(um_ctx_t *ctx, const char *key);

/** Takes a try of a known caller at their own password, with the counts of the sign-ins of the account.
 * @param key  of the account's name
 * @return UM_OK, UM_THROTTLED */
um_status_e um_throttle_take_own(um_ctx_t *ctx, const char *key, um_throttle_uses_t *uses);

/** Takes a sign-in by the account that was found, so that two ways to name an account are not two allowances. The
 * client's address was counted by um_throttle_take_sign_in(). The client must not learn of UM_THROTTLED, because
 * that would tell whose address was typed; so ctx has no cause then. For the same reason the account's count is
 * none of those of um_throttle_take_sign_in(), even when its name was typed. um_throttle_peek_found() only looks.
 * @param key  um_login_name_account(); NULL: what was typed was counted, and that is enough */
um_status_e um_throttle_take_found(um_ctx_t *ctx, const char *key, um_throttle_uses_t *uses);
um_status_e um_throttle_peek_found(um_ctx_t *ctx, const char *key);

/** Gives back the uses of a try that could not be judged. */
void um_throttle_give_back(um_ctx_t *ctx, um_throttle_uses_t *uses);

/** Settles the uses of a sign-in by the status of verifying the password. UM_INVALID: they stay counted. UM_OK: they
 * are given back, the failures of name and address together are forgotten, and it is noted that the address has signed
 * in to the account. Otherwise the try could not be judged, and they are given back. */
void um_throttle_settle(um_ctx_t *ctx, um_throttle_uses_t *uses, um_status_e status);

/** Forgets the counts of a name or an address: for an administrator. Either may be NULL; with both, the count of the
 * two together.
 * @param scope  of the site; 0: all scopes
 * @return how many counts there were */
int um_throttle_clear(const um_throttle_t *throttle, apr_uint64_t scope, const char *key,
                      const um_throttle_client_t *client);

#endif
