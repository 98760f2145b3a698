/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_NATIVE_H
#define UM_STORE_NATIVE_H
/* What libpq and SQLite know of a connection and apr_dbd does not tell. All of it is in the client's memory: asking
 * costs no round trip. For the files of the store only. */
#include "store.h"

typedef enum {
    UM_NATIVE_IDLE,            /**< no transaction is open */
    UM_NATIVE_OPEN,            /**< a transaction is open, whether it can go on or has failed */
    UM_NATIVE_LOST             /**< PostgreSQL: the client has noticed that the connection is gone */
} um_native_state_e;

/** Finds the functions of the library that the connection's driver uses, once for each connection, and makes
 * PostgreSQL's error texts begin with the SQLSTATE. Comes before all others.
 * @return whether they were found */
int um_store_native_attach(um_dbconn_t *conn);

um_native_state_e um_store_native_state(const um_dbconn_t *conn);

/** The socket of a PostgreSQL connection. NULL: there is none. */
const um_call_timeout_socket_t *um_store_native_socket(const um_dbconn_t *conn);

/** Closes a PostgreSQL connection without waiting for the server, which then rolls back what is open on it. mod_dbd
 * connects anew before it lends the connection again. One that is lost already is noted as such. Does nothing on
 * SQLite. */
void um_store_native_drop(const um_dbconn_t *conn);

#endif
