/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_UNICODE_H
#define UM_UNICODE_H

/* Unicode functions, with utf8proc. Text must be UTF-8 that um_unicode_valid or the JSON reader has accepted; a stray
 * byte is never a letter, a digit or white space. Results are in pool, or are the given text itself.
 *
 * Functions that return a status return APR_ENOMEM when memory ran out, and APR_EINVAL for text that is not UTF-8 or
 * has more than 30 marks in a row (UAX 15, stream-safe text: the time of normalizing grows with the square of their
 * number). *out is not set then. */

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_tables.h>

/** Whether len bytes are UTF-8 (RFC 3629), without surrogates and overlong forms. NUL is a character like others. */
int um_unicode_valid(const char *text, apr_size_t len);

/** The number of code points in len bytes. */
apr_size_t um_unicode_count(const char *text, apr_size_t len);

/** The code points of text, *count of them, in a new array; NULL when text is not UTF-8. */
apr_uint32_t *um_unicode_points(apr_pool_t *pool, const char *text, apr_size_t *count);

/** text without leading and trailing white space, as Python's str.strip() defines it: Unicode's White_Space and the
 * four separators U+001C to U+001F. The result may point into text. */
const char *um_unicode_trim(apr_pool_t *pool, const char *text);

/** Normalization form KC (UAX 15). */
apr_status_t um_unicode_nfkc(apr_pool_t *pool, const char *text, const char **out);

/** A password in the form in which passwords are compared (RFC 8265, OpaqueString): normalization form C, with U+0020
 * for every other blank (Zs). Nothing is folded, trimmed or refused. The caller wipes the result; there is no other
 * copy. */
apr_status_t um_unicode_opaque(apr_pool_t *pool, const char *text, apr_size_t len, const char **out,
                               apr_size_t *out_len);

/** NFKC_Casefold (Unicode 3.13, R5) of the NFKC form. Two names are the same if their keys are the same bytes.
 * Canonically equivalent texts have the same key, and the key of a key is the key itself. Characters of different
 * scripts that look alike stay different. */
apr_status_t um_unicode_key(apr_pool_t *pool, const char *text, const char **out);

/** Python's str.lower(), except that a capital sigma always becomes the ordinary small one. */
apr_status_t um_unicode_lower(apr_pool_t *pool, const char *text, const char **out);

/** Whether text, in NFKC form, can be a user name: it is not empty and has only letters (L*), numbers (N*), combining
 * marks (M*) right after a letter or a mark, and @ . + - _ . Invisible characters (Default_Ignorable_Code_Point) are
 * refused even if they are letters, as the Hangul fillers are. */
int um_unicode_is_name(const char *text);

/** Whether text contains a letter (L*) or a number (N*). */
int um_unicode_has_letter(const char *text);

/** Whether len bytes can be a label of a domain name, in ASCII or another script: letters, marks (not first), decimal
 * digits, the five signs that IDNA allows within words (RFC 5892 appendix A.3 to A.7) and hyphens (neither first nor
 * last). Each character is judged by its NFKC form, so that normalizing never produces a dot, slash or blank. Invisible
 * characters are refused. The label must not be empty; its length is not checked. */
int um_unicode_is_label(const char *text, apr_size_t len);

/** Whether text consists of digits of any script (Nd), including superscript, circled and other digits
 * (Numeric_Type=Digit), and is not empty. Fractions, Roman numerals and numbers above nine are not digits. */
int um_unicode_is_numeric(const char *text);

/** The non-empty parts of text between characters that are not word characters (Python's re.split(r'\W+')), and at last
 * text itself: const char * elements. A word character is a letter, a number or the underscore. */
apr_array_header_t *um_unicode_words(apr_pool_t *pool, const char *text);

#endif
