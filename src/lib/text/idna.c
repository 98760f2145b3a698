/* SPDX-License-Identifier: Apache-2.0 */
#include "idna.h"

#include <string.h>

#include <apr_strings.h>
#include <idn2.h>

#include "unicode.h"
#include "utf8.h"

static const char prefix[] = "xn--";
static const char hostname[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";

int um_idna_has_alabel(const char *domain)
{
    const char *at = domain;

    while ((at = strstr(at, prefix)) != NULL && at != domain && at[-1] != '.') {
        at++;
    }
    return at != NULL;
}

apr_status_t um_idna_ascii(apr_pool_t *pool, const char *domain, const char **ascii)
{
    const char *lower;
    char *found = NULL;
    int answer;
    apr_status_t rv = um_unicode_lower(pool, domain, &lower);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (um_utf8_is_ascii(lower) && !um_idna_has_alabel(lower)) {
        *ascii = lower;
        return APR_SUCCESS;
    }
    /* IDN2_USE_STD3_ASCII_RULES is not set: it drops the characters that it should refuse. */
    answer = idn2_to_ascii_8z(lower, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (answer != IDN2_OK) {
        return answer == IDN2_MALLOC ? APR_ENOMEM : APR_EINVAL;
    }
    rv = found[strspn(found, hostname)] ? APR_EINVAL : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        *ascii = apr_pstrdup(pool, found);
    }
    idn2_free(found);
    return rv;
}
