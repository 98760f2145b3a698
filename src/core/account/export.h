/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_EXPORT_H
#define UM_EXPORT_H
/* Exporting accounts, page by page in the order of their ids, in bounded memory. */
#include "ctx.h"

typedef struct um_custom_fields_t um_custom_fields_t;   /* custom_field.h */
typedef struct um_store_export_t um_store_export_t;

typedef struct um_export_options_t {
    const char *model;          /**< Django's model of users; NULL: auth.user */
    const um_custom_fields_t *fields;   /**< custom fields of the site, or NULL; Django's auth.user has none */
    /** Takes a line of the output, without its end. 0: it could not be written, and the export ends. */
    int (*line)(void *baton, const char *text);
    /** Told of each account that the other program cannot use as it is, and why. */
    void (*warn)(void *baton, const char *name, const char *why);
    void *baton;
} um_export_options_t;

/** How an account becomes text, in pool. *warning: what the other program cannot use; NULL: nothing. */
typedef const char *um_export_print_fn(apr_pool_t *pool, const um_export_options_t *options,
                                       const um_store_export_t *account, const char **warning);

/** A format. */
typedef struct um_export_format_t {
    const char *name;
    /** What stands before the accounts and behind them, in pool. groups: their names; NULL: that is empty. */
    const char *(*head)(apr_pool_t *pool, const um_export_options_t *options, const apr_array_header_t *groups);
    um_export_print_fn *print;
    const char *tail;           /**< NULL: nothing */
    const char *separator;      /**< at the end of each account but the last one; "": none */
} um_export_format_t;

/** The format of that name; NULL: there is none. */
const um_export_format_t *um_export_format(const char *name);

/** Writes all accounts. *count: how many. UM_FAILED: the output could not be written; UM_UNAVAILABLE. */
um_status_e um_export_run(um_ctx_t *ctx, const um_export_format_t *format, const um_export_options_t *options,
                          apr_int64_t *count);

/** The hash of an account as Django reads it, in pool. *why: why Django cannot verify it; NULL: it can. */
const char *um_export_django_hash(apr_pool_t *pool, const char *hash, const char **why);

#endif
