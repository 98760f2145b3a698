/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_EMAIL_H
#define UM_EMAIL_H

/* E-mail addresses: what a person may register, how it is kept, and when two are the same. */

#include <apr_pools.h>

/** Whether address has the form of one: before the @ a dot-atom (RFC 5321 4.1.2) of at most 64 bytes, ASCII only, so
 * that no look-alike of another's mailbox exists; after it a domain with a dot, or localhost. Labels are ASCII or in
 * the script's own letters (IDN), the last one has two bytes or more and is no number. Quoted local parts and
 * address literals are refused, and so is a domain that IDNA refuses: mail could not go there. More than 320
 * characters are never one; a shorter limit is the caller's, who has a message of its own for it. */
int um_email_valid(apr_pool_t *pool, const char *address);

/** The address as stored: the domain, which is all behind the last @, in lower case, and in ASCII when all of its
 * letters stand for such (full-width ones, for instance); the rest as typed. Text without @ is given back as it is,
 * NULL when the domain is not UTF-8. */
const char *um_email_normalize(apr_pool_t *pool, const char *address);

/** What equal addresses have in common: the local part with A-Z in lower case, and the domain as mail goes to it
 * (um_idna_ascii): two addresses with one key are one mailbox. A domain that IDNA refuses gets a question mark and is
 * lower-cased: it equals none that mail goes to. Only to find accounts: mail goes to the address that is stored with
 * the account, never to the typed one. NULL when the domain is not UTF-8 or memory ran out. */
const char *um_email_key(apr_pool_t *pool, const char *address);

#endif
