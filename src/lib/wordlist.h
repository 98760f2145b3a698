#ifndef UM_WORDLIST_H
#define UM_WORDLIST_H
/* A mapped, sorted list of common passwords: words, or SHA-1 digests as Have I Been Pwned publishes them. */
#include <apr_pools.h>
typedef struct um_wordlist_t um_wordlist_t;
apr_status_t um_wordlist_open(apr_pool_t *pool, const char *file, um_wordlist_t **list, const char **why);
int um_wordlist_has(const um_wordlist_t *list, const char *word, apr_size_t len);
#endif
