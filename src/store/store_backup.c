/* SPDX-License-Identifier: Apache-2.0 */
#include "store_backup.h"

#include "store_private.h"

#include <apr_strings.h>
#include <string.h>

/* A text in quotes, as SQL has it. */
static const char *quoted(apr_pool_t *pool, const char *text)
{
    const char *all = "'", *quote;

    while ((quote = strchr(text, '\'')) != NULL) {
        all = apr_pstrcat(pool, all, apr_pstrmemdup(pool, text, (apr_size_t)(quote - text)), "''", NULL);
        text = quote + 1;
    }
    return apr_pstrcat(pool, all, text, "'", NULL);
}

apr_status_t um_store_backup_into(um_store_call_t *call, const char *file)
{
    um_store_conn_t conn;
    const char *why = "no reason";
    apr_status_t rv = um_store_pool_acquire(call, 0, &conn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = um_store_conn_text(&conn, call->pool, apr_pstrcat(call->pool, "vacuum into ", quoted(call->pool, file), NULL),
                            &why);
    if (rv != APR_SUCCESS) {
        call->cause = apr_psprintf(call->pool, "the database could not be copied: %s", why);
        rv = APR_EGENERAL;
    }
    um_store_pool_release(call, 0, &conn);
    return rv;
}
