/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WORDLIST_H
#define UM_WORDLIST_H
/* A sorted list of common passwords in a file. A file of up to 4 MiB is read into memory once, and child processes
 * share its pages. A larger one is searched on the disk, a few KB at a time, so that a list of 40 GB costs neither
 * memory nor start-up time. The first lines decide which of two forms it has:
 *
 *   words    one lower-case word a line, in the order of their bytes
 *   digests  <40 upper-case hexadecimal digits of SHA-1>:<count> a line, in the order of the digests, as Have I Been
 *            Pwned publishes them
 *
 * Lines end in LF or CR LF. Lines at the top that are "#" alone or begin with "# " are comments; "#" and anything else
 * is a word, because people use such passwords. To change the list, rename a new file to its name (mv): the old one
 * stays in use until the list is opened again. If a large file is overwritten in place, its present content is
 * searched: passwords may not be found then, and nothing worse happens. */
#include <apr_pools.h>

typedef struct um_wordlist_t um_wordlist_t;

/** Opens a list; it is closed with pool. Checks every line of a file of up to 4 MiB, and samples of a larger one, whose
 *  lines may have at most 4 KB. If the status is not APR_SUCCESS, *why, in pool, says what is wrong and what to do,
 *  without the name of the file: it cannot be opened or read, is not a regular file, has no words, is binary, is not
 *  sorted, has capitals in words, or other lines among digests. */
apr_status_t um_wordlist_open(apr_pool_t *pool, const char *file, um_wordlist_t **list, const char **why);

/** Whether the password is in the list: a list of words is searched for lower, a list of digests for typed. Both are
 *  bytes with a length. It takes 20 to 40 comparisons and no lock; any thread may call it. */
int um_wordlist_has(const um_wordlist_t *list, const char *typed, apr_size_t typed_len, const char *lower,
                    apr_size_t lower_len);
#endif
