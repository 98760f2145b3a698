/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "ctx.h"
#include "module.h"

#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <string.h>

#define LATER_KEY "usermgmt-refusal"

/* Bytes of a name that stand in a line. No account has a longer one in ASCII. */
#define MAX_NAME 150

/* As in a URL: readable, reversible, and without a quote, a line end or anything else that a reader could take for the
 * end of the name or a terminal for an order. */
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

/* The address first: what the client typed comes behind everything that a filter reads. */
static const char *line(request_rec *r, const um_ctx_t *ctx, const char *name)
{
    return apr_psprintf(r->pool, "client %s, account %s, %s, name \"%s\"", r->useragent_ip,
                        ctx->subject ? ctx->subject : "-", ctx->cause ? ctx->cause : "no cause given",
                        escaped(r->pool, name));
}

static void print(request_rec *r, const char *text)
{
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r, "UM320: sign-in refused: %s", text);
}

void um_login_failure_log(request_rec *r, const um_ctx_t *ctx, const char *name)
{
    print(r, line(r, ctx, name));
}

void um_login_failure_log_if_final(request_rec *r, const um_ctx_t *ctx, const char *name)
{
    apr_table_setn(r->notes, LATER_KEY, line(r, ctx, name));
}

static void print_later(request_rec *r)
{
    const char *text = r->status == HTTP_UNAUTHORIZED ? apr_table_get(r->notes, LATER_KEY) : NULL;

    if (text) {
        apr_table_unset(r->notes, LATER_KEY);
        print(r, text);
    }
}

void um_login_failure_error(request_rec *r)
{
    print_later(r);
}

int um_login_failure_error_document(request_rec *r)
{
    if (r->prev) {
        print_later(r->prev);
    }
    return DECLINED;
}
