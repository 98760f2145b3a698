/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_UNICODE_H
#define UM_UNICODE_H

/* Unicode over utf8proc. All text is UTF-8 that um_unicode_valid or the JSON scanner has found good; a stray byte is
 * never a letter, a digit or white space. Results live in the pool, or are the given text itself.
 *
 * The functions that return a status give APR_ENOMEM, or APR_EINVAL for text that is not UTF-8 or has more than 30
 * marks in a row (UAX 15, stream-safe text: normalizing more costs the square of their number); *out is then
 * untouched. */

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_tables.h>

/** Whether len bytes are UTF-8 as RFC 3629 has it: no surrogates, no overlong forms. NUL is a character like others. */
int um_unicode_valid(const char *text, apr_size_t len);

/** The number of code points in len bytes. */
apr_size_t um_unicode_count(const char *text, apr_size_t len);

/** The code points of text, *count of them, in an array of their own; NULL when text is not UTF-8. */
apr_uint32_t *um_unicode_points(apr_pool_t *pool, const char *text, apr_size_t *count);

/** text without leading and trailing white space, which is what Python's str.strip() takes for it: Unicode's
 * White_Space and the four separators U+001C to U+001F. May point into text. */
const char *um_unicode_trim(apr_pool_t *pool, const char *text);

/** Normalization form KC (UAX 15). */
apr_status_t um_unicode_nfkc(apr_pool_t *pool, const char *text, const char **out);

/** A password as it is compared (RFC 8265, OpaqueString): normalization form C, and every other blank (Zs) as U+0020.
 * Nothing is folded, trimmed or refused. The result is the caller's to wipe; there is no other copy. */
apr_status_t um_unicode_opaque(apr_pool_t *pool, const char *text, apr_size_t len, const char **out,
                               apr_size_t *out_len);

/** NFKC_Casefold (Unicode 3.13, R5) of the NFKC form: names are the same when their keys are the same bytes.
 * Canonically equivalent texts have one key, and the key of a key is the key itself. Look-alikes of other scripts
 * stay apart. */
apr_status_t um_unicode_key(apr_pool_t *pool, const char *text, const char **out);

/** Python's str.lower(), except that a capital sigma is always the ordinary small one. */
apr_status_t um_unicode_lower(apr_pool_t *pool, const char *text, const char **out);

/** Whether text can be a user name: not empty, and nothing but letters (L*), numbers (N*), combining marks (M*) right
 * after a letter or a mark, and @ . + - _ . Characters that are shown as nothing (Default_Ignorable_Code_Point) are
 * refused even where they count as letters, like the Hangul fillers. Give it the NFKC form. */
int um_unicode_is_name(const char *text);

/** Whether text has a letter (L*) or a number (N*) in it. */
int um_unicode_has_letter(const char *text);

/** Whether len bytes can stand between the dots of a domain name, in ASCII or in the script's own letters: letters,
 * marks (not first), decimal digits, the five signs that IDNA allows within words (RFC 5892 appendix A.3 to A.7) and
 * hyphens (neither first nor last). Each is judged by what NFKC makes of it, so that no dot, slash or blank can come
 * out of one later; what is shown as nothing is refused. Not empty; the length is not looked at. */
int um_unicode_is_label(const char *text, apr_size_t len);

/** Whether text is digits of any script (Nd), superscript, circled and other digits (Numeric_Type=Digit) included; not
 * empty. Fractions, Roman numerals and numbers above nine are no digits. */
int um_unicode_is_numeric(const char *text);

/** The parts of text between non-word characters (Python's re.split(r'\W+'), without the empty ones), and text itself
 * last: const char * elements. A word character is a letter, a number or the underscore. */
apr_array_header_t *um_unicode_words(apr_pool_t *pool, const char *text);

#endif
