/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PROCESS_H
#define UM_PROCESS_H
/* The private header of src/http/process: what happens at the start of httpd, in its parent and in each child, and in
 * the worker. Functions are grouped by file.
 *
 * Functions that take a um_config_check_t check the configuration of one host. They run as root, before any child
 * exists, and open what the settings name. They return NULL, or a message: the directive, the file and line where it
 * was set, what is wrong, and what to do. */
#include "module.h"

#include <apr_global_mutex.h>
#include <stdatomic.h>

typedef struct um_ctx_t um_ctx_t;                           /* ctx.h */
typedef struct um_database_limits_t um_database_limits_t;   /* database_limits.c */
typedef struct um_counters_t um_counters_t;                 /* counters.h */
typedef struct um_guard_t um_guard_t;                       /* store.h */
typedef struct um_overview_t um_overview_t;                 /* store_admin.h */
typedef struct um_store_t um_store_t;                       /* store.h */
typedef struct um_webhook_counts_t um_webhook_counts_t;     /* store_webhook.h */

/* --- config_check.c: checks of the whole configuration ------------------------------------------------------------ */

typedef struct um_config_check_t {
    um_server_t *server;            /**< the host */
    server_rec *main_server;
    apr_pool_t *pconf;              /**< of what is opened */
    apr_pool_t *ptemp;              /**< of messages */
} um_config_check_t;

/** Hook check_config: checks each host that serves the API or has a key. Logs each error (UM201); if there is one,
 * httpd does not start. */
int um_config_check_run(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Hook post_config: logs warnings about a configuration that is valid. "httpd -t" has them from the function above. */
int um_config_check_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** A message about a directive: "DIRECTIVE VALUE (FILE:LINE): TEXT". */
__attribute__((format(printf, 3, 4)))
const char *um_config_check_error(const um_config_check_t *check, um_directive_e directive, const char *format, ...);

/** Checks that only the owner and group of a file that a directive names can read it and write to it. A file that
 * cannot be found is left to the function that opens it. */
const char *um_config_check_mode(const um_config_check_t *check, um_directive_e directive, const char *file);

/* --- config_dump.c: the configuration for the program usermgmt ---------------------------------------------------- */

/* "httpd -t -D DUMP_USERMGMT" prints one line of JSON to standard output: each host that serves the API or has a key,
 * with its database and the value of each directive of the module. DBDParams may contain a password. The caller can
 * read the configuration and knows it, so it is printed to the caller and nowhere else. Nothing is checked: the caller
 * may not have the rights that the checks need. */

/** Whether this process is such a test run. */
int um_config_dump_wanted(void);

/** Prints the line. For the hook check_config. */
int um_config_dump_run(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server);

/* --- virtual_host.c: what the configuration as a whole means for a host ------------------------------------------- */

/* A host manages its database when it serves the API or sets a UserMgmtSigningKey itself, and so does the main server.
 * It uses the database that mod_dbd has for it, and the module keeps the schema there up to date. A virtual host that
 * merely inherits the key checks the main server's tokens. So it uses the main server's database, whatever mod_dbd
 * would give it; if the main server has none, it uses its own, and the module does not change the schema there. */

/** Whether a host manages its database, see above. */
int um_virtual_host_manages_database(const um_server_t *server);

/** Sets server->dbd. */
void um_virtual_host_choose_dbd(um_server_t *server, server_rec *main_server);

/** The ServerName that an administrator has set for a host: its own, or else the main server's. NULL: none is set, and
 * httpd's server_hostname is a guess. */
const char *um_virtual_host_name(const server_rec *server, const server_rec *main_server);

/** A host for messages: "main server", or "virtual host NAME (FILE:LINE)". In pool. */
const char *um_virtual_host_describe(apr_pool_t *pool, const server_rec *s);

/** Sets server->issuer. The databases of all hosts must be known. */
const char *um_virtual_host_check_issuer(const um_config_check_t *check);

/** Checks a host that has no database: it is an error only where a request would need one. */
const char *um_virtual_host_check_without_database(const um_config_check_t *check);

/** Hook post_config: logs a line (UM221) for each host with a key. */
int um_virtual_host_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/* --- database_check.c: mod_dbd's directives ----------------------------------------------------------------------- */

/** Finds a host's database in mod_dbd's directives and sets dbd, database and the members that follow from them.
 * server->database stays NULL, without an error, where a main server has a key and only its virtual hosts have
 * databases. */
const char *um_database_check(const um_config_check_t *check);

/** Warns (UM112) when the connection string of PostgreSQL does not limit the time for a host that does not answer.
 * After um_database_check(). */
void um_database_check_warn(const um_server_t *server, apr_pool_t *ptemp);

/* --- database.c: mod_dbd's connections for the store -------------------------------------------------------------- */

/** A child's store of a host's database. */
um_store_t *um_database_store(apr_pool_t *pchild, um_server_t *server, um_guard_t guard, um_counters_t *counters);

/* --- database_limits.c: limits for a database that does not answer ------------------------------------------------ */

/* A database that does not answer must not occupy all threads of a child. So the number of connections in use, the
 * number of threads that wait for one, and the time of a call are limited. */

/** The parts that the hosts of a child share. For hook child_init, after the fork. */
um_database_limits_t *um_database_limits_create(apr_pool_t *pchild, server_rec *main_server);

/** The limits for the connections of one host. */
um_guard_t um_database_limits_for(um_database_limits_t *limits, apr_pool_t *pchild, const um_server_t *server);

/* --- as_user.c: a process of httpd's user ------------------------------------------------------------------------- */

/** Work to do as httpd's user. Returns what was done, or NULL and *why it was not. */
typedef const char *um_as_user_fn(apr_pool_t *pool, const void *baton, const char **why);

/** Does work in a child process that runs as httpd's user, and waits for it. Whether it was done. *answer: what work
 * returned, or why it was not done; at most 1 KB. */
int um_as_user_run(apr_pool_t *ptemp, server_rec *s, um_as_user_fn *work, const void *baton, const char **answer);

/* --- sqlite_file.c: the file of a SQLite database ----------------------------------------------------------------- */

/* SQLite creates a file that does not exist, and keeps writing into one that was removed or replaced. Both would lose
 * accounts without an error, so:
 * - The parent creates file and schema at the start, in a process of httpd's user, before children open connections: a
 *   change of the schema would break the statements that other modules have prepared. It leaves a marker beside the
 *   keys. If there is a marker and no file, the module creates no database, and requests are answered 503.
 * - Children compare the file once a second with the one that was there at the start. */

/** The watched file of a host whose database is SQLite. Lives in pconf. */
um_sqlite_file_t *um_sqlite_file_create(apr_pool_t *pconf, const char *path);

/** Hook post_config: creates databases and markers, and records which files are there. */
int um_sqlite_file_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Whether connections to the file may be used now. NULL, or the reason why not, which has been logged.
 * @param at_once  look now, even if the last look was less than a second ago */
const char *um_sqlite_file_trouble(um_sqlite_file_t *file, const server_rec *server, int at_once);

/* --- mail_setup.c: mail ------------------------------------------------------------------------------------------- */

/** Checks all settings of mail, and sets server->mail_settings and server->transport, which live in pconf. */
const char *um_mail_setup_check(const um_config_check_t *check);

/** The language of mails that a request causes, from its Accept-Language; "" for the site's own. */
const char *um_mail_setup_language(const um_server_t *server, const request_rec *r);

/* --- webhook_setup.c: webhooks ------------------------------------------------------------------------------------ */

/** Checks all settings of webhooks, and sets server->webhooks, which lives in pconf. After um_mail_setup_check(). */
const char *um_webhook_setup_check(const um_config_check_t *check);

/* --- key_reload.c: the keys of a running server ------------------------------------------------------------------- */

/** Checks that httpd's user can rotate the keys, if UserMgmtKeyRotation is not 0. */
const char *um_key_reload_check_rotation(const um_config_check_t *check);

/** Hook post_config: sets keys_readable, and logs (UM601) which keys children cannot reload. */
int um_key_reload_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Hook child_init: starts to reload keys when their folder changes. */
void um_key_reload_child_init(apr_pool_t *pchild, server_rec *main_server);

/** For the worker, in each of its calls: does the steps of a rotation that are due. */
void um_key_reload_rotate(apr_pool_t *pool);

/** Seconds for which others may cache the set of public keys. This is less than the time for which a key is published
 * before it signs. */
int um_key_reload_max_age(const um_server_t *server);

/* --- shared_memory.c: memory and a mutex of all processes --------------------------------------------------------- */

/* This memory is shared by all children of this httpd, and it is kept over a graceful restart. It contains no pointers:
 * the module is loaded again at each restart, and children may map the memory at other addresses. */

/** Registers the name of the mutex, so that the Mutex directive knows it. */
apr_status_t um_shared_memory_pre_config(apr_pool_t *pconf);

/** Creates memory and mutex at the first start, and finds them again at the next ones. Errors are logged. */
apr_status_t um_shared_memory_create(server_rec *main_server);

/** Opens the mutex in a child. Errors are logged. */
void um_shared_memory_child_init(apr_pool_t *pchild, server_rec *main_server);

/** The mutex of SQLite's writers. The children of before and after a restart use the same one. */
apr_global_mutex_t *um_shared_memory_sqlite_mutex(void);

/** Wakes the worker, in whichever process it is, because there may be mail. */
void um_shared_memory_wake_worker(void);

/** This child's view of the counters of the metrics (metric.h). */
um_counters_t *um_shared_memory_counters(apr_pool_t *pchild);

/** How often the worker was woken so far. */
apr_uint32_t um_shared_memory_wake_count(void);

/** The memory of the kinds of password hashes. */
void *um_shared_memory_password_kinds(void);

/** The memory of the hash limit. */
void *um_shared_memory_hash_limit(void);

/** The memory of the caller cache and its size in bytes, which UserMgmtSessionCache had at the first start. */
void *um_shared_memory_caller_cache(void);
apr_size_t um_shared_memory_caller_cache_size(void);

/** The memory of the throttles and its size in bytes, which UserMgmtThrottleMemory had at the first start. */
void *um_shared_memory_throttle(void);
apr_size_t um_shared_memory_throttle_size(void);

/* --- request_id.c: the id of a request ---------------------------------------------------------------------------- */

/* Answers, the audit log, and httpd's own log (%L in ErrorLogFormat) have the same id of a request. A client's is not
 * taken: it could be that of another request, and is a text of a stranger. */

/** mod_unique_id's id if that module is loaded, or else the one that httpd makes for its log. A subrequest and an
 * internal redirect have that of the request that the client sent. Lives as long as r. */
const char *um_request_id_of(request_rec *r);

/** Sets X-Request-Id in the answer, also if it becomes an error. */
void um_request_id_send(request_rec *r);

/* --- request_metrics.c: counting requests ------------------------------------------------------------------------- */

/* A request is counted by where it went, and by the class of its status: a slot has five counters. Its time is counted
 * by its kind, because a sign-in costs a hash and a check of a token next to nothing. No text of a client is part of
 * either, so the number of series is fixed. */

/** The slots. The rows of route.c and of page_route.c follow from their first ones on. */
enum { UM_REQUEST_OTHER, UM_REQUEST_PLACE, UM_REQUEST_BASIC, UM_REQUEST_ROUTES = 8, UM_REQUEST_PAGES = 160 };

typedef enum {
    UM_REQUEST_KIND_API, UM_REQUEST_KIND_SIGN_IN, UM_REQUEST_KIND_PLACE, UM_REQUEST_KIND_BASIC, UM_REQUEST_KIND_PAGE
} um_request_kind_e;

/** Counts a request that ends now. began: um_monotonic_us. Nothing is counted where the host has no site. */
void um_request_metrics_note(const um_server_t *server, unsigned slot, um_request_kind_e kind, int status,
                             apr_int64_t began);

/** The counters of all processes; NULL: the host has no site. */
um_counters_t *um_request_metrics_counters(const um_server_t *server);

/* --- overview.c: how full a host's database is -------------------------------------------------------------------- */

/** Makes the record of a host, in a child. */
um_overview_cache_t *um_overview_create(apr_pool_t *pchild);

/** What the database had some seconds ago at most: at most one thread of a process asks it, and the others get the
 * answer of before.
 * @param is_up  whether the database answered then
 * @return whether *overview is set */
int um_overview_of(const um_server_t *server, apr_pool_t *pool, um_overview_t *overview, int *is_up);

/** The webhooks at that time; none are counted where the host sends none. 0: the database did not answer. */
int um_overview_webhooks(const um_server_t *server, um_webhook_counts_t *counts);

/* --- audit.c: the audit log, UserMgmtAuditLog --------------------------------------------------------------------- */

/* A line of JSON for each event (event.h), written by one write(), so that lines of several processes do not mix. A log
 * that cannot be written stops no request: the line is lost, and UM702 says how many were. */

/** Hook open_logs: opens the audit logs as root, as httpd opens its own logs, at each start and graceful restart. */
int um_audit_open_logs(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Sets what the events of a request tell of it: the client, the request's id, host and node. The actor is set by who
 * authenticates. */
void um_audit_describe(um_ctx_t *ctx, request_rec *r);

/** The same for the worker. */
void um_audit_describe_worker(um_ctx_t *ctx, const um_server_t *server);

/** Writes the settled events of a call, and forgets all of them. To be called once its result is known. */
void um_audit_write(const um_server_t *server, um_ctx_t *ctx);

/** Keeps the line of the settled event of a call until um_audit_write_kept(), which is called if it is final. */
void um_audit_keep(request_rec *r, um_ctx_t *ctx);
void um_audit_write_kept(request_rec *r);

/* --- server.c: the processes of httpd ----------------------------------------------------------------------------- */

/** Hook pre_config: registers the mutex. */
int um_server_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);

/** Hook post_config: creates the shared memory and the mutex. */
int um_server_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Hook child_init: makes the sites, and asks each database whether it is ready, so that an error is logged at the
 * start. */
void um_server_child_init(apr_pool_t *pchild, server_rec *main_server);

/* --- watchdog.c: threads of mod_watchdog -------------------------------------------------------------------------- */

/** How often work() is called. */
#define UM_WATCHDOG_INTERVAL_MS 100

/** What such a thread does, in one child of this httpd at a time. Its end in a child sees changes of stop and busy in
 * the same order as the thread does. */
typedef struct um_watchdog_t {
    const char *name;
    void (*work)(apr_pool_t *pool); /**< not called after stop is set */
    atomic_int stop;                /**< start nothing more */
    atomic_int cut;                 /**< break off what is under way */
    atomic_int busy;                /**< inside work() */
} um_watchdog_t;

/** Whether mod_watchdog is there. */
int um_watchdog_is_loaded(void);

/** In the hook post_config. OK, or an error that is logged. */
int um_watchdog_register(um_watchdog_t *watchdog, apr_pool_t *pconf, const server_rec *main_server);

/** At the end of a child: sets stop, and waits for work(); then sets cut, and waits again. Whether work() has ended. */
int um_watchdog_end(um_watchdog_t *watchdog, int finish_ms, int cut_ms);

/* --- worker.c: work beside the requests --------------------------------------------------------------------------- */

/* The worker sends the mails of the outbox, deletes old rows, rotates keys and checks the databases. One process of
 * this httpd runs it at a time, by mod_watchdog. If that process is killed, another one takes over within a second. */

/** Hook post_config: registers the worker with mod_watchdog. Errors are logged. */
int um_worker_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Hook child_init, after the sites are made. mod_watchdog does not wait for its threads when a child ends. So the end
 * of a child waits here for the worker, before the memory that it uses is freed. */
void um_worker_child_init(apr_pool_t *pchild, server_rec *main_server);

/* --- webhook_worker.c: a second worker, which sends webhooks ------------------------------------------------------ */

/* It has a thread of its own, so that receivers that are slow hold up no mail. Where no host has UserMgmtWebhook, there
 * is none. */

/** Hook post_config: registers this worker with mod_watchdog, if there are webhooks. Errors are logged. */
int um_webhook_worker_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** Hook child_init, after that of the worker, which initializes libcurl. The end of a child waits here for what is
 * being sent, for a short time. */
void um_webhook_worker_child_init(apr_pool_t *pchild, server_rec *main_server);

/** For the worker: tidies the rows of webhooks as well, if the status of its own tidying so far is UM_OK (um_status_e,
 * ctx.h). */
int um_webhook_worker_tidy(um_ctx_t *ctx, int status, int *more);

/* --- hash_kinds.c: which kinds of password hashes the accounts have ----------------------------------------------- */

/** Called by the worker: looks at some accounts of each database, until the pass of this hour is done. */
void um_hash_kinds_work(apr_pool_t *pool);

/* --- email_claims.c: sign-in by address, for accounts of before --------------------------------------------------- */

/** Called by the worker: once after the start it looks at the accounts of each host where people sign in by address
 * (email_claim.h), some in each call, and logs how many cannot. */
void um_email_claims_work(apr_pool_t *pool);

/* --- startup_check.c: what only the database can say about a configuration ---------------------------------------- */

/** For the worker, in each of its calls. Once after the start it checks for each host with the API whether there are
 * enough connections, whether a newer version has changed the schema, and whether sessions have tokens of a former
 * issuer; it tries again until the database answers. Every hour it records which issuers are in use. */
void um_startup_check_work(apr_pool_t *pool);

#endif
