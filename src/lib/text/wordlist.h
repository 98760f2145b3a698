/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WORDLIST_H
#define UM_WORDLIST_H
/* A sorted list of common passwords in a file. Up to 4 MiB it is read into memory, once, and children share its pages;
 * a larger one is looked up where it lies, a few KB at a time, so that a list of 40 GB costs no memory and no start-up
 * time. Two forms, told apart by the first lines:
 *
 *   words    one lower-case word a line, in the order of their bytes
 *   digests  <40 upper-case hexadecimal digits of SHA-1>:<count> a line, in the order of the digests, as Have I Been
 *            Pwned publishes them
 *
 * Lines end in LF or CR LF. Lines at the very top that are "#" alone or begin with "# " are comments: a "#" and
 * something else is a word, people do use such passwords. To change the list, put a new file in its place by rename
 * (mv): the old one stays in use until the list is opened again. A large file that is written over where it lies is
 * read as it is at the moment: what is not there then is not found, and nothing worse happens. */
#include <apr_pools.h>

typedef struct um_wordlist_t um_wordlist_t;

/** Opens file as long as pool lives. Looks at every line of files up to 4 MiB, at samples all over larger ones, whose
 *  lines may have no more than 4 KB.
 *  Any other status than APR_SUCCESS: *why, made in pool, says what is wrong and what to do, without the file's name:
 *  cannot be opened or read, no regular file, no words in it, binary, not sorted, capitals in words, lines that are
 *  no digests among digests. */
apr_status_t um_wordlist_open(apr_pool_t *pool, const char *file, um_wordlist_t **list, const char **why);

/** True when the password is in the list: in one of words its lower-case form is looked for, in one of digests the
 *  password as typed. Both are bytes with a length. Some 20 to 40 comparisons, no lock: any thread. */
int um_wordlist_has(const um_wordlist_t *list, const char *typed, apr_size_t typed_len, const char *lower,
                    apr_size_t lower_len);
#endif
