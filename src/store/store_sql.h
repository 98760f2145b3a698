/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_SQL_H
#define UM_STORE_SQL_H
/* The statements by number, and how the files of the store run them. Only .c files include this: a change of one
 * statement compiles those files again and no others. */
#include "store.h"

/** The statements' numbers: UM_SQL_ and the name of the row in statements.h. */
typedef enum {
#define UM_STATEMENT(name, kind, values, text) UM_SQL_##name,
#include "statements.h"
#undef UM_STATEMENT
    UM_SQL_COUNT
} um_statement_e;

typedef struct um_statement_t um_statement_t;

/** The row of a statement in a dialect. */
const um_statement_t *um_store_sql_statement(um_dialect_e dialect, um_statement_e id);

/** Values of a statement, all of them text: UM_VALUES(id, name). A NULL is SQL's null. */
#define UM_VALUES(...) \
    (const char *const []){ __VA_ARGS__ }, (int)(sizeof((const char *const []){ __VA_ARGS__ }) / sizeof(const char *))

/** A number as a value, in pool. */
const char *um_store_number(apr_pool_t *pool, apr_int64_t number);

/** Runs one statement by itself, after um_store_ready.
 * @return APR_SUCCESS; APR_EGENERAL: it was not done as far as is known, call->cause says why */
apr_status_t um_store_run(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                          um_rows_t *rows);

/** Runs a row of UM_STATEMENT_AND_EVENT by itself, and stores call->event in the same transaction if the statement
 * gives a row. When there is none, rows->again says whether an earlier sending made the change: its event is stored.
 * Without call->event it says that one may have. For a deletion that is a guess, and it may tell it as done, but only
 * where there is no other place to look. Defined in store_event.c. */
apr_status_t um_store_event_run(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                                um_rows_t *rows);

/** Whether the stored event proves that an earlier sending made the change, after a run that succeeded and gave no row.
 * Defined in store_event.c. */
int um_store_event_is_proof(const um_store_call_t *call, const um_rows_t *rows);

/** The same as um_store_run without um_store_ready, for what looks at the schema itself. */
apr_status_t um_store_sql_alone(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                                um_rows_t *rows);

/** Runs a statement in a transaction. APR_EGENERAL: return it from the transaction's function. */
apr_status_t um_store_tx_run(um_tx_t *tx, um_statement_e id, const char *const *values, int count, um_rows_t *rows);

#endif
