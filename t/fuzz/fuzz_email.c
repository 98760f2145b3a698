/* SPDX-License-Identifier: Apache-2.0 */
/* Input: an e-mail address as somebody typed it. A valid one has one stored form and one key; both are stable, the
 * stored form is valid too and has the same key; and what mail servers get of it has no blank, bracket or line end. */
#include "fuzz.h"

#include "email.h"
#include "idna.h"
#include "mailaddr.h"
#include "unicode.h"

static void check_server_form(apr_pool_t *pool, const char *address)
{
    const char *ascii, *again;

    if (um_mailaddr_ascii(pool, address, &ascii) == APR_SUCCESS) {
        need(um_mailaddr_ascii(pool, ascii, &again) == APR_SUCCESS && strcmp(ascii, again) == 0);
        need(strlen(ascii) <= 254 && fuzz_is_printable(ascii) && !ascii[strcspn(ascii, " <>,;:\"()[]\\")]);
        need(strchr(ascii, '@') == strrchr(ascii, '@') && strchr(ascii, '@'));
    }
}

static void check_valid(apr_pool_t *pool, const char *address, const char *stored, const char *key)
{
    const char *typed_server, *stored_server;
    int typed_is_sent = um_mailaddr_ascii(pool, address, &typed_server) == APR_SUCCESS;
    int stored_is_sent = um_mailaddr_ascii(pool, stored, &stored_server) == APR_SUCCESS;

    need(stored && key && !strstr(key, "@?"));
    need(um_email_valid(pool, stored));
    need(strcmp(um_email_normalize(pool, stored), stored) == 0);
    need(strcmp(um_email_key(pool, stored), key) == 0);
    need(strcmp(um_email_key(pool, key), key) == 0);
    /* Both go to the same mailbox: the local part is as typed, the domain in any case. */
    need(!typed_is_sent || !stored_is_sent || strcasecmp(typed_server, stored_server) == 0);
    need(!stored_is_sent || strcmp(um_email_key(pool, stored_server), key) == 0);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    const char *stored, *key, *ascii;

    if (!um_unicode_valid(text, size) || strlen(text) != size) {
        return;
    }
    stored = um_email_normalize(pool, text);
    key = um_email_key(pool, text);
    if (um_email_valid(pool, text)) {
        check_valid(pool, text, stored, key);
    }
    check_server_form(pool, text);
    if (um_idna_ascii(pool, text, &ascii) == APR_SUCCESS) {
        const char *again;

        need(!ascii[0] || um_unicode_valid(ascii, strlen(ascii)));
        need(um_idna_ascii(pool, ascii, &again) != APR_SUCCESS || strcmp(again, ascii) == 0);
    }
}
