/* SPDX-License-Identifier: Apache-2.0 */
#include "email.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "unicode.h"

#define LONGEST 320      /* characters: the longest local part, the @ and the longest domain */
#define LONGEST_LOCAL 64 /* bytes: RFC 5321 4.5.3.1.1 */
#define LONGEST_LABEL 63 /* bytes: RFC 1035 2.3.4 */

/* Characters of a label that is not ASCII: its wire form starts with "xn--" and spends a byte or more on each. */
#define LONGEST_IDN_LABEL (LONGEST_LABEL - 4)

static const char atext[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";

/* The domain of an address whose local part is a dot-atom and not too long, or NULL. */
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
    apr_size_t count = um_unicode_count(label, len);

    return um_unicode_is_label(label, len) && count <= (count == len ? LONGEST_LABEL : LONGEST_IDN_LABEL);
}

/* Names of the last level are never numbers (RFC 1123 2.1): that is how programs tell 127.0.0.1 from a name. */
static int is_last_label(const char *label)
{
    return strlen(label) >= 2 && !um_unicode_is_numeric(label);
}

int um_email_valid(const char *address)
{
    const char *label = domain_of(address);
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
    return label[-1] == '.' && is_label(label, len) && is_last_label(label);
}

const char *um_email_normalize(apr_pool_t *pool, const char *address)
{
    const char *at = strrchr(address, '@'), *domain;

    if (!at) {
        return address;
    }
    if (um_unicode_lower(pool, at + 1, &domain) != APR_SUCCESS) {
        return NULL;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, address, (apr_size_t)(at + 1 - address)), domain, NULL);
}

const char *um_email_key(apr_pool_t *pool, const char *address)
{
    const char *at = strrchr(address, '@'), *domain = "";
    apr_size_t i, len = at ? (apr_size_t)(at + 1 - address) : strlen(address);
    char *local = apr_pstrmemdup(pool, address, len);

    for (i = 0; i < len; i++) {
        if (local[i] >= 'A' && local[i] <= 'Z') {
            local[i] = (char)(local[i] + ('a' - 'A'));
        }
    }
    if (at && um_unicode_key(pool, at + 1, &domain) != APR_SUCCESS) {
        return NULL;
    }
    return apr_pstrcat(pool, local, domain, NULL);
}
