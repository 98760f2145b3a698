/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

apr_size_t um_utf8_step(const unsigned char *text, apr_size_t len)
{
    unsigned char low = 0x80, high = 0xBF;
    apr_size_t need, i;

    if (len == 0) {
        return 0;
    }
    if (text[0] < 0x80) {
        return 1;
    }
    if (text[0] < 0xC2 || text[0] > 0xF4) {
        return 0;
    }
    need = text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : 4;
    switch (text[0]) {             /* its range excludes overlong forms, surrogates and what is above U+10FFFF */
    case 0xE0: low = 0xA0; break;
    case 0xED: high = 0x9F; break;
    case 0xF0: low = 0x90; break;
    case 0xF4: high = 0x8F; break;
    default: break;
    }
    if (len < need || text[1] < low || text[1] > high) {
        return 0;
    }
    for (i = 2; i < need; ++i) {
        if (text[i] < 0x80 || text[i] > 0xBF) {
            return 0;
        }
    }
    return need;
}

char *um_utf8_put(char *to, apr_uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
    }
    else {
        if (code < 0x10000) {
            *to++ = (char)(0xE0 | code >> 12);
        }
        else {
            *to++ = (char)(0xF0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (code & 0x3F));
    return to;
}

int um_utf8_is_ascii(const char *text)
{
    while (*text && !(*text & 0x80)) {
        text++;
    }
    return *text == '\0';
}
