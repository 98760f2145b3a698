/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_END_H
#define UM_STORE_END_H
/* Ends what all accounts have open, in batches. All return APR_EGENERAL with the call's cause when the database did not
 * do it. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;

/** Below every id. */
#define UM_STORE_END_FIRST "00000000-0000-0000-0000-000000000000"

/** Gives a new version to at most limit accounts whose ids are greater than *last, in the order of ids. *last becomes
 * the greatest of them, *count how many they were. */
apr_status_t um_store_end_users(um_store_call_t *call, const char *version, apr_int64_t now, int limit,
                                const char **last, int *count);

/** Deletes at most limit one-time tokens. */
apr_status_t um_store_end_one_time_tokens(um_store_call_t *call, int limit, int *count);

/** Gives up at most limit mails that wait. */
apr_status_t um_store_end_mails(um_store_call_t *call, apr_int64_t now, int limit, int *count);

#endif
