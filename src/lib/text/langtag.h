/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_LANGTAG_H
#define UM_LANGTAG_H
/* Language tags (RFC 5646), and which of those that exist is wanted. Tags are compared without regard to case. A list
 * is an array of const char *; what is found is told by its place in it, -1 is nothing. */
#include <apr_tables.h>

#define UM_LANGTAG_MAX 35   /**< characters of the longest tag that RFC 5646 4.4.1 asks to be ready for */

/** Whether the len characters of text have the form of a tag: subtags of 1 to 8 letters and digits between hyphens, the
 *  first of letters only, UM_LANGTAG_MAX in all. */
int um_langtag_valid(const char *text, apr_size_t len);

/** The tag itself, or the first of its shorter forms ("de-AT-1996", "de-AT", "de": RFC 4647 3.4) that is in tags. */
int um_langtag_lookup(const apr_array_header_t *tags, const char *tag);

/** The best for the value of an Accept-Language header; see um_templates_language. */
int um_langtag_accept(const apr_array_header_t *tags, const char *header);
#endif
