/* SPDX-License-Identifier: Apache-2.0 */
#include "atomic_file.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"
#include "schema.h"
#include "store.h"

#include <apr_atomic.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <errno.h>
#include <http_core.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 1000

static const char marker_text[] =
    "A SQLite database belongs to these keys. While this file exists, mod_usermgmt does not create a database when\n"
    "none is found: see \"SQLite\" in docs/operations.md.\n";

struct um_sqlite_file_t {
    const char *path;
    const char *refused;        /* why the database was not created; NULL: it was there, or was created */
    int is_seen;                /* device and inode are those of the file at the start */
    dev_t device;
    ino_t inode;
    apr_uint32_t looked;        /* atomic: tick of the last look; 0: none yet */
    apr_uint32_t found;         /* atomic: FOUND_... of the last look */
};

enum { FOUND_SAME, FOUND_OTHER, FOUND_CLOSED };

um_sqlite_file_t *um_sqlite_file_create(apr_pool_t *pconf, const char *path)
{
    um_sqlite_file_t *file = apr_pcalloc(pconf, sizeof(*file));

    file->path = path;
    return file;
}

/* --- children ---------------------------------------------------------------------------------------------------- */

/* An empty file is no database: a connection that is opened without a file creates one. */
static int is_there(const char *path, struct stat *info)
{
    return stat(path, info) == 0 && info->st_size > 0;
}

static apr_uint32_t compare(const um_sqlite_file_t *file)
{
    struct stat info;

    errno = 0;
    if (is_there(file->path, &info) && info.st_dev == file->device && info.st_ino == file->inode) {
        return FOUND_SAME;
    }
    return errno == EACCES ? FOUND_CLOSED : FOUND_OTHER;
}

static void look(um_sqlite_file_t *file, const server_rec *server)
{
    apr_uint32_t found = compare(file);

    if (apr_atomic_xchg32(&file->found, found) == found) {
        return;
    }
    if (found == FOUND_CLOSED) {
        ap_log_error(APLOG_MARK, APLOG_ERR, EACCES, server, "UM121: the database's file %s cannot be reached: requests "
                     "are answered 503 until its folder belongs to the user that httpd runs as", file->path);
    }
    else if (found == FOUND_OTHER) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server, "UM121: the database's file %s was removed or replaced: "
                     "requests are answered 503. Put the same file back, or restart httpd to use the one that is there "
                     "now", file->path);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server, "UM122: the database's file %s is back", file->path);
    }
}

const char *um_sqlite_file_trouble(um_sqlite_file_t *file, const server_rec *server, int at_once)
{
    apr_uint32_t now = um_monotonic_tick();
    apr_uint32_t looked = apr_atomic_read32(&file->looked);

    if (file->refused) {
        return file->refused;
    }
    if (file->is_seen && (at_once || ((!looked || now - looked >= LOOK_MS)
                                      && apr_atomic_cas32(&file->looked, now, looked) == looked))) {
        look(file, server);
    }
    switch (apr_atomic_read32(&file->found)) {
    case FOUND_SAME:
        return NULL;
    case FOUND_CLOSED:
        return "the folder of the database's file is closed to httpd's user";
    default:
        return "the database's file was removed or replaced";
    }
}

/* --- the start: a process of httpd's user creates file and schema ------------------------------------------------- */

/* As httpd's user: applies missing steps of the schema, and returns their names. */
static const char *upgrade(apr_pool_t *pool, const void *path, const char **why)
{
    apr_array_header_t *applied = apr_array_make(pool, 8, sizeof(const char *));
    um_store_call_t call = { .pool = pool };
    apr_pool_t *open;
    const char *done = NULL;

    apr_pool_create(&open, pool);
    if (um_store_open(open, "sqlite3", path, &call.store, why) == APR_SUCCESS) {
        if (um_schema_upgrade(&call, applied, NULL, NULL) == APR_SUCCESS) {
            done = apr_array_pstrcat(pool, applied, ' ');
        }
        *why = call.cause;
    }
    *why = *why ? apr_pstrdup(pool, *why) : NULL;
    /* Closes the connection: the last one to close writes what is in the WAL into the database. */
    apr_pool_destroy(open);
    return done;
}

/* The path of the marker of keys, which says that a database belongs to them. */
static const char *marker_of(apr_pool_t *pool, const char *keys)
{
    const char *slash = strrchr(keys, '/');
    apr_finfo_t info;

    if (apr_stat(&info, keys, APR_FINFO_TYPE, pool) == APR_SUCCESS && info.filetype == APR_DIR) {
        return apr_pstrcat(pool, keys, "/.database", NULL);
    }
    return slash ? apr_psprintf(pool, "%.*s/.%s.database", (int)(slash - keys), keys, slash + 1)
                 : apr_psprintf(pool, ".%s.database", keys);
}

static int has_marker(apr_pool_t *ptemp, const um_server_t *server)
{
    apr_finfo_t info;

    return apr_stat(&info, marker_of(ptemp, server->settings.signing_key), APR_FINFO_TYPE | APR_FINFO_LINK, ptemp)
           == APR_SUCCESS;
}

/* Creates or upgrades a host's database, unless it is missing although there was one. */
static void prepare(const um_server_t *server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    server_rec *s = server->server;
    um_sqlite_file_t *file = server->sqlite_file;
    struct stat info;
    int was_there = is_there(file->path, &info);
    const char *answer = NULL;

    if (!was_there && has_marker(ptemp, server)) {
        file->refused = apr_psprintf(pconf, "there is no database in %s, and %s says that there was one for these "
                                     "keys: correct DBDParams or restore the file, and restart httpd. To start with an "
                                     "empty database: usermgmt --driver sqlite3 --params %s schema upgrade, as httpd's "
                                     "user", file->path, marker_of(ptemp, server->settings.signing_key), file->path);
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "UM121: requests are answered 503: %s", file->refused);
        return;
    }
    if (!um_as_user_run(ptemp, s, upgrade, file->path, &answer)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "UM124: the database %s could not be created or upgraded; "
                     "children try it again: %s", file->path, answer);
    }
    else if (*answer) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s, "UM123: %s: %s; steps of the schema: %s", file->path,
                     was_there ? "the database was upgraded" : "there was no database, and one was created", answer);
    }
    if (is_there(file->path, &info)) {
        file->is_seen = 1;
        file->device = info.st_dev;
        file->inode = info.st_ino;
    }
}

static const char *create_marker(apr_pool_t *pool, const void *path, const char **why)
{
    apr_status_t rv = um_atomic_file_create(pool, path, marker_text, sizeof(marker_text) - 1);
    char text[120];

    *why = apr_pstrdup(pool, apr_strerror(rv, text, sizeof(text)));
    return rv == APR_SUCCESS || APR_STATUS_IS_EEXIST(rv) ? "" : NULL;
}

/* In a folder of root, the parent creates the marker itself, because httpd's user may not be allowed to. In a folder of
 * another user root creates no files: that user could have put a link there. */
static void mark(const um_server_t *server, apr_pool_t *ptemp)
{
    server_rec *s = server->server;
    const char *path = marker_of(ptemp, server->settings.signing_key);
    const char *why = NULL;
    struct stat folder;
    int is_other = stat(um_store_sqlite_folder(ptemp, path), &folder) == 0 && folder.st_uid != geteuid();

    if (is_other ? !um_as_user_run(ptemp, s, create_marker, path, &why) : !create_marker(ptemp, path, &why)) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, s, "UM125: %s could not be created, so a database that is missing "
                     "at the next start will be created again: %s", path, why);
    }
}

static int manages_file(const um_server_t *server)
{
    return server->keys && server->sqlite_file && um_virtual_host_manages_database(server);
}

/* The first host that manages the same file; NULL: there is none. */
static const um_server_t *first_manager(const server_rec *main_server, const um_server_t *server)
{
    for (const um_server_t *other = um_server_of(main_server); other; other = um_server_next(other)) {
        if (manages_file(other) && strcmp(other->sqlite_file->path, server->sqlite_file->path) == 0) {
            return other;
        }
    }
    return NULL;
}

int um_sqlite_file_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    for (um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        const um_server_t *first = server->sqlite_file ? first_manager(main_server, server) : NULL;

        if (first == server) {
            prepare(server, pconf, ptemp);
        }
        else if (first) {
            server->sqlite_file = first->sqlite_file;
        }
    }
    /* Markers come when all databases are there: hosts with the same keys may have different databases. */
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        if (manages_file(server) && server->sqlite_file->is_seen) {
            mark(server, ptemp);
        }
    }
    return OK;
}
