/* SPDX-License-Identifier: Apache-2.0 */
/* The tables and columns are read from the databases, so a new one is copied without a change here. */
#include "store_move.h"

#include "store_private.h"
#include "store_sql.h"

#include <apr_strings.h>
#include <string.h>

#define BATCH 500               /* rows that are read at a time */
#define MOST_VALUES 1000        /* of one INSERT */

typedef struct column_t {
    const char *name, *type;    /* the type in the target */
    int key;                    /* place in the primary key, from 1 on; 0: none */
} column_t;

typedef struct table_t {
    const char *name;
    column_t *columns;
    int count;                  /* of columns */
    int keys;                   /* of columns of the primary key */
    const char *list;           /* of the columns, for SQL */
    int is_done;
} table_t;

typedef struct move_t {
    um_store_call_t *from, *to;
    um_tx_t *source, *target;
    apr_pool_t *pool;           /* of this try */
    table_t *tables;
    int count;
    apr_array_header_t *done;   /* um_store_move_t */
    const char *why;            /* it was refused; NULL: it was not, or a database failed */
} move_t;

static apr_status_t refuse_move(move_t *move, const char *why)
{
    move->why = why;
    return UM_STORE_ROLLED_BACK;
}

/* Runs SQL that is not in the table of statements, because it depends on the tables. Rows and memory are in pool. */
static apr_status_t run_in(um_tx_t *tx, apr_pool_t *pool, const um_statement_t *statement, const char *const *values,
                           um_rows_t *rows)
{
    apr_pool_t *usual = tx->call->pool;
    apr_status_t rv;

    tx->call->pool = pool;
    rv = um_store_tx_statement(tx, statement, values, statement->values, rows);
    if (rv != APR_SUCCESS && tx->call->cause) {
        tx->call->cause = apr_pstrdup(usual, tx->call->cause);
    }
    tx->call->pool = usual;
    return rv;
}

/* --- what there is ------------------------------------------------------------------------------------------------ */

static const char *list_columns(apr_pool_t *pool, const table_t *table, int only_keys)
{
    const char *list = "";

    for (int place = 1; place <= (only_keys ? table->keys : 1); place++) {
        for (int i = 0; i < table->count; i++) {
            if (!only_keys || table->columns[i].key == place) {
                list = apr_pstrcat(pool, list, *list ? ", " : "", "\"", table->columns[i].name, "\"", NULL);
            }
        }
    }
    return list;
}

/* Reads the columns of a table, and their types in the target. */
static apr_status_t read_columns(move_t *move, table_t *table)
{
    um_rows_t own, theirs;
    apr_status_t rv = um_store_tx_run(move->source, UM_SQL_MOVE_COLUMNS, UM_VALUES(table->name), &own);

    if (rv == APR_SUCCESS) {
        rv = um_store_tx_run(move->target, UM_SQL_MOVE_COLUMNS, UM_VALUES(table->name), &theirs);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    table->columns = apr_pcalloc(move->pool, sizeof(column_t) * (apr_size_t)(own.count + 1));
    for (int i = 0; i < own.count; i++) {
        column_t *column = &table->columns[table->count++];

        *column = (column_t){ own.row[i][0], NULL, (int)apr_atoi64(own.row[i][2]) };
        table->keys += column->key > 0;
        for (int k = 0; k < theirs.count; k++) {
            column->type = strcmp(theirs.row[k][0], column->name) == 0 ? theirs.row[k][1] : column->type;
        }
        if (!column->type) {
            return refuse_move(move, apr_psprintf(move->pool, "the target has no column %s in a table %s", column->name,
                                                  table->name));
        }
    }
    if (!table->keys) {
        return refuse_move(move, apr_pstrcat(move->pool, "the table ", table->name, " has no primary key", NULL));
    }
    table->list = list_columns(move->pool, table, 0);
    return APR_SUCCESS;
}

static apr_status_t read_tables(move_t *move)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(move->source, UM_SQL_MOVE_TABLES, NULL, 0, &rows);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    move->count = rows.count;
    move->tables = apr_pcalloc(move->pool, sizeof(table_t) * (apr_size_t)(rows.count + 1));
    for (int i = 0; rv == APR_SUCCESS && i < rows.count; i++) {
        move->tables[i].name = rows.row[i][0];
        rv = read_columns(move, &move->tables[i]);
    }
    return rv;
}

/* --- one table ---------------------------------------------------------------------------------------------------- */

/* Reads rows in the order of the primary key, from the first one or after the values of a row. */
static um_statement_t reader(move_t *move, const table_t *table, int is_first)
{
    const char *keys = list_columns(move->pool, table, 1), *marks = "";

    for (int i = 0; i < table->keys; i++) {
        marks = apr_pstrcat(move->pool, marks, i ? ", %s" : "%s", NULL);
    }
    return (um_statement_t){
        .name = apr_pstrcat(move->pool, is_first ? "um.move.first." : "um.move.next.", table->name, NULL),
        .kind = UM_STATEMENT_READ, .values = is_first ? 0 : table->keys,
        .text = apr_psprintf(move->pool, "select %s from %s%s%s%s%s%s order by %s limit %d", table->list, table->name,
                             is_first ? "" : " where (", is_first ? "" : keys, is_first ? "" : ") > (",
                             is_first ? "" : marks, is_first ? "" : ")", keys, BATCH),
    };
}

static um_statement_t writer(move_t *move, apr_pool_t *pool, const table_t *table, int rows)
{
    const char *row = "", *all = "";

    for (int i = 0; i < table->count; i++) {
        row = apr_pstrcat(pool, row, i ? ", " : "", "cast(%s as ", table->columns[i].type, ")", NULL);
    }
    for (int i = 0; i < rows; i++) {
        all = apr_pstrcat(pool, all, i ? ", (" : "(", row, ")", NULL);
    }
    return (um_statement_t){
        .name = apr_pstrcat(move->pool, "um.move.", table->name, NULL), .kind = UM_STATEMENT_WRITE,
        .values = rows * table->count,
        .text = apr_pstrcat(pool, "insert into ", table->name, " (", table->list, ") values ", all, " returning 1",
                            NULL),
    };
}

static apr_status_t write_rows(move_t *move, apr_pool_t *pool, const table_t *table, const um_rows_t *rows)
{
    int most = MOST_VALUES / table->count + 1;
    apr_status_t rv = APR_SUCCESS;

    for (int done = 0; rv == APR_SUCCESS && done < rows->count; done += most) {
        int now = rows->count - done < most ? rows->count - done : most;
        um_statement_t statement = writer(move, pool, table, now);
        const char **values = apr_palloc(pool, sizeof(*values) * (apr_size_t)statement.values);
        um_rows_t ignored;

        for (int i = 0; i < statement.values; i++) {
            values[i] = rows->row[done + i / table->count][i % table->count];
        }
        rv = run_in(move->target, pool, &statement, values, &ignored);
    }
    return rv;
}

/* The values of the primary key of a row. */
static const char **keys_of(apr_pool_t *pool, const table_t *table, const char *const *row)
{
    const char **keys = apr_pcalloc(pool, sizeof(*keys) * (apr_size_t)table->keys);

    for (int i = 0; i < table->count; i++) {
        if (table->columns[i].key) {
            keys[table->columns[i].key - 1] = row[i];
        }
    }
    return keys;
}

static apr_status_t copy_table(move_t *move, const table_t *table)
{
    const um_statement_t first = reader(move, table, 1), next = reader(move, table, 0);
    const char **keys = NULL;
    apr_pool_t *pools[2];
    apr_status_t rv;
    um_rows_t rows;
    int turn = 0;

    /* The last keys of a batch are needed for the next one. */
    apr_pool_create(&pools[0], move->pool);
    apr_pool_create(&pools[1], move->pool);
    do {
        turn = !turn;
        apr_pool_clear(pools[turn]);
        rv = run_in(move->source, pools[turn], keys ? &next : &first, keys, &rows);
        if (rv == APR_SUCCESS && rows.count) {
            rv = write_rows(move, pools[turn], table, &rows);
            keys = keys_of(pools[turn], table, rows.row[rows.count - 1]);
        }
    } while (rv == APR_SUCCESS && rows.count == BATCH);
    apr_pool_destroy(pools[0]);
    apr_pool_destroy(pools[1]);
    return rv;
}

static apr_status_t count_rows(move_t *move, um_tx_t *tx, const table_t *table, apr_int64_t *count)
{
    const um_statement_t statement = { .name = apr_pstrcat(move->pool, "um.move.count.", table->name, NULL),
                                       .kind = UM_STATEMENT_READ,
                                       .text = apr_pstrcat(move->pool, "select count(*) from ", table->name, NULL) };
    um_rows_t rows;
    apr_status_t rv = run_in(tx, move->pool, &statement, NULL, &rows);

    *count = rv == APR_SUCCESS && rows.count ? apr_atoi64(rows.row[0][0]) : 0;
    return rv;
}

/* --- all tables --------------------------------------------------------------------------------------------------- */

/* Whether all tables that a table refers to were copied. The target enforces the order, so it is asked: SQLite's schema
 * has a trigger where a table was added later. */
static apr_status_t may_follow(move_t *move, const table_t *table, int *may)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(move->target, UM_SQL_MOVE_REFERENCES, UM_VALUES(table->name), &rows);

    *may = rv == APR_SUCCESS;
    for (int i = 0; *may && i < rows.count; i++) {
        for (int k = 0; k < move->count; k++) {
            *may &= move->tables[k].is_done || &move->tables[k] == table
                    || strcmp(move->tables[k].name, rows.row[i][0]) != 0;
        }
    }
    return rv;
}

static apr_status_t move_table(move_t *move, table_t *table)
{
    um_store_move_t *done;
    apr_status_t rv = copy_table(move, table);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    table->is_done = 1;
    done = apr_array_push(move->done);
    done->table = table->name;
    rv = count_rows(move, move->source, table, &done->rows);
    if (rv == APR_SUCCESS) {
        rv = count_rows(move, move->target, table, &done->moved);
    }
    if (rv == APR_SUCCESS && done->rows != done->moved) {
        return refuse_move(move, apr_psprintf(move->pool, "%s has %" APR_INT64_T_FMT " rows, and %" APR_INT64_T_FMT
                                              " in the target: nothing was copied", table->name, done->rows,
                                              done->moved));
    }
    return rv;
}

static apr_status_t check_target(move_t *move)
{
    const table_t users = { .name = "um_users" };
    apr_int64_t count;
    apr_status_t rv = count_rows(move, move->target, &users, &count);

    return rv != APR_SUCCESS || !count ? rv
           : refuse_move(move, apr_psprintf(move->pool, "the target has %" APR_INT64_T_FMT " accounts", count));
}

/* May be called again from its start. */
static apr_status_t in_target(um_tx_t *target, void *baton)
{
    move_t *move = baton;
    apr_status_t rv;
    int left, before;

    move->target = target;
    move->why = NULL;
    move->done = apr_array_make(move->pool, 16, sizeof(um_store_move_t));
    rv = check_target(move);
    if (rv == APR_SUCCESS) {
        rv = read_tables(move);
    }
    left = move->count;
    do {
        before = left;
        for (int i = 0; rv == APR_SUCCESS && i < move->count; i++) {
            int may = 0;

            if (!move->tables[i].is_done && (rv = may_follow(move, &move->tables[i], &may)) == APR_SUCCESS && may) {
                rv = move_table(move, &move->tables[i]);
                left--;
            }
        }
    } while (rv == APR_SUCCESS && left && left < before);
    return rv == APR_SUCCESS && left ? refuse_move(move, "tables refer to each other") : rv;
}

static apr_status_t in_source(um_tx_t *source, void *baton)
{
    move_t *move = baton;
    apr_status_t rv;

    move->source = source;
    rv = um_store_transaction(move->to, in_target, move);
    if (rv == UM_STORE_UNKNOWN) {
        return refuse_move(move, "the connection to the target was lost at the end: look whether it has the accounts");
    }
    if (rv != APR_SUCCESS && !move->why) {
        move->why = move->to->cause ? apr_pstrdup(move->pool, move->to->cause) : NULL;
    }
    /* The source was only read. */
    return rv == APR_SUCCESS || move->why ? UM_STORE_ROLLED_BACK : rv;
}

apr_status_t um_store_move_run(um_store_call_t *from, um_store_call_t *to, apr_array_header_t **tables)
{
    move_t move = { .from = from, .to = to, .pool = from->pool };
    apr_status_t rv = um_store_transaction(from, in_source, &move);

    *tables = move.done;
    if (rv == UM_STORE_ROLLED_BACK && !move.why) {
        return APR_SUCCESS;
    }
    if (move.why) {
        from->cause = move.why;
    }
    return APR_EGENERAL;
}
