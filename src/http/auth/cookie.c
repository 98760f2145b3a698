/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "browser.h"
#include "refresh.h"
#include "session.h"

#include <apr_strings.h>
#include <string.h>

/* Behind the refresh token, where its cookie lasts as long as it does: only so the next cookies can be alike, because a
 * browser does not tell how long it keeps one. */
#define STAYS ".stay"

/* --- Set-Cookie --- */

/* Removes a cookie that this answer would set: a session may be renewed and then ended by one request. */
static void drop_earlier(request_rec *r, const char *name)
{
    const apr_array_header_t *all = apr_table_elts(r->err_headers_out);
    apr_array_header_t *others = apr_array_make(r->pool, 2, sizeof(const char *));
    apr_size_t len = strlen(name);

    if (!apr_table_get(r->err_headers_out, "Set-Cookie")) {
        return;
    }
    for (int i = 0; i < all->nelts; i++) {
        const apr_table_entry_t *header = &APR_ARRAY_IDX(all, i, apr_table_entry_t);

        if (strcasecmp(header->key, "Set-Cookie") == 0
            && !(strncmp(header->val, name, len) == 0 && header->val[len] == '=')) {
            APR_ARRAY_PUSH(others, const char *) = header->val;
        }
    }
    apr_table_unset(r->err_headers_out, "Set-Cookie");
    for (int i = 0; i < others->nelts; i++) {
        apr_table_addn(r->err_headers_out, "Set-Cookie", APR_ARRAY_IDX(others, i, const char *));
    }
}

/* max_age: "" or an attribute. */
static void add_cookie(request_rec *r, const char *name, const char *value, const char *max_age)
{
    while (r->main) {
        r = r->main;
    }
    drop_earlier(r, name);
    /* err_headers_out is sent with errors too: a session that was ended stays ended. Other modules may set cookies of
     * their own, so the header is added. */
    apr_table_addn(r->err_headers_out, "Set-Cookie",
                   apr_pstrcat(r->pool, name, "=", value, "; Path=/", max_age, "; HttpOnly; SameSite=Lax",
                               um_tls_is_on(r) ? "; Secure" : "", NULL));
    um_request_show(r, UM_TOKEN_SOURCE_COOKIE);
}

static const char *max_age(request_rec *r, apr_int64_t seconds, int stays)
{
    return stays ? apr_psprintf(r->pool, "; Max-Age=%" APR_INT64_T_FMT, seconds) : "";
}

static int has_cookie(const request_rec *r)
{
    static const um_token_source_t own = { UM_TOKEN_SOURCE_COOKIE, NULL };
    const char *token;

    return um_token_extract(r, &own, &token) != UM_BEARER_NONE;
}

static int has_refresh_cookie(const request_rec *r)
{
    const char *value;

    return um_token_extract_refresh(r, &value) != UM_BEARER_NONE;
}

static void clear_refresh(request_rec *r)
{
    if (has_refresh_cookie(r)) {
        add_cookie(r, um_token_refresh_cookie_name(r), "", max_age(r, 0, 1));
    }
}

/* --- the two cookies --- */

/* A session without a refresh token must not leave that of an earlier session behind, of perhaps another account. */
static void set_both(request_rec *r, const char *token, apr_int64_t seconds, const char *refresh_token,
                     apr_int64_t refresh_seconds, int stays)
{
    add_cookie(r, um_token_cookie_name(r), token, max_age(r, seconds, stays));
    if (refresh_token) {
        add_cookie(r, um_token_refresh_cookie_name(r), apr_pstrcat(r->pool, refresh_token, stays ? STAYS : "", NULL),
                   max_age(r, refresh_seconds, stays));
    }
    else {
        clear_refresh(r);
    }
}

void um_cookie_set_session(request_rec *r, const um_session_new_t *session, int stays)
{
    apr_int64_t now = session->record.created_at;

    set_both(r, session->token, session->token_expires_at - now, session->refresh_token,
             session->record.expires_at - now, stays);
}

void um_cookie_set_renewed(request_rec *r, const um_refresh_use_t *use, apr_int64_t now, int stays)
{
    set_both(r, use->token, use->expires_at - now, use->refresh_token, use->refresh_expires_at - now, stays);
}

void um_cookie_clear_session(request_rec *r)
{
    if (um_token_cookie_name(r) && (has_cookie(r) || has_refresh_cookie(r))) {
        add_cookie(r, um_token_cookie_name(r), "", max_age(r, 0, 1));
        clear_refresh(r);
    }
}

const char *um_cookie_refresh_token(const request_rec *r, int *stays)
{
    const char *value;
    apr_size_t len, suffix = strlen(STAYS);
    int has_suffix;

    if (um_token_extract_refresh(r, &value) != UM_BEARER_FOUND) {
        return NULL;
    }
    len = strlen(value);
    has_suffix = len > suffix && strcmp(value + len - suffix, STAYS) == 0;
    if (stays) {
        *stays = has_suffix;
    }
    return has_suffix ? apr_pstrmemdup(r->pool, value, len - suffix) : value;
}
