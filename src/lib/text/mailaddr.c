/* SPDX-License-Identifier: Apache-2.0 */
#include "mailaddr.h"

#include <string.h>

#include <apr_strings.h>

#include "idna.h"
#include "utf8.h"

/* RFC 5321 section 4.5.3.1, RFC 1035 section 2.3.4 */
#define LONGEST_ADDRESS 254
#define LONGEST_LOCAL 64
#define LONGEST_LABEL 63

static int is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Whether len characters are words separated by single dots. A word has at most longest characters: letters, digits and
 * those in others. Unless may_dash, it neither begins nor ends with a hyphen. */
static int is_dotted(const char *text, apr_size_t len, apr_size_t longest, const char *others, int may_dash)
{
    apr_size_t i, word = 0;

    for (i = 0; i < len; ++i) {
        if (text[i] == '.') {
            if (word == 0 || (!may_dash && text[i - 1] == '-')) {
                return 0;
            }
            word = 0;
        }
        else if (!(is_alnum(text[i]) || (text[i] && strchr(others, text[i]))) || ++word > longest
                 || (word == 1 && !may_dash && text[i] == '-')) {
            return 0;
        }
    }
    return word > 0 && (may_dash || text[len - 1] != '-');
}

apr_status_t um_mailaddr_ascii(apr_pool_t *pool, const char *address, const char **ascii)
{
    const char *at = strrchr(address, '@'), *domain;
    apr_size_t len = at ? (apr_size_t)(at - address) : 0;
    apr_status_t status;

    if (!is_dotted(address, len, LONGEST_LOCAL, "!#$%&'*+-/=?^_`{|}~", 1) || len > LONGEST_LOCAL) {
        return APR_EINVAL;
    }
    domain = at + 1;
    if (!um_utf8_is_ascii(domain)) {
        status = um_idna_ascii(pool, domain, &domain);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    if (!is_dotted(domain, strlen(domain), LONGEST_LABEL, "-", 0) || len + 1 + strlen(domain) > LONGEST_ADDRESS) {
        return APR_EINVAL;
    }
    *ascii = domain == at + 1 ? apr_pstrdup(pool, address)
                              : apr_pstrcat(pool, apr_pstrmemdup(pool, address, len + 1), domain, NULL);
    return APR_SUCCESS;
}
