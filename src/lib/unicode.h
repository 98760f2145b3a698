#ifndef UM_UNICODE_H
#define UM_UNICODE_H
/* Unicode over utf8proc. All text is UTF-8 that um_unicode_valid or the JSON scanner has found good. */
#include <apr_pools.h>
int um_unicode_valid(const char *text, apr_size_t len);       /**< RFC 3629, no surrogates, no overlong forms */
apr_size_t um_unicode_count(const char *text, apr_size_t len);/**< code points */
/** text without leading and trailing white space (Python's str.strip); may point into text. */
const char *um_unicode_trim(apr_pool_t *pool, const char *text);
apr_status_t um_unicode_nfkc(apr_pool_t *pool, const char *text, const char **out);
apr_status_t um_unicode_key(apr_pool_t *pool, const char *text, const char **out);  /**< NFKC_Casefold: equal keys = equal names */
apr_status_t um_unicode_lower(apr_pool_t *pool, const char *text, const char **out);
int um_unicode_is_name(const char *text);    /**< letters, digits, marks that follow a letter, @ . + - _ ; not empty */
int um_unicode_is_numeric(const char *text); /**< not empty and digits (of any script) only */
/** The parts of text between non-word characters (Python's re.split(r'\W+')), and text itself last. */
apr_array_header_t *um_unicode_words(apr_pool_t *pool, const char *text);
#endif
