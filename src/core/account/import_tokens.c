/* SPDX-License-Identifier: Apache-2.0 */
#include "import_private.h"

#include "json.h"
#include "opaque_token.h"
#include "random.h"
#include "store.h"
#include "store_import.h"
#include "unicode.h"

#include <apr_time.h>
#include <string.h>

typedef struct batch_t {
    um_import_t *import;
    const char *rows;
    char owned[UM_IMPORT_BATCH];
    int stored;
} batch_t;

/* 0: OpenSSL or the random generator failed. */
static int put_row(um_import_t *import, um_json_writer_t *rows, int i)
{
    const um_import_token_t *token = import->tokens[i];
    const char *session, *key = NULL, *hash = um_opaque_token_hash(import->pool, token->token);
    apr_int64_t created_at = token->created_at ? token->created_at : um_ctx_seconds(import->ctx);

    if (!hash || um_random_uuid(import->pool, apr_time_now(), &session) != APR_SUCCESS) {
        return 0;
    }
    if (token->username && um_unicode_key(import->pool, token->username, &key) != APR_SUCCESS) {
        key = NULL;
    }
    um_json_write_begin(rows, '[');
    um_import_write_number(rows, i);
    um_json_write_text(rows, token->id ? um_random_uuid_parse(import->pool, token->id) : NULL);
    um_json_write_text(rows, token->alias);
    um_json_write_text(rows, key);
    um_json_write_text(rows, session);
    um_json_write_text(rows, hash);
    um_import_write_number(rows, created_at);
    um_import_write_number(rows, import->options->tokens_until);
    um_json_write_end(rows, ']');
    return 1;
}

static apr_status_t store_tokens(um_tx_t *tx, void *baton)
{
    batch_t *batch = baton;
    const um_import_t *import = batch->import;
    apr_status_t rv = um_store_import_tokens(tx, batch->rows, import->options->on_conflict == UM_IMPORT_UPDATE,
                                             batch->owned, import->token_count, &batch->stored);

    return rv == APR_SUCCESS && import->options->dry_run ? UM_STORE_ROLLED_BACK : rv;
}

um_status_e um_import_store_tokens(um_import_t *import)
{
    um_json_writer_t *rows = um_json_writer(import->pool);
    batch_t batch = { .import = import };
    um_status_e status;
    int owned = 0;

    um_json_write_begin(rows, '[');
    for (int i = 0; i < import->token_count; i++) {
        if (!put_row(import, rows, i)) {
            return um_ctx_failed(import->ctx, "a token could not be hashed");
        }
    }
    um_json_write_end(rows, ']');
    batch.rows = um_json_written(rows);
    status = um_import_run(import, store_tokens, &batch);
    for (int i = 0; status == UM_OK && i < import->token_count; i++) {
        if (!batch.owned[i] && import->options->dry_run && um_import_dry_has_owner(import, import->tokens[i])) {
            batch.owned[i] = 1;
            batch.stored++;
        }
        owned += batch.owned[i];
        if (!batch.owned[i]) {
            um_import_refuse(import, import->tokens[i]->where, "", "the token is of an account that is not there");
        }
    }
    import->counts.tokens += batch.stored;
    import->counts.tokens_skipped += owned - batch.stored;
    return status;
}
