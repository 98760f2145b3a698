/* SPDX-License-Identifier: Apache-2.0 */
#include "store_rekey.h"

#include "email.h"
#include "idna.h"
#include "store_private.h"
#include "store_sql.h"
#include "unicode.h"

#include <string.h>

/* The id after which the first page begins, and the rows of a page (as in the statement's text). */
#define FIRST_ID "00000000-0000-0000-0000-000000000000"
#define PAGE 100

typedef struct page_t {
    apr_pool_t *pool;
    um_rows_t rows;            /* id, email, email_key */
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

static apr_status_t make_page(um_tx_t *tx, void *baton)
{
    page_t *page = baton;
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; rv == APR_SUCCESS && i < page->rows.count; i++) {
        rv = make_key(tx, page->pool, page->rows.row[i]);
    }
    return rv;
}

apr_status_t um_store_rekey(um_store_call_t *call, int most)
{
    page_t page = { .pool = call->pool };
    const char *behind = FIRST_ID;
    apr_status_t rv;

    do {
        rv = um_store_sql_alone(call, UM_SQL_USERS_OLD_KEY, UM_VALUES(behind), &page.rows);
        if (rv == APR_SUCCESS && page.rows.count) {
            behind = page.rows.row[page.rows.count - 1][0];
            most -= page.rows.count;
            rv = um_store_tx_do(call, make_page, &page);
        }
    } while (rv == APR_SUCCESS && page.rows.count == PAGE && most > 0);
    return rv == APR_SUCCESS ? APR_SUCCESS : APR_EGENERAL;
}
