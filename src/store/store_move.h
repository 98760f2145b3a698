/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_MOVE_H
#define UM_STORE_MOVE_H
/* Copies all rows of a SQLite database to a PostgreSQL database that has the same schema and no accounts. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;

/** A table that was copied. */
typedef struct um_store_move_t {
    const char *table;
    apr_int64_t rows;          /**< in the source */
    apr_int64_t moved;         /**< in the target, afterwards */
} um_store_move_t;

/** Copies in one transaction of the target, while nobody else writes to the source. All tables of the module are
 * copied but um_schema, in an order that foreign keys allow.
 * @param tables  um_store_move_t, in the source's pool
 * @return APR_SUCCESS: all rows are there, and the counts are equal. APR_EGENERAL: nothing was copied, from->cause says
 * why: the target has accounts, a table or column is missing there, a row was refused, or a database failed */
apr_status_t um_store_move_run(um_store_call_t *from, um_store_call_t *to, apr_array_header_t **tables);

#endif
