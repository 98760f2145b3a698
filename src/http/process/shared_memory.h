/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SHARED_MEMORY_H
#define UM_SHARED_MEMORY_H
/* Memory that all children of this httpd share and that outlives a graceful restart. It holds no pointers: the
 * module is loaded anew at each restart, and children may map it elsewhere. */
#include <apr_global_mutex.h>
#include <httpd.h>

/** Names the mutex, so that the Mutex directive knows it. */
apr_status_t um_shared_memory_pre_config(apr_pool_t *pconf);

/** Makes memory and mutex at the first start, finds them again at the next ones. Tells the log why not. */
apr_status_t um_shared_memory_create(server_rec *main_server);

/** Opens the mutex in a child. Tells the log why not. */
void um_shared_memory_child_init(apr_pool_t *pchild, server_rec *main_server);

/** The mutex of SQLite's writers: the same for the children of before a restart and those of after it. */
apr_global_mutex_t *um_shared_memory_sqlite_mutex(void);

/** Tells the worker, in whichever process it is, that there may be mail; and how often it was told so far. */
void um_shared_memory_wake_worker(void);
apr_uint32_t um_shared_memory_wake_count(void);

/** The memory of the concurrency limit of password hashing. */
void *um_shared_memory_hash_limit(void);

/** Where what is known of callers lies, and how many bytes: as UserMgmtSessionCache said at the first start. */
void *um_shared_memory_caller_cache(void);
apr_size_t um_shared_memory_caller_cache_size(void);

#endif
