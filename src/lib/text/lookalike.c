/* SPDX-License-Identifier: Apache-2.0 */
#include "lookalike.h"

#include <apr_strings.h>
#include <string.h>
#include <utf8proc.h>

/* A letter in lower case, and what its small and its capital form look like. */
static const struct { utf8proc_int32_t point; char small, capital; } letters[] = {
    { 0x0131, 'i', 'i' }, /* dotless i */
    { 0x0251, 'a', 'a' }, /* Latin alpha */
    { 0x0261, 'g', 'g' }, /* script g */
    { 0x03B1, 'a', 'a' }, { 0x03B2, 'b', 'b' }, { 0x03B3, 'y', 'y' }, { 0x03B5, 'e', 'e' }, { 0x03B6, 'z', 'z' },
    { 0x03B7, 'n', 'h' }, { 0x03B9, 'i', 'i' }, { 0x03BA, 'k', 'k' }, { 0x03BC, 'u', 'm' }, { 0x03BD, 'v', 'n' },
    { 0x03BF, 'o', 'o' }, { 0x03C1, 'p', 'p' }, { 0x03C3, 'o', 'o' }, { 0x03C4, 't', 't' }, { 0x03C5, 'u', 'y' },
    { 0x03C7, 'x', 'x' }, { 0x03C9, 'w', 'w' },
    { 0x0430, 'a', 'a' }, { 0x0432, 'b', 'b' }, { 0x0433, 'r', 'r' }, { 0x0435, 'e', 'e' }, { 0x043A, 'k', 'k' },
    { 0x043C, 'm', 'm' }, { 0x043D, 'h', 'h' }, { 0x043E, 'o', 'o' }, { 0x043F, 'n', 'n' }, { 0x0440, 'p', 'p' },
    { 0x0441, 'c', 'c' }, { 0x0442, 't', 't' }, { 0x0443, 'y', 'y' }, { 0x0445, 'x', 'x' }, { 0x044C, 'b', 'b' },
    { 0x0455, 's', 's' }, { 0x0456, 'i', 'i' }, { 0x0458, 'j', 'j' }, { 0x0475, 'v', 'v' }, { 0x04BB, 'h', 'h' },
    { 0x04CF, 'l', 'i' }, { 0x0501, 'd', 'd' }, { 0x051B, 'q', 'q' }, { 0x051D, 'w', 'w' },
    { 0x0570, 'h', 'h' }, { 0x0575, 'j', 'j' }, { 0x0578, 'n', 'n' }, { 0x057D, 'u', 'u' }, { 0x0581, 'g', 'g' },
    { 0x0585, 'o', 'o' },
};

/* 0: there is none. */
static char ascii_of(utf8proc_int32_t point, um_lookalike_e form)
{
    for (apr_size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (letters[i].point == point) {
            return form == UM_LOOKALIKE_SMALL ? letters[i].small : letters[i].capital;
        }
    }
    return 0;
}

const char *um_lookalike_ascii(apr_pool_t *pool, const char *text, um_lookalike_e form)
{
    char *out = apr_palloc(pool, strlen(text) + 1), *to = out;

    for (apr_size_t used; *text; text += used) {
        utf8proc_int32_t point;
        utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &point);
        char ascii = len > 0 ? ascii_of(point, form) : 0;

        used = len > 0 ? (apr_size_t)len : 1;
        if (ascii) {
            *to++ = ascii;
        }
        else {
            memcpy(to, text, used);
            to += used;
        }
    }
    *to = '\0';
    return out;
}
