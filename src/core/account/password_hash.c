/* SPDX-License-Identifier: Apache-2.0 */
#include "password.h"

#include "concurrency_limit.h"
#include "core_settings.h"
#include "log_limit.h"
#include "metric.h"
#include "monotonic.h"
#include "pepper.h"
#include "pwhash.h"
#include "store_user.h"
#include "throttle.h"
#include "unicode.h"
#include "wipe.h"

#include <apr_strings.h>
#include <string.h>

/* --- as it is compared --- */

static int is_ascii(um_secret_t password)
{
    apr_size_t i = 0;

    while (i < password.len && (unsigned char)password.text[i] < 0x80) {
        i++;
    }
    return i == password.len;
}

um_secret_t um_password_prepare(um_ctx_t *ctx, um_secret_t typed)
{
    um_secret_t *made;

    /* A password that cannot be normalized is compared as it is. */
    if (is_ascii(typed)) {
        return typed;
    }
    made = apr_palloc(ctx->pool, sizeof(*made));
    if (um_unicode_opaque(ctx->pool, typed.text, typed.len, &made->text, &made->len) != APR_SUCCESS) {
        return typed;
    }
    um_wipe_with(ctx->pool, made->text, made->len);
    return made->len == typed.len && memcmp(made->text, typed.text, typed.len) == 0 ? typed : *made;
}

/* --- inside the hash limit --- */

um_status_e um_password_enter(um_ctx_t *ctx, um_concurrency_limit_pass_t *pass)
{
    apr_interval_time_t wait = apr_time_from_sec(ctx->settings->hash_wait);
    apr_uint64_t who = um_throttle_client_number(ctx->throttle_client);
    um_counters_t *counters = ctx->site->counters;
    apr_int64_t began = um_monotonic_us();
    apr_status_t rv;

    if (!ctx->site->hash_limit) {
        pass->slot = -1;
        return UM_OK;
    }
    um_counters_change(counters, UM_METRIC_HASH_WAITING, 1);
    rv = um_concurrency_limit_enter_for(ctx->site->hash_limit, who, wait, pass);
    um_counters_change(counters, UM_METRIC_HASH_WAITING, -1);
    if (rv != APR_SUCCESS) {
        um_counters_add(counters, UM_METRIC_HASH_REFUSED, 1);
        ctx->cause = "too many passwords wait to be hashed";
        ctx->is_logged = !um_log_limit_allows(ctx->site->hash_limit_log);
        return UM_BUSY;
    }
    um_counters_change(counters, UM_METRIC_HASHING, 1);
    um_counters_time(counters, UM_METRIC_HASH_WAIT, um_monotonic_us() - began);
    return UM_OK;
}

void um_password_leave(um_ctx_t *ctx, um_concurrency_limit_pass_t *pass)
{
    if (ctx->site->hash_limit) {
        if (pass->slot >= 0) {
            um_counters_change(ctx->site->counters, UM_METRIC_HASHING, -1);
        }
        um_concurrency_limit_leave(ctx->site->hash_limit, pass);
    }
}

/* What is hashed in place of a prepared password: its HMAC under a version of the pepper, which is wiped with the
 * context's pool; or, with id NULL, the password itself. Whether the server has that version. */
static int add_pepper(um_ctx_t *ctx, const char *id, um_secret_t *password)
{
    unsigned char *peppered;

    if (!id) {
        return 1;
    }
    peppered = apr_palloc(ctx->pool, UM_PEPPER_BYTES);
    um_wipe_with(ctx->pool, peppered, UM_PEPPER_BYTES);
    if (!um_pepper_apply(ctx->site->pepper, id, password->text, password->len, peppered)) {
        return 0;
    }
    *password = (um_secret_t){ (const char *)peppered, UM_PEPPER_BYTES };
    return 1;
}

um_status_e um_password_make(um_ctx_t *ctx, um_secret_t password, const char **hash)
{
    const char *id = um_pepper_current(ctx->site->pepper);

    password = um_password_prepare(ctx, password);
    if (!add_pepper(ctx, id, &password)) {
        return um_ctx_failed(ctx, "a password could not be hashed: OpenSSL computes no HMAC");
    }
    if (um_pwhash_make(ctx->pool, ctx->settings->password_hash, password.text, password.len, hash) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "a password could not be hashed: too little memory for UserMgmtPasswordHash?");
    }
    *hash = id ? um_pepper_join(ctx->pool, id, *hash) : *hash;
    return UM_OK;
}

um_status_e um_password_hash(um_ctx_t *ctx, um_secret_t password, const char **hash)
{
    um_concurrency_limit_pass_t pass;
    um_status_e status = um_password_enter(ctx, &pass);

    if (status == UM_OK) {
        status = um_password_make(ctx, password, hash);
        um_password_leave(ctx, &pass);
    }
    return status;
}

/* Compares a form of a password with a stored hash. UM_PWHASH_UNKNOWN also when the server lacks the hash's version of
 * the pepper: then nobody can sign in to the account, and the log says so. */
static um_pwhash_e verify_stored(um_ctx_t *ctx, const char *stored, um_secret_t form)
{
    const char *hash, *id = um_pepper_split(ctx->pool, stored, &hash);

    if (!add_pepper(ctx, id, &form)) {
        ctx->alarm = apr_psprintf(ctx->pool, "the hash of an account was made with the version %.16s of the pepper, "
                                  "which is not in the file of UserMgmtPasswordPepper; nobody can sign in to accounts "
                                  "with such a hash until it is there again", id);
        return UM_PWHASH_UNKNOWN;
    }
    return um_pwhash_verify(ctx->pool, hash, form.text, form.len);
}

/* Whether a stored hash should be replaced: by one of the configured kind, or of the current version of the pepper. */
static int is_outdated(um_ctx_t *ctx, const char *stored)
{
    const char *current = um_pepper_current(ctx->site->pepper), *hash;
    const char *id = um_pepper_split(ctx->pool, stored, &hash);

    return um_pwhash_outdated(ctx->settings->password_hash, hash) || !id != !current
           || (id && current && strcmp(id, current) != 0);
}

/* Whether the sign-in is refused: an inactive account is refused with the right password, too. */
static int is_refused(const um_user_t *user, um_pwhash_e match)
{
    return match == UM_PWHASH_UNKNOWN || match == UM_PWHASH_MISMATCH || (match == UM_PWHASH_MATCH && !user->is_active);
}

/* Compares one form of a password with the account's hash. A form that is refused costs the same whatever hash the
 * account has, and without an account. */
static um_pwhash_e verify_form(um_ctx_t *ctx, const um_user_t *user, um_secret_t form)
{
    um_pwhash_e match = user ? verify_stored(ctx, user->password, form) : UM_PWHASH_UNKNOWN;
    const char *hash = NULL;

    if (match == UM_PWHASH_MISMATCH || match == UM_PWHASH_MATCH) {
        (void)um_pepper_split(ctx->pool, user->password, &hash);
    }
    if (is_refused(user, match)) {
        um_password_kinds_spend(ctx, um_pwhash_kind(hash), form);
    }
    return match;
}

/* Earlier versions hashed the bytes as typed, without normalization. So the bytes as typed are tried second, for every
 * account and unknown name alike, so that the time shows nothing. *is_old: the second form was tried. */
static um_pwhash_e verify_forms(um_ctx_t *ctx, const um_user_t *user, um_secret_t typed, int *is_old)
{
    um_secret_t form = um_password_prepare(ctx, typed);
    um_pwhash_e match = verify_form(ctx, user, form), second;

    *is_old = form.text != typed.text && is_refused(user, match);
    if (!*is_old) {
        return match;
    }
    second = verify_form(ctx, user, typed);
    return match == UM_PWHASH_MATCH ? match : second;
}

um_status_e um_password_verify(um_ctx_t *ctx, const um_user_t *user, um_secret_t password, const um_secret_t *wanted,
                               const char **fresh)
{
    int is_old;
    um_pwhash_e match = verify_forms(ctx, user, password, &is_old);

    if (match == UM_PWHASH_ERROR) {
        return um_ctx_failed(ctx, "a password could not be hashed: too little memory for UserMgmtPasswordHash?");
    }
    if (match != UM_PWHASH_MATCH) {
        return UM_INVALID;
    }
    if (wanted || (user->is_active && (is_old || is_outdated(ctx, user->password)))) {
        return um_password_make(ctx, wanted ? *wanted : password, fresh);
    }
    return UM_OK;
}
