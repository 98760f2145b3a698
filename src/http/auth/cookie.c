/* SPDX-License-Identifier: Apache-2.0 */
#include "cookie.h"

#include "module.h"
#include "tls.h"
#include "token_source.h"

#include <apr_strings.h>

const char *um_cookie_name(const request_rec *r)
{
    const char *name = um_server_of(r->server)->settings.cookie;

    if (!name || um_tls_is_on(r)) {
        return name ? apr_pstrcat(r->pool, "__Host-", name, NULL) : NULL;
    }
    return um_tls_is_on_or_local(r) ? name : NULL;
}

static void answer(request_rec *r, const char *value, apr_int64_t seconds)
{
    const char *cookie = apr_psprintf(r->pool, "%s=%s; Path=/; Max-Age=%" APR_INT64_T_FMT "; HttpOnly; SameSite=Lax%s",
                                      um_cookie_name(r), value, seconds, um_tls_is_on(r) ? "; Secure" : "");

    /* Errors too: who was signed out stays so. Added, as others may set cookies as well. */
    apr_table_addn(r->err_headers_out, "Set-Cookie", cookie);
}

void um_cookie_set(request_rec *r, const char *token, apr_int64_t seconds)
{
    answer(r, token, seconds);
}

void um_cookie_clear(request_rec *r)
{
    static const um_token_source_t own = { UM_TOKEN_SOURCE_COOKIE, NULL };
    const char *token;

    if (um_cookie_name(r) && um_token_source_find(r, &own, &token) != UM_BEARER_NONE) {
        answer(r, "", 0);
    }
}
