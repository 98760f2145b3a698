/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "ctx.h"
#include "log_limit.h"
#include "module.h"
#include "process.h"

#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <string.h>

#define KEPT_KEY "usermgmt-login-failure"

/* Bytes of a name that are logged. No account has a longer name in ASCII. */
#define MAX_NAME 150

/* The name encoded as in a URL. It stays readable and can be decoded, and it contains no quote, no line end and no
 * escape sequence of a terminal. */
static const char *escaped(apr_pool_t *pool, const char *name)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = apr_pcalloc(pool, 3 * MAX_NAME + 1);
    char *end = text;
    int i;

    for (i = 0; i < MAX_NAME && name[i]; i++) {
        unsigned char c = (unsigned char)name[i];

        if (c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '%') {
            *end++ = (char)c;
        }
        else {
            *end++ = '%';
            *end++ = digits[c >> 4];
            *end++ = digits[c & 15];
        }
    }
    return name[i] ? apr_pstrcat(pool, text, "...", NULL) : text;
}

/* What an administrator has to mend concerns many accounts, so it is logged once a second at most. */
static void write_alarm(request_rec *r, const um_ctx_t *ctx)
{
    static um_log_limit_t limit;

    if (ctx->alarm && um_log_limit_allows(&limit)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "UM321: %s", ctx->alarm);
    }
}

/* The name comes last, so that what a client typed cannot pass for a part that fail2ban reads. */
static const char *failure_line(request_rec *r, const um_ctx_t *ctx, const char *name)
{
    return apr_psprintf(r->pool, "client %s, account %s, %s, name \"%s\"", r->useragent_ip,
                        ctx->subject ? ctx->subject : "-", ctx->cause ? ctx->cause : "no cause given",
                        escaped(r->pool, name));
}

static void write_line(request_rec *r, const char *text)
{
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r, "UM320: sign-in refused: %s", text);
}

void um_login_failure_log(request_rec *r, const um_ctx_t *ctx, const char *name)
{
    write_alarm(r, ctx);
    write_line(r, failure_line(r, ctx, name));
}

void um_login_failure_log_if_final(request_rec *r, const um_ctx_t *ctx, const char *name)
{
    write_alarm(r, ctx);
    apr_table_setn(r->notes, KEPT_KEY, failure_line(r, ctx, name));
}

void um_login_failure_write(request_rec *r)
{
    const char *text = r->status == HTTP_UNAUTHORIZED ? apr_table_get(r->notes, KEPT_KEY) : NULL;

    if (text) {
        apr_table_unset(r->notes, KEPT_KEY);
        write_line(r, text);
        um_audit_write_kept(r);
    }
}
