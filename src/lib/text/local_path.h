/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_LOCAL_PATH_H
#define UM_LOCAL_PATH_H
/* Addresses to which a browser may be sent after a form, when a client has named them (open redirects). */

/** The longest such address, in bytes. */
#define UM_LOCAL_PATH_MAX 2048

/** Whether text is an address of this host, as a value of Location: a path, perhaps with a query and a fragment. NULL
 * and "" are none.
 *
 * Text that a browser could take for another host is refused, and so is text that could become such on its way:
 * - It must begin with one "/". Browsers take "//" for the start of a host, and "\" for "/" anywhere in an address.
 * - It has no control characters: browsers remove tabs and line ends before they read an address, and a line end would
 *   end the header. Its path has no encoded ones either, because a proxy may decode them.
 * - It has no blank and no byte outside of ASCII. An address has them percent-encoded.
 * - Its path has no segment "." or "..", encoded or not, because removing them can leave "//" at the beginning. It does
 *   not begin with an encoded "/" or "\", which a proxy may decode.
 * - It has at most UM_LOCAL_PATH_MAX bytes. */
int um_local_path_is(const char *text);

#endif
