/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_private.h"

#include "mailaddr.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#define LONGEST_REASON 200
/* A run of this many base64url characters may be one of our tokens, or most of one. */
#define TOKEN_LENGTH 32
/* A shorter part before the @ is not taken for a part of an address: it may be a common word. */
#define SHORTEST_LOCAL 3

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

/* Whether word is the part of the address to before its @, perhaps in quotes or brackets. */
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

/* text without addresses, tokens and characters that are not printable: see um_transport_send. */
static const char *redact(apr_pool_t *pool, const char *text, const char *to)
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

um_transport_e um_transport_send(um_transport_t *transport, apr_pool_t *pool, const char *from, const char *to,
                                 const char *bytes, apr_size_t len, const atomic_int *stop, const char **why)
{
    um_transport_mail_t mail = { .pool = pool, .from = "", .bytes = bytes, .len = len, .stop = stop, .why = "" };
    um_transport_e verdict;

    if (um_mailaddr_ascii(pool, to, &mail.to) != APR_SUCCESS) {
        *why = "the recipient is not a valid mail address";
        return UM_TRANSPORT_NEVER;
    }
    if (*from && um_mailaddr_ascii(pool, from, &mail.from) != APR_SUCCESS) {
        *why = "the sender is not a valid mail address";
        return UM_TRANSPORT_DOWN;
    }
    verdict = transport->send(transport, &mail);
    *why = redact(pool, mail.why, mail.to);
    return verdict;
}

um_transport_e um_transport_probe(um_transport_t *transport, apr_pool_t *pool, const char **why)
{
    um_transport_mail_t mail = { .pool = pool, .from = "", .to = "", .bytes = "", .why = "" };
    um_transport_e verdict = transport->probe ? transport->probe(transport, &mail) : UM_TRANSPORT_SENT;

    *why = redact(pool, mail.why, "");
    return verdict;
}

void um_transport_trace(um_transport_t *transport, um_transport_trace_fn *trace, void *baton)
{
    transport->trace = trace;
    transport->trace_baton = baton;
}
