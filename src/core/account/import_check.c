/* SPDX-License-Identifier: Apache-2.0 */
#include "import_private.h"

#include "alias.h"
#include "core_settings.h"
#include "custom_input.h"
#include "pepper.h"
#include "profile_input.h"
#include "pwhash.h"
#include "random.h"
#include "unicode.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

const char *um_import_check_hash(apr_pool_t *pool, const char *hash)
{
    const char *why = NULL, *rest = hash;

    if (!hash || !*hash || *hash == '!' || strcmp(hash, UM_USER_INVITED) == 0) {
        return NULL;
    }
    /* An export of this program may have hashes with a pepper, whose file comes along by itself. */
    (void)um_pepper_split(pool, hash, &rest);
    return um_pwhash_check(rest ? rest : hash, &why) == APR_SUCCESS ? NULL : why;
}

/* A text of the profile other than name and address. */
static const char *check_field(apr_pool_t *pool, const char *name, const char *text, apr_size_t longest,
                              const char **stored)
{
    *stored = text ? text : "";
    if (!um_unicode_valid(*stored, strlen(*stored))) {
        return apr_psprintf(pool, "%s is not UTF-8", name);
    }
    return um_unicode_count(*stored, strlen(*stored)) > longest
           ? apr_psprintf(pool, "%s has more than %" APR_SIZE_T_FMT " characters", name, longest) : NULL;
}

static const char *check_key(um_import_t *import, const um_import_row_t *row, um_import_entry_t *entry)
{
    entry->given = row->id ? um_random_uuid_parse(import->pool, row->id) : NULL;
    if (row->id && !entry->given) {
        return "its key is neither a UUID nor a number";
    }
    return row->alias && !um_alias_is(row->alias) ? "its number is not one from 1 on" : NULL;
}

/* The first error of the context, as text. */
static const char *first_error(const um_ctx_t *ctx, apr_pool_t *pool)
{
    const um_error_t *error = &APR_ARRAY_IDX(ctx->errors, 0, um_error_t);

    return ctx->errors->nelts ? apr_pstrcat(pool, error->field, ": ", error->text, NULL) : NULL;
}

/* The name and the address, by the rules of registration. */
static const char *check_identity(um_import_t *import, const um_import_row_t *row, um_import_entry_t *entry)
{
    um_ctx_t ctx;

    if (!um_unicode_valid(row->username, strlen(row->username))
        || (row->email && !um_unicode_valid(row->email, strlen(row->email)))) {
        return "its name or its address is not UTF-8";
    }
    um_ctx_init(&ctx, import->pool, import->ctx->site, import->ctx->now);
    um_profile_check_username(&ctx, row->username, &entry->user, &entry->keys);
    um_profile_check_email(&ctx, row->email ? row->email : "", &entry->user, &entry->keys);
    return first_error(&ctx, import->pool);
}

int um_import_check_custom(um_import_t *import, um_import_row_t *row, const char *name, const char *value,
                           const char **why)
{
    const um_custom_field_t *field = um_custom_field_find(import->ctx->settings->custom_fields, name, strlen(name));
    um_ctx_t ctx;

    if (!field || (!*value && field->is_required)) {
        return field != NULL;
    }
    um_ctx_init(&ctx, import->pool, import->ctx->site, import->ctx->now);
    row->custom = row->custom ? row->custom : um_json_object(import->pool);
    um_custom_input_text(&ctx, field, value, row->custom);
    *why = *why ? *why : first_error(&ctx, import->pool);
    return 1;
}

static const char *check_profile(um_import_t *import, const um_import_row_t *row, um_import_entry_t *entry)
{
    const char *why = NULL;

#define CHECK(name, label, kind, longest, ...) \
    UM_PROFILE_IF_TEXT(kind, why = why ? why : check_field(import->pool, #name, row->name, longest, &entry->user.name);)
    UM_PROFILE(CHECK)
#undef CHECK
    return why;
}

/* Ids of version 7 with the present time, not with that of the context, which is the same in the whole import: so each
 * row comes near the end of the indexes that end with the id, whose other pages need not be read and written again. */
static const char *make_ids(um_import_t *import, um_import_entry_t *entry)
{
    if (um_random_uuid(import->pool, apr_time_now(), &entry->made_id) != APR_SUCCESS
        || um_random_uuid(import->pool, import->ctx->now, &entry->user.version) != APR_SUCCESS) {
        return "the random generator failed";
    }
    return NULL;
}

const char *um_import_check(um_import_t *import, const um_import_row_t *row, um_import_entry_t *entry)
{
    apr_int64_t before;
    const char *why;

    *entry = (um_import_entry_t){ .row = row, .email_verified = row->email_verified };
    if (!row->username || !*row->username) {
        return "it has no name";
    }
    why = um_import_check_hash(import->pool, row->password);
    if (why || (why = check_key(import, row, entry)) || (why = check_identity(import, row, entry))
        || (why = check_profile(import, row, entry)) || (why = make_ids(import, entry))) {
        return why;
    }
    before = um_import_names_add(import->names, entry->keys.username_key, import->number);
    if (before) {
        return apr_psprintf(import->pool, "account %" APR_INT64_T_FMT " of the file has the same name", before);
    }
    /* What follows the sign of an unusable password is random: it means nothing. */
    entry->user.password = !row->password ? "" : *row->password == '!' ? "!" : row->password;
    entry->user.is_active = !row->is_inactive;
    entry->user.is_staff = row->is_staff;
    entry->created_at = row->created_at ? row->created_at : um_ctx_seconds(import->ctx);
    return NULL;
}
