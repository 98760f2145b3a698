/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_EMAIL_H
#define UM_EMAIL_H

/* E-mail addresses that users register: their form, how they are stored, and when two are the same. */

#include <apr_pools.h>

/** Whether address has the form of an e-mail address. Before the @ it has a dot-atom (RFC 5321 section 4.1.2) of at
 * most 64 bytes, in ASCII only, so that it cannot look like the mailbox of somebody else. After the @ it has a domain
 * with a dot, or localhost. Labels are ASCII or in another script (IDN); the last one has at least two bytes and is not
 * a number. Refused are quoted local parts, address literals, more than 320 characters, and domains that IDNA refuses,
 * because no mail can be delivered there. A caller with a shorter limit checks it and reports it itself. */
int um_email_valid(apr_pool_t *pool, const char *address);

/** The address as it is stored: the domain, which is everything behind the last @, in lower case, and in ASCII if all
 * of its letters stand for ASCII ones (full-width letters do); the rest as typed. Text without @ is returned as it is.
 * NULL: the domain is not UTF-8. Ends the process when memory is used up, as APR's pools do. */
const char *um_email_normalize(apr_pool_t *pool, const char *address);

/** A key that two addresses share if they are one mailbox: the local part with A-Z in lower case, and the domain as
 * mail servers know it (um_idna_ascii). If IDNA refuses the domain, the key has the domain in lower case behind a
 * question mark, and equals that of no valid address. Use it only to find accounts: mail is sent to the stored address,
 * never to the one that was typed. NULL: the domain is not UTF-8. Ends the process when memory is used up, as APR's
 * pools do. */
const char *um_email_key(apr_pool_t *pool, const char *address);

#endif
