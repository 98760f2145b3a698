/* SPDX-License-Identifier: Apache-2.0 */
/* The functions are looked up at run time in the library that the loaded driver uses. Linking to libpq instead would
 * make it a dependency of sites that use SQLite, and could load another libpq than the driver's, with another layout of
 * PGconn. */
#include "call_timeout.h"
#include "store_private.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>

/* The values of libpq's constants; they are part of the interface of libpq.so.5 since version 8. */
#define PG_CONNECTION_OK 0
#define PG_TRANSACTION_IDLE 0
#define PG_VERBOSE 2

struct um_native_t {
    int (*status)(const void *);
    int (*transaction)(const void *);
    int (*socket)(const void *);
    int (*backend)(const void *);
    int (*consume)(void *);
    int (*verbosity)(void *, int);
    const char *(*parameter)(const void *, const char *);
    int (*autocommit)(void *); /* SQLite's only function */
    um_call_timeout_socket_t noted; /* PostgreSQL's socket, noted for noted_backend */
    int noted_backend;
    int judged_backend;         /* the backend for which was_read_only holds; 0: none yet */
    int was_read_only;          /* it accepted no writes when it was connected */
};

static const char key[] = "um.native";

static void *handle_of(const um_store_conn_t *conn)
{
    return apr_dbd_native_handle(conn->db.driver, conn->db.handle);
}

/* The driver's shared object, which names the library it needs. NULL: the driver is linked into the program. */
static void *open_driver(const apr_dbd_driver_t *driver)
{
    Dl_info info;

    return dladdr(driver, &info) && info.dli_fname ? dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
}

static int find(void *object, const char *name, void *function)
{
    void *found = dlsym(object ? object : RTLD_DEFAULT, name);

    memcpy(function, &found, sizeof(found));
    return found != NULL;
}

int um_store_native_attach(um_store_conn_t *conn)
{
    um_native_t *made;
    void *object;
    int good;

    conn->native = apr_hash_get(conn->db.prepared, key, APR_HASH_KEY_STRING);
    if (conn->native) {
        return 1;
    }
    made = apr_pcalloc(conn->db.pool, sizeof(*made));
    object = open_driver(conn->db.driver);
    if (conn->dialect == UM_DIALECT_PGSQL) {
        good = find(object, "PQstatus", &made->status) && find(object, "PQtransactionStatus", &made->transaction)
               && find(object, "PQsocket", &made->socket) && find(object, "PQconsumeInput", &made->consume)
               && find(object, "PQsetErrorVerbosity", &made->verbosity)
               && find(object, "PQbackendPID", &made->backend)
               && find(object, "PQparameterStatus", &made->parameter);
    }
    else {
        good = find(object, "sqlite3_get_autocommit", &made->autocommit);
    }
    if (object) {
        dlclose(object);
    }
    if (good) {
        if (made->verbosity) {
            made->verbosity(handle_of(conn), PG_VERBOSE);
        }
        apr_hash_set(conn->db.prepared, key, APR_HASH_KEY_STRING, made);
        conn->native = made;
    }
    return good;
}

um_native_state_e um_store_native_state(const um_store_conn_t *conn)
{
    void *handle = handle_of(conn);

    if (conn->native->autocommit) {
        return conn->native->autocommit(handle) ? UM_NATIVE_IDLE : UM_NATIVE_OPEN;
    }
    if (conn->native->status(handle) != PG_CONNECTION_OK) {
        return UM_NATIVE_LOST;
    }
    return conn->native->transaction(handle) == PG_TRANSACTION_IDLE ? UM_NATIVE_IDLE : UM_NATIVE_OPEN;
}

/* mod_dbd may have reconnected meanwhile; then the backend is another one. */
const um_call_timeout_socket_t *um_store_native_socket(const um_store_conn_t *conn)
{
    um_native_t *native = conn->native;
    void *handle = handle_of(conn);
    int fd = native->socket ? native->socket(handle) : -1;

    if (fd < 0) {
        return NULL;
    }
    if (native->noted.fd != fd || native->noted_backend != native->backend(handle)) {
        um_call_timeout_note(&native->noted, fd);
        native->noted_backend = native->backend(handle);
    }
    return &native->noted;
}

const char *um_store_native_sqlstate(const char *text)
{
    const char *state = text ? strstr(text, ":  ") : NULL;

    if (!state || strspn(state + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5 || state[8] != ':') {
        return NULL;
    }
    return state + 3;
}

static int is_on(const um_store_conn_t *conn, const char *name)
{
    const char *value = conn->native->parameter(handle_of(conn), name);

    return value && strcmp(value, "on") == 0;
}

int um_store_native_is_demoted(const um_store_conn_t *conn)
{
    um_native_t *native = conn->native;
    int is_read_only, backend;

    if (!native->parameter || native->status(handle_of(conn)) != PG_CONNECTION_OK) {
        return 0;
    }
    is_read_only = is_on(conn, "default_transaction_read_only") || is_on(conn, "in_hot_standby");
    backend = native->backend(handle_of(conn));
    if (native->judged_backend != backend) {
        native->judged_backend = backend;
        native->was_read_only = is_read_only;
    }
    return is_read_only && !native->was_read_only;
}

void um_store_native_drop(const um_store_conn_t *conn)
{
    void *handle = handle_of(conn);

    /* The next socket may have the same number, and a backend with the same number on a server that was restarted. */
    conn->native->noted.fd = -1;
    conn->native->judged_backend = 0;
    if (!conn->native->autocommit && conn->native->status(handle) == PG_CONNECTION_OK) {
        (void)shutdown(conn->native->socket(handle), SHUT_RDWR);
        /* libpq notices it by reading. */
        (void)conn->native->consume(handle);
    }
}
