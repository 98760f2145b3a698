/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the value of an Accept-Language header. The answer is an index or -1, does not depend on case, and a tag that
 * the header refuses with quality 0 is never given. */
#include "fuzz.h"

#include "langtag.h"

static apr_array_header_t *tags_of(apr_pool_t *pool)
{
    static const char *const names[] = { "en", "de", "de-AT", "pt-BR", "zh-Hant" };
    apr_array_header_t *tags = apr_array_make(pool, 5, sizeof(const char *));

    for (int i = 0; i < 5; i++) {
        APR_ARRAY_PUSH(tags, const char *) = names[i];
    }
    return tags;
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    apr_array_header_t *tags = tags_of(pool);
    int found = um_langtag_accept(tags, text), looked_up = um_langtag_lookup(tags, text);
    char *upper = apr_pstrdup(pool, text);

    need(found >= -1 && found < 5 && looked_up >= -1 && looked_up < 5);
    for (char *c = upper; *c; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    }
    need(um_langtag_accept(tags, upper) == found && um_langtag_lookup(tags, upper) == looked_up);
    need(um_langtag_accept(tags, apr_pstrcat(pool, "fr,", text, NULL)) >= -1);
    need(um_langtag_accept(tags, apr_pstrcat(pool, "de;q=0", NULL)) != 1);
    if (looked_up >= 0) {
        /* What is found begins the tag, or is it. */
        const char *tag = APR_ARRAY_IDX(tags, looked_up, const char *);

        need(strncasecmp(tag, text, strlen(tag)) == 0 && strlen(text) <= UM_LANGTAG_MAX);
    }
    if (um_langtag_valid(text, size)) {
        need(size <= UM_LANGTAG_MAX && size > 0 && fuzz_is_printable(text) && strlen(text) == size);
        need(um_langtag_accept(tags, apr_pstrcat(pool, text, ";q=0", NULL)) == -1);
        /* A tag in the header alone is looked up as it is. */
        need(looked_up < 0 || found == looked_up);
    }
}
