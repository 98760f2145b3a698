/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the value of an Accept, Content-Type or Content-Disposition header. Case and blanks around elements make no
 * difference; a list is never more than its elements; what is refused with quality 0 is not given. */
#include "fuzz.h"

#include "mediatype.h"

static void check_type(apr_pool_t *pool, const char *header)
{
    um_mediatype_t type = um_mediatype_parse(pool, header), again;
    const char *at;

    if (!type.name) {
        need(!type.boundary);
        return;
    }
    need(fuzz_is_printable(type.name) && strchr(type.name, '/') == strrchr(type.name, '/') && strlen(type.name) >= 3);
    for (at = type.name; *at; at++) {
        need(!(*at >= 'A' && *at <= 'Z') && *at > ' ' && !strchr("\"(),:;<=>?@[\\]{}", *at));
    }
    need(!type.boundary || strncmp(type.name, "multipart/", 10) == 0);
    again = um_mediatype_parse(pool, apr_pstrcat(pool, " \t", type.name, " ;x=1", NULL));
    need(again.name && strcmp(again.name, type.name) == 0 && !again.boundary);
}

static void check_accept(apr_pool_t *pool, const char *header)
{
    um_accept_e wanted = um_mediatype_accept(pool, header);
    char *upper = apr_pstrdup(pool, header);

    need(wanted == UM_ACCEPT_NONE || wanted == UM_ACCEPT_JSON || wanted == UM_ACCEPT_PROBLEM);
    /* Nothing changes by an empty element, in any case of letters. */
    need(um_mediatype_accept(pool, apr_pstrcat(pool, ",", header, NULL)) == wanted);
    for (char *c = upper; *c; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    }
    need(um_mediatype_accept(pool, upper) == wanted);
    if (!strpbrk(header, "\"")) {
        /* An element more can only add. */
        need(um_mediatype_accept(pool, apr_pstrcat(pool, header, ",application/json", NULL)) != UM_ACCEPT_NONE);
        need(strchr(header, ';') || um_mediatype_accept(pool, apr_pstrcat(pool, header, ",application/problem+json",
                                                                         NULL)) == UM_ACCEPT_PROBLEM);
    }
}

static void check_param(apr_pool_t *pool, const char *header)
{
    static const char *const names[] = { "boundary", "name", "filename", "q" };

    for (int i = 0; i < 4; i++) {
        const char *value = um_mediatype_param(pool, header, names[i]);

        need(!value || strlen(value) < strlen(header));
    }
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    (void)size;
    check_type(pool, text);
    check_accept(pool, text);
    check_param(pool, text);
}
