/* SPDX-License-Identifier: Apache-2.0 */
#include "import.h"

#include "event.h"
#include "group.h"
#include "import_private.h"
#include "opaque_token.h"
#include "store_import.h"
#include "unicode.h"

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

um_import_t *um_import_begin(um_ctx_t *ctx, const um_import_options_t *options)
{
    um_import_t *import = apr_pcalloc(ctx->pool, sizeof(*import));
    um_store_call_t call = um_ctx_store(ctx);

    /* Without it the import works, and takes longer. */
    (void)um_store_import_begin(&call);
    import->ctx = ctx;
    import->options = options;
    import->entries = apr_palloc(ctx->pool, UM_IMPORT_BATCH * sizeof(*import->entries));
    import->tokens = apr_palloc(ctx->pool, UM_IMPORT_BATCH * sizeof(*import->tokens));
    import->names = um_import_names_create(ctx->pool);
    import->would_be = options->dry_run ? um_import_names_create(ctx->pool) : NULL;
    import->groups = apr_hash_make(ctx->pool);
    import->made_groups = apr_hash_make(ctx->pool);
    apr_pool_create(&import->pool, ctx->pool);
    return import;
}

const um_import_options_t *um_import_options(const um_import_t *import)
{
    return import->options;
}

const um_import_counts_t *um_import_counts(const um_import_t *import)
{
    return &import->counts;
}

apr_pool_t *um_import_pool(const um_import_t *import)
{
    return import->pool;
}

void um_import_refuse(um_import_t *import, const char *where, const char *name, const char *why)
{
    import->counts.refused++;
    import->options->refuse(import->options->baton, where, name ? name : "", why);
}

/* --- adding --- */

um_status_e um_import_next(um_import_t *import)
{
    /* Records that are refused take memory, too. */
    return import->entry_count == UM_IMPORT_BATCH || import->token_count == UM_IMPORT_BATCH
           || ++import->records > 2 * UM_IMPORT_BATCH ? um_import_flush(import) : UM_OK;
}

void um_import_user(um_import_t *import, const um_import_row_t *row)
{
    const char *why;

    import->number++;
    why = um_import_check(import, row, &import->entries[import->entry_count]);
    if (why) {
        um_import_refuse(import, row->where, row->username, why);
    }
    else {
        import->entry_count++;
    }
}

void um_import_token(um_import_t *import, const um_import_token_t *token)
{
    if (!import->options->tokens_until) {
        import->counts.tokens_skipped++;
    }
    else if (!um_opaque_token_is(token->token)) {
        um_import_refuse(import, token->where, "", "the token is not of 40 hexadecimal digits");
    }
    else {
        import->tokens[import->token_count++] = token;
    }
}

/* The name with "-" in place of what names of groups cannot have. NULL: nothing is left. */
static const char *group_name(apr_pool_t *pool, const char *name)
{
    const char *normal;
    char *copy;

    if (!um_unicode_valid(name, strlen(name)) || um_unicode_nfkc(pool, name, &normal) != APR_SUCCESS) {
        return NULL;
    }
    copy = apr_pstrdup(pool, normal);
    for (char *c = copy; *c; c++) {
        if (!((unsigned char)*c >= 0x80 || apr_isalnum(*c) || strchr("@.+-_", *c))) {
            *c = '-';
        }
    }
    return um_unicode_is_name(copy) ? copy : NULL;
}

/* What um_group_create() would return, in a dry run. Several names of the file may be one group. */
static um_status_e try_group(um_import_t *import, const char *name)
{
    um_ctx_t *ctx = import->ctx;
    const um_group_t *group;
    um_status_e status;

    if (!um_group_stored_name(ctx->pool, name)) {
        um_ctx_error(ctx, "name", UM_MESSAGE_GROUP_INVALID);
        return UM_INVALID;
    }
    status = um_group_find(ctx, name, &group);
    if (status == UM_OK || (status == UM_ABSENT && apr_hash_get(import->made_groups, name, APR_HASH_KEY_STRING))) {
        um_ctx_error(ctx, "name", UM_MESSAGE_GROUP_TAKEN);
        return UM_INVALID;
    }
    apr_hash_set(import->made_groups, name, APR_HASH_KEY_STRING, name);
    return status == UM_ABSENT ? UM_OK : status;
}

um_status_e um_import_group(um_import_t *import, const char *where, const char *name, const char **stored)
{
    um_ctx_t *ctx = import->ctx;
    um_status_e status;

    *stored = apr_hash_get(import->groups, name, APR_HASH_KEY_STRING);
    if (*stored) {
        return UM_OK;
    }
    *stored = group_name(ctx->pool, name);
    if (!*stored) {
        um_import_refuse(import, where, name, "it cannot be the name of a group");
        return UM_OK;
    }
    apr_hash_set(import->groups, apr_pstrdup(ctx->pool, name), APR_HASH_KEY_STRING, *stored);
    status = import->options->dry_run ? try_group(import, *stored) : um_group_create(ctx, *stored);
    import->counts.groups += status == UM_OK;
    /* A taken name is the group. Another error is of its length. */
    if (status == UM_INVALID && strcmp(APR_ARRAY_IDX(ctx->errors, 0, um_error_t).code, "unique") != 0) {
        um_import_refuse(import, where, name, APR_ARRAY_IDX(ctx->errors, 0, um_error_t).text);
        apr_hash_set(import->groups, name, APR_HASH_KEY_STRING, NULL);
        *stored = NULL;
    }
    apr_array_clear(ctx->errors);
    return status == UM_INVALID ? UM_OK : status;
}

/* --- storing --- */

um_status_e um_import_flush(um_import_t *import)
{
    um_status_e status = UM_OK;

    if (import->entry_count) {
        status = um_import_store_users(import);
    }
    if (status == UM_OK && import->token_count) {
        status = um_import_store_tokens(import);
    }
    import->entry_count = import->token_count = import->records = 0;
    if (import->options->progress) {
        import->options->progress(import->options->baton, import);
    }
    apr_pool_clear(import->pool);
    return status;
}

um_status_e um_import_end(um_import_t *import)
{
    const um_import_counts_t *counts = &import->counts;
    um_status_e status = um_import_flush(import);

    if (status != UM_OK || import->options->dry_run || !(counts->made + counts->updated + counts->tokens)) {
        return status;
    }
    return um_event_store_alone(import->ctx, UM_EVENT_IMPORTED,
                                apr_psprintf(import->ctx->pool, "%" APR_INT64_T_FMT " made, %" APR_INT64_T_FMT
                                             " changed, %" APR_INT64_T_FMT " tokens", counts->made, counts->updated,
                                             counts->tokens));
}
