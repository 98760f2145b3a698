/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include <apr_strings.h>

static void add_cookie(request_rec *r, const char *value, apr_int64_t seconds)
{
    const char *cookie = apr_psprintf(r->pool, "%s=%s; Path=/; Max-Age=%" APR_INT64_T_FMT "; HttpOnly; SameSite=Lax%s",
                                      um_token_cookie_name(r), value, seconds, um_tls_is_on(r) ? "; Secure" : "");

    /* err_headers_out is sent with errors too: a session that was ended stays ended. Other modules may set cookies of
     * their own, so the header is added. */
    apr_table_addn(r->err_headers_out, "Set-Cookie", cookie);
}

void um_cookie_set(request_rec *r, const char *token, apr_int64_t seconds)
{
    add_cookie(r, token, seconds);
}

void um_cookie_clear(request_rec *r)
{
    static const um_token_source_t own = { UM_TOKEN_SOURCE_COOKIE, NULL };
    const char *token;

    if (um_token_cookie_name(r) && um_token_extract(r, &own, &token) != UM_BEARER_NONE) {
        add_cookie(r, "", 0);
    }
}
