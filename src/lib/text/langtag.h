/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_LANGTAG_H
#define UM_LANGTAG_H
/* Language tags (RFC 5646), and the choice of one that exists for a request. Tags are compared without regard to case.
 * tags is an array of const char *; a result is an index in it, and -1 means none. */
#include <apr_tables.h>

#define UM_LANGTAG_MAX 35   /**< characters of the longest tag that RFC 5646 section 4.4.1 requires to be supported */

/** Whether len characters of text have the form of a tag: subtags of 1 to 8 letters and digits, separated by hyphens,
 * the
 *  first one of letters only; UM_LANGTAG_MAX characters in all. */
int um_langtag_valid(const char *text, apr_size_t len);

/** Finds tag, or else the longest of its shorter forms ("de-AT-1996", "de-AT", "de": RFC 4647 section 3.4). */
int um_langtag_lookup(const apr_array_header_t *tags, const char *tag);

/** Finds the best tag for the value of an Accept-Language header; see um_templates_language. */
int um_langtag_accept(const apr_array_header_t *tags, const char *header);
#endif
