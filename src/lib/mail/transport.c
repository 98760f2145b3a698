/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_private.h"
#include "mailaddr.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define LONGEST_REASON 200
/* Any run of base64url characters this long may be a token of ours, or the better part of one. */
#define TOKEN_LENGTH 32
/* Shorter names before the @ are words like others. */
#define SHORTEST_LOCAL 3

static const struct {
    const char *scheme;
    apr_status_t (*open)(um_transport_t *t, const char *scheme, const char *rest, const char **why);
} kinds[] = {
    { "smtp", um_transport_smtp_open },
    { "smtp+starttls", um_transport_smtp_open },
    { "smtps", um_transport_smtp_open },
    { "sendmail", um_transport_sendmail_open },
    { "file", um_transport_file_open },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

const char *um_transport_reason(apr_pool_t *pool, const char *what, apr_status_t status)
{
    char text[128];

    return apr_pstrcat(pool, what, ": ", apr_strerror(status, text, sizeof(text)), NULL);
}

void um_transport_rest(um_transport_t *t)
{
    if (t->rest) {
        t->rest(t);
    }
}

static apr_status_t close_transport(void *data)
{
    um_transport_t *t = data;

    um_transport_rest(t);
    if (t->wipe) {
        t->wipe(t);
    }
    return APR_SUCCESS;
}

apr_status_t um_transport_open(apr_pool_t *pool, const char *url, const um_transport_options_t *o, um_transport_t **t,
                               const char **why)
{
    um_transport_t *made = apr_pcalloc(pool, sizeof(*made));
    const char *colon = strchr(url, ':');
    apr_size_t len = colon ? (apr_size_t)(colon - url) : 0, i;
    apr_status_t status;

    made->pool = pool;
    made->o.login_file = o->login_file ? apr_pstrdup(pool, o->login_file) : NULL;
    made->o.ca_file = o->ca_file ? apr_pstrdup(pool, o->ca_file) : NULL;
    made->o.timeout = o->timeout > 0 ? o->timeout : 1;
    /* Before it is opened, for that may fail with the secret read. */
    apr_pool_cleanup_register(pool, made, close_transport, apr_pool_cleanup_null);
    for (i = 0; i < KINDS; ++i) {
        if (strlen(kinds[i].scheme) == len && strncasecmp(kinds[i].scheme, url, len) == 0) {
            status = kinds[i].open(made, kinds[i].scheme, colon + 1, why);
            if (status == APR_SUCCESS) {
                *t = made;
            }
            return status;
        }
    }
    *why = "starts with none of smtp://, smtp+starttls://, smtps://, sendmail: and file:";
    return APR_EINVAL;
}

apr_status_t um_transport_check(apr_pool_t *pool, const char *url, const um_transport_options_t *o, const char **why)
{
    apr_pool_t *scratch;
    um_transport_t *t;
    apr_status_t status = apr_pool_create(&scratch, pool);

    if (status == APR_SUCCESS) {
        status = um_transport_open(scratch, url, o, &t, why);
        if (status != APR_SUCCESS) {
            *why = apr_pstrdup(pool, *why);
        }
        apr_pool_destroy(scratch);
    }
    else {
        *why = "out of memory";
    }
    return status;
}

/* --- texts of others, for the log --- */

static int is_token_character(char c)
{
    return apr_isalnum(c) || c == '-' || c == '_';
}

static int holds_token(const char *word, apr_size_t len)
{
    apr_size_t i, run = 0;

    for (i = 0; i < len && run < TOKEN_LENGTH; ++i) {
        run = is_token_character(word[i]) ? run + 1 : 0;
    }
    return run >= TOKEN_LENGTH;
}

/* Whether word is the part of to before its @, perhaps between quotes or brackets. */
static int is_local_part(const char *word, apr_size_t len, const char *to)
{
    apr_size_t local = strcspn(to, "@");

    while (len > 0 && !apr_isalnum(*word) && *word != *to) {
        ++word;
        --len;
    }
    return local >= SHORTEST_LOCAL && len >= local && strncasecmp(word, to, local) == 0
           && (len == local || !is_token_character(word[local]));
}

static const char *replace(const char *word, apr_size_t len, const char *to)
{
    if (memchr(word, '@', len) || is_local_part(word, len, to)) {
        return "(address)";
    }
    return holds_token(word, len) ? "(...)" : NULL;
}

/* text as a log may have it: see um_transport_send. */
static const char *clean(apr_pool_t *pool, const char *text, const char *to)
{
    char *reason = apr_palloc(pool, LONGEST_REASON + 1);
    apr_size_t len = 0, word, i;
    const char *other;

    for (;;) {
        while (*text && (*text <= ' ' || *text > '~')) {
            ++text;
        }
        for (word = 0; text[word] > ' ' && text[word] <= '~'; ++word) {
            continue;
        }
        if (word == 0) {
            break;
        }
        other = replace(text, word, to);
        if (len > 0 && len < LONGEST_REASON) {
            reason[len++] = ' ';
        }
        for (i = 0; len < LONGEST_REASON && i < (other ? strlen(other) : word); ++i) {
            reason[len++] = other ? other[i] : text[i];
        }
        text += word;
    }
    reason[len] = '\0';
    return reason;
}

um_transport_e um_transport_send(um_transport_t *t, apr_pool_t *pool, const char *from, const char *to,
                                 const char *bytes, apr_size_t len, const atomic_int *stop, const char **why)
{
    um_transport_mail_t mail = { pool, "", NULL, bytes, len, stop, "" };
    um_transport_e verdict;

    if (um_mailaddr_ascii(pool, to, &mail.to) != APR_SUCCESS) {
        *why = "the recipient is no address that can be sent to";
        return UM_TRANSPORT_NEVER;
    }
    if (*from && um_mailaddr_ascii(pool, from, &mail.from) != APR_SUCCESS) {
        *why = "the sender is no address that can be sent to";
        return UM_TRANSPORT_DOWN;
    }
    verdict = t->send(t, &mail);
    *why = clean(pool, mail.why, mail.to);
    return verdict;
}
