/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_UTF8_H
#define UM_UTF8_H
/* The UTF-8 step that every reader of request bodies uses, so that all of them agree on what is text. */
#include <apr.h>

/** The length in bytes, 1 to 4, of the character that starts at text and ends within len bytes (RFC 3629 section 4).
 *  0 when there is none: it is cut short, overlong, a surrogate or above U+10FFFF, or len is 0. A NUL byte is a
 *  character of length 1. */
apr_size_t um_utf8_step(const unsigned char *text, apr_size_t len);

/** Writes a code point, at most 0x10FFFF and no surrogate, as UTF-8 without a NUL behind it. Returns the position
 *  behind the 1 to 4 bytes. */
char *um_utf8_put(char *to, apr_uint32_t code);

/** Whether every byte of a text is below 0x80. */
int um_utf8_is_ascii(const char *text);
#endif
