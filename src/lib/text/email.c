/* SPDX-License-Identifier: Apache-2.0 */
#include "email.h"

#include <stdlib.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "idna.h"
#include "unicode.h"

#define LONGEST 320      /* characters: the longest local part, the @ and the longest domain */
#define LONGEST_LOCAL 64 /* bytes: RFC 5321 section 4.5.3.1.1 */
#define LONGEST_LABEL 63 /* bytes: RFC 1035 section 2.3.4 */
#define LONGEST_SENT 254 /* bytes of an address in SMTP: RFC 5321 section 4.5.3.1.3 */

static const char atext[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";

/* The domain of an address; NULL: the local part is not a dot-atom, or too long. */
static const char *domain_of(const char *address)
{
    const char *at = address;
    apr_size_t len;

    for (;; at++) {
        len = strspn(at, atext);
        at += len;
        if (!len || (*at != '.' && *at != '@')) {
            return NULL;
        }
        if (*at == '@') {
            return at - address <= LONGEST_LOCAL ? at + 1 : NULL;
        }
    }
}

static int is_label(const char *label, apr_size_t len)
{
    return um_unicode_is_label(label, len) && um_unicode_count(label, len) <= LONGEST_LABEL;
}

/* A top-level domain is never a number (RFC 1123 section 2.1), so that programs can tell 127.0.0.1 from a name. */
static int is_last_label(const char *label)
{
    return strlen(label) >= 2 && !um_unicode_is_numeric(label);
}

/* Whether mail can be delivered there. The A-labels of a short domain may be too long, and a full-width letter, which
 * has three bytes, becomes one letter when the address is stored. */
static int is_deliverable(apr_pool_t *pool, const char *address, const char *domain)
{
    const char *ascii;
    const char *last;
    apr_size_t len;

    if (um_idna_ascii(pool, domain, &ascii) != APR_SUCCESS) {
        return 0;
    }
    len = strlen(ascii);
    last = strrchr(ascii, '.');
    return last && strlen(last + 1) >= 2
           && (len <= strlen(domain) || (apr_size_t)(domain - address) + len <= LONGEST_SENT);
}

int um_email_valid(apr_pool_t *pool, const char *address)
{
    const char *label = domain_of(address), *domain = label;
    apr_size_t len;

    if (!label || um_unicode_count(address, strlen(address)) > LONGEST) {
        return 0;
    }
    if (apr_cstr_casecmp(label, "localhost") == 0) {
        return 1;
    }
    for (len = strcspn(label, "."); label[len]; len = strcspn(label, ".")) {
        if (!is_label(label, len)) {
            return 0;
        }
        label += len + 1;
    }
    return label[-1] == '.' && is_label(label, len) && is_last_label(label) && is_deliverable(pool, address, domain);
}

static const char *join(apr_pool_t *pool, const char *address, const char *at, const char *sign, const char *domain)
{
    return apr_pstrcat(pool, apr_pstrmemdup(pool, address, (apr_size_t)(at + 1 - address)), sign, domain, NULL);
}

/* Another form than the one that memory would have allowed could be that of a second account. */
static apr_status_t with_memory(apr_status_t status)
{
    if (status == APR_ENOMEM) {
        abort();
    }
    return status;
}

const char *um_email_normalize(apr_pool_t *pool, const char *address)
{
    const char *at = strrchr(address, '@'), *domain, *ascii;

    if (!at) {
        return address;
    }
    if (with_memory(um_unicode_lower(pool, at + 1, &domain)) != APR_SUCCESS) {
        return NULL;
    }
    if (with_memory(um_idna_ascii(pool, domain, &ascii)) == APR_SUCCESS && !um_idna_has_alabel(ascii)) {
        domain = ascii;
    }
    return join(pool, address, at, "", domain);
}

const char *um_email_key(apr_pool_t *pool, const char *address)
{
    const char *at = strrchr(address, '@'), *domain;
    char *key = apr_pstrdup(pool, address);

    for (char *c = key; *c && (!at || c - key < at - address); c++) {
        if (*c >= 'A' && *c <= 'Z') {
            *c = (char)(*c + ('a' - 'A'));
        }
    }
    if (!at) {
        return key;
    }
    if (with_memory(um_idna_ascii(pool, at + 1, &domain)) == APR_SUCCESS) {
        return join(pool, key, key + (at - address), "", domain);
    }
    return with_memory(um_unicode_lower(pool, at + 1, &domain)) == APR_SUCCESS
           ? join(pool, key, key + (at - address), "?", domain) : NULL;
}
