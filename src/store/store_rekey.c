/* SPDX-License-Identifier: Apache-2.0 */
#include "store_rekey.h"

#include "email.h"
#include "idna.h"
#include "store_private.h"
#include "store_sql.h"
#include "unicode.h"

#include <apr_strings.h>
#include <string.h>

/* The id after which the first page begins, and the rows of a page (as in the statement's text). */
#define FIRST_ID "00000000-0000-0000-0000-000000000000"
#define PAGE 100

/* Makes the keys of one row. */
typedef apr_status_t make_fn(um_tx_t *tx, apr_pool_t *pool, const char *const *row);

typedef struct page_t {
    apr_pool_t *pool;
    make_fn *make;
    um_rows_t rows;            /* id, and what the keys are made of */
} page_t;

/* Whether the old key was the key of no other domain than the one that mail goes to. */
static int is_same_domain(apr_pool_t *pool, const char *old_key, const char *new_key)
{
    const char *at = strrchr(old_key, '@'), *ascii;

    return at && um_idna_ascii(pool, at + 1, &ascii) == APR_SUCCESS && strcmp(ascii, strrchr(new_key, '@') + 1) == 0;
}

static apr_status_t make_key(um_tx_t *tx, apr_pool_t *pool, const char *const *row)
{
    const char *email = um_email_normalize(pool, row[1]), *key = um_email_key(pool, row[1]);
    um_rows_t rows;

    if (!email || !key || !strchr(key, '@')) {
        return APR_SUCCESS;
    }
    return um_store_tx_run(tx, UM_SQL_USER_REKEY,
                           UM_VALUES(email, key, key, key, is_same_domain(pool, row[2], key) ? "1" : "0", row[0],
                                     row[1], row[2]), &rows);
}

static apr_status_t make_name_keys(um_tx_t *tx, apr_pool_t *pool, const char *const *row)
{
    const char *first, *last;
    um_rows_t rows;

    /* A name that has no key cannot be searched for. */
    if (um_unicode_key(pool, row[1], &first) != APR_SUCCESS) {
        first = "";
    }
    if (um_unicode_key(pool, row[2], &last) != APR_SUCCESS) {
        last = "";
    }
    return um_store_tx_run(tx, UM_SQL_USER_NAME_KEYS, UM_VALUES(first, last, row[0], row[1], row[2]), &rows);
}

static apr_status_t make_page(um_tx_t *tx, void *baton)
{
    page_t *page = baton;
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; rv == APR_SUCCESS && i < page->rows.count; i++) {
        rv = page->make(tx, page->pool, page->rows.row[i]);
    }
    return rv;
}

/* Makes the keys of the rows that a statement finds, page by page, each in memory that the next one uses again: there
 * may be millions of rows. *most: how many more may be made. */
static apr_status_t make_all(um_store_call_t *call, um_statement_e id, make_fn *make, int *most)
{
    um_store_call_t inner = *call;
    page_t page = { .make = make };
    char behind[sizeof(FIRST_ID)] = FIRST_ID;
    apr_status_t rv = apr_pool_create(&inner.pool, call->pool);

    while (rv == APR_SUCCESS && *most > 0) {
        rv = um_store_sql_alone(&inner, id, UM_VALUES(behind), &page.rows);
        if (rv != APR_SUCCESS || !page.rows.count) {
            break;
        }
        page.pool = inner.pool;
        apr_cpystrn(behind, page.rows.row[page.rows.count - 1][0], sizeof(behind));
        *most -= page.rows.count;
        rv = um_store_tx_do(&inner, make_page, &page);
        if (page.rows.count < PAGE) {
            break;
        }
        if (rv == APR_SUCCESS) {
            apr_pool_clear(inner.pool);
        }
    }
    call->cause = inner.cause ? apr_pstrdup(call->pool, inner.cause) : NULL;
    apr_pool_destroy(inner.pool);
    return rv == APR_SUCCESS ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t um_store_rekey(um_store_call_t *call, int most)
{
    apr_status_t rv = make_all(call, UM_SQL_USERS_OLD_KEY, make_key, &most);

    return rv == APR_SUCCESS && most > 0 ? make_all(call, UM_SQL_USERS_NO_NAME_KEY, make_name_keys, &most) : rv;
}
