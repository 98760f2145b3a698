/* SPDX-License-Identifier: Apache-2.0 */
#include "export.h"

#include "group.h"
#include "store.h"
#include "store_group.h"
#include "store_import.h"
#include "store_user.h"

#include <apr_strings.h>
#include <string.h>

#define PAGE 1000

typedef struct export_t {
    const um_export_format_t *format;
    const um_export_options_t *options;
    apr_int64_t count;
    const char *last_id;        /* of the account that was written last; in the pool of the ctx */
} export_t;

/* Whether the line was written. An account's line is written when it is known whether another one follows. */
static int write_page(export_t *export, apr_pool_t *pool, const apr_array_header_t *accounts)
{
    for (int i = 0; i < accounts->nelts; i++) {
        const um_store_export_t *account = &APR_ARRAY_IDX(accounts, i, um_store_export_t);
        const char *warning = NULL, *text = export->format->print(pool, export->options, account, &warning);

        if (warning) {
            export->options->warn(export->options->baton, account->user->username, warning);
        }
        if (!export->options->line(export->options->baton, export->count && *export->format->separator
                                   ? apr_pstrcat(pool, export->format->separator, text, NULL) : text)) {
            return 0;
        }
        export->count++;
    }
    return 1;
}

static um_status_e write_failed(um_ctx_t *ctx)
{
    return um_ctx_failed(ctx, "the output could not be written");
}

static um_status_e write_accounts(um_ctx_t *ctx, export_t *export)
{
    char last_id[64] = "";
    apr_array_header_t *page;
    apr_pool_t *pool;
    int more = 1;

    apr_pool_create(&pool, ctx->pool);
    while (more) {
        um_store_call_t call = um_ctx_store(ctx);

        apr_pool_clear(pool);
        call.pool = pool;
        if (um_store_import_page(&call, *last_id ? last_id : NULL, PAGE, &page) != APR_SUCCESS) {
            call.cause = apr_pstrdup(ctx->pool, call.cause);
            return um_ctx_unavailable(ctx, &call);
        }
        if (!write_page(export, pool, page)) {
            return write_failed(ctx);
        }
        more = page->nelts == PAGE;
        if (more) {
            apr_cpystrn(last_id, APR_ARRAY_IDX(page, PAGE - 1, um_store_export_t).user->id, sizeof(last_id));
        }
    }
    apr_pool_destroy(pool);
    return UM_OK;
}

um_status_e um_export_run(um_ctx_t *ctx, const um_export_format_t *format, const um_export_options_t *options,
                          apr_int64_t *count)
{
    export_t export = { .format = format, .options = options };
    apr_array_header_t *groups;
    um_status_e status = um_group_list(ctx, &groups);

    if (status == UM_OK && format->head && !options->line(options->baton, format->head(ctx->pool, options, groups))) {
        status = write_failed(ctx);
    }
    /* The groups stand before the accounts, and are counted as what a separator follows. */
    export.count = *format->separator ? groups->nelts : 0;
    if (status == UM_OK) {
        status = write_accounts(ctx, &export);
    }
    if (status == UM_OK && format->tail && !options->line(options->baton, format->tail)) {
        status = write_failed(ctx);
    }
    *count = export.count - (*format->separator ? groups->nelts : 0);
    return status;
}
