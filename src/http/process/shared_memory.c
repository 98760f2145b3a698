/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache.h"
#include "concurrency_limit.h"
#include "metric.h"
#include "module.h"
#include "password.h"
#include "process.h"
#include "throttle.h"

#include <apr_atomic.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_core.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <util_mutex.h>

/* The name of retained_t in httpd. When retained_t changes, it needs another name. The layout of the memory has a
 * form, see below. */
#define RETAINED "mod_usermgmt.shared.5"

#define MUTEX_TYPE "usermgmt-sqlite"

#if APR_HAS_PROC_PTHREAD_SERIALIZE
#define MUTEX_MECHANISM APR_LOCK_PROC_PTHREAD   /* robust: the kernel unlocks it when its holder is killed */
#else
#define MUTEX_MECHANISM APR_LOCK_DEFAULT
#endif

/* Each segment begins with its form: a text that names the version of the module and the sizes of the records. httpd
 * loads the module again at a graceful restart, and it may be another version. */
#define FORM_SIZE 256

/* The first segment. The counters, the kinds of hashes and the hash limit follow the layout. Its size is a multiple of
 * 64, which counters need. */
typedef struct layout_t {
    char form[FORM_SIZE];
    apr_uint32_t wakes;         /* how often the worker was woken */
    apr_uint32_t unused[15];    /* keeps the hash limit off this cache line */
} layout_t;

typedef struct retained_t {
    apr_shm_t *segment;
    apr_shm_t *caller_cache;
    apr_global_mutex_t *writers;
    void *throttle;
    apr_size_t throttle_size;
} retained_t;

apr_status_t um_shared_memory_pre_config(apr_pool_t *pconf)
{
    return ap_mutex_register(pconf, MUTEX_TYPE, NULL, MUTEX_MECHANISM, 0);
}

/* --- creation ---------------------------------------------------------------------------------------------------- */

static void write_form(apr_pool_t *pool, char form[FORM_SIZE])
{
    memset(form, 0, FORM_SIZE);
    apr_snprintf(form, FORM_SIZE, "mod_usermgmt " UM_VERSION ", shared %d, counters %d, kinds %d, %s, %s",
                 (int)sizeof(layout_t), UM_METRIC_COUNT, (int)um_password_kinds_size(),
                 um_concurrency_limit_form(pool), um_caller_cache_form(pool));
}

/* Children can write to the memory. So the form is not parsed, only compared. */
static int has_form(const apr_shm_t *segment, const char form[FORM_SIZE])
{
    return segment && memcmp(apr_shm_baseaddr_get(segment), form, FORM_SIZE) == 0;
}

/* Segments are allocated from the process's pool, because pconf is cleared at each restart while old children still use
 * the memory. New anonymous memory is zero, and takes no page before it is used. */
static apr_status_t make_segment(server_rec *main_server, apr_size_t size, const char *what, apr_shm_t **segment)
{
    apr_status_t rv = apr_shm_create(segment, size, NULL, main_server->process->pool);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, main_server, "UM102: %" APR_SIZE_T_FMT " bytes of shared memory for "
                     "%s could not be created; check the system's limits for shared memory", size, what);
        *segment = NULL;
    }
    return rv;
}

static apr_status_t make_caller_cache(server_rec *main_server, retained_t *retained)
{
    apr_size_t size = um_caller_cache_size((apr_size_t)um_server_of(main_server)->settings.session_cache);
    apr_status_t rv = make_segment(main_server, FORM_SIZE + size, "the caller cache (UserMgmtSessionCache)",
                                   &retained->caller_cache);

    if (rv == APR_SUCCESS && (rv = um_caller_cache_init(um_shared_memory_caller_cache(), size)) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, main_server, "UM104: the caller cache cannot be initialized: "
                     "UserMgmtSessionCache is too small, or this system has no robust mutexes between processes");
    }
    return rv;
}

/* Only a Mutex directive that names this mutex changes its mechanism. "Mutex file:... default" is meant for mutexes
 * that are held for long: a file lock has no timed lock, so writers would wait by sleeping. */
static apr_status_t make_writers(server_rec *main_server, apr_global_mutex_t **writers)
{
    apr_pool_t *pool = main_server->process->pool;

    if (MUTEX_MECHANISM != APR_LOCK_DEFAULT && !um_conftree_mutex(MUTEX_TYPE)
        && apr_global_mutex_create(writers, NULL, MUTEX_MECHANISM, pool) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return ap_global_mutex_create(writers, NULL, MUTEX_TYPE, NULL, main_server, pool, 0);
}

static apr_status_t make_segments(server_rec *main_server, retained_t *retained, const char form[FORM_SIZE])
{
    apr_status_t rv = make_segment(main_server, sizeof(layout_t) + um_counters_size(UM_METRIC_COUNT)
                                   + um_password_kinds_size() + um_concurrency_limit_size(), "counters and limits",
                                   &retained->segment);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = um_concurrency_limit_init(um_shared_memory_hash_limit());
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, main_server, "UM104: the shared memory of the limit on password "
                     "hashing cannot be initialized: this system has no robust mutexes between processes");
        return rv;
    }
    rv = make_caller_cache(main_server, retained);
    if (rv == APR_SUCCESS) {
        memcpy(apr_shm_baseaddr_get(retained->segment), form, FORM_SIZE);
        memcpy(apr_shm_baseaddr_get(retained->caller_cache), form, FORM_SIZE);
    }
    return rv;
}

/* Counts must survive a restart that changes the form of other segments, so the throttles have memory of their own,
 * with a form of its own. It is a file in memory without a name: the command usermgmt finds it among the open files of
 * httpd's parent, which the kernel shows to root and to the user who started httpd. It goes with the last process that
 * uses it. */
static void *map_throttle(apr_size_t size)
{
    void *memory = MAP_FAILED;
#ifdef MFD_CLOEXEC
    int file = memfd_create(UM_THROTTLE_MEMORY_NAME, MFD_CLOEXEC);

    if (file >= 0 && ftruncate(file, (off_t)size) == 0) {
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    if (file >= 0 && memory == MAP_FAILED) {
        close(file);
    }
#endif
    if (memory == MAP_FAILED) {
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    }
    return memory == MAP_FAILED ? NULL : memory;
}

static apr_status_t make_throttle(server_rec *main_server, retained_t *retained)
{
    apr_pool_t *pool = main_server->process->pconf;
    apr_size_t size = um_throttle_size((apr_size_t)um_server_of(main_server)->settings.throttle_memory);
    void *memory = retained->throttle;
    apr_status_t rv = APR_ENOMEM;

    if (memory && um_throttle_attach(pool, memory, retained->throttle_size)) {
        return APR_SUCCESS;
    }
    memory = map_throttle(size);
    if (memory && (rv = um_throttle_init(pool, memory, size)) == APR_SUCCESS) {
        /* Children from before the restart keep the old mapping, so the parent keeps it too. */
        retained->throttle = memory;
        retained->throttle_size = size;
        return APR_SUCCESS;
    }
    ap_log_error(APLOG_MARK, APLOG_EMERG, rv, main_server, "UM102: %" APR_SIZE_T_FMT " bytes of shared memory for the "
                 "throttles (UserMgmtThrottleMemory) could not be created; check the system's limits for shared memory",
                 size);
    return rv;
}

apr_status_t um_shared_memory_create(server_rec *main_server)
{
    retained_t *retained = ap_retained_data_get(RETAINED);
    char form[FORM_SIZE];
    retained_t old;
    apr_status_t rv;

    write_form(main_server->process->pconf, form);
    if (!retained) {
        retained = ap_retained_data_create(RETAINED, sizeof(*retained));
    }
    rv = make_throttle(main_server, retained);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (has_form(retained->segment, form) && has_form(retained->caller_cache, form)) {
        return APR_SUCCESS;
    }
    old = *retained;
    rv = make_segments(main_server, retained, form);
    if (rv == APR_SUCCESS && old.segment && old.caller_cache) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, main_server, "UM611: the shared memory has the layout of another "
                     "version of the module; it is created again, and the caches start empty");
        /* This ends the parent's mapping only. The children from before the restart keep theirs until they end. */
        apr_shm_destroy(old.segment);
        apr_shm_destroy(old.caller_cache);
    }
    /* Old and new children must use the same mutex. Its layout is APR's, so it does not depend on our version. */
    if (rv == APR_SUCCESS && !retained->writers) {
        rv = make_writers(main_server, &retained->writers);
    }
    return rv;
}

/* --- use --------------------------------------------------------------------------------------------------------- */

void um_shared_memory_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    retained_t *retained = ap_retained_data_get(RETAINED);
    apr_status_t rv = apr_global_mutex_child_init(&retained->writers, apr_global_mutex_lockfile(retained->writers),
                                                  pchild);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, main_server, "UM103: the mutex of SQLite's writers cannot be opened; "
                     "check the Mutex directive");
    }
}

apr_global_mutex_t *um_shared_memory_sqlite_mutex(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return retained->writers;
}

static layout_t *layout(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return apr_shm_baseaddr_get(retained->segment);
}

void um_shared_memory_wake_worker(void)
{
    apr_atomic_inc32(&layout()->wakes);
}

apr_uint32_t um_shared_memory_wake_count(void)
{
    return apr_atomic_read32(&layout()->wakes);
}

um_counters_t *um_shared_memory_counters(apr_pool_t *pchild)
{
    return um_counters_attach(pchild, layout() + 1, UM_METRIC_COUNT);
}

void *um_shared_memory_password_kinds(void)
{
    return (char *)(layout() + 1) + um_counters_size(UM_METRIC_COUNT);
}

void *um_shared_memory_hash_limit(void)
{
    return (char *)um_shared_memory_password_kinds() + um_password_kinds_size();
}

void *um_shared_memory_caller_cache(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return (char *)apr_shm_baseaddr_get(retained->caller_cache) + FORM_SIZE;
}

apr_size_t um_shared_memory_caller_cache_size(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return apr_shm_size_get(retained->caller_cache) - FORM_SIZE;
}

void *um_shared_memory_throttle(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return retained->throttle;
}

apr_size_t um_shared_memory_throttle_size(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return retained->throttle_size;
}
