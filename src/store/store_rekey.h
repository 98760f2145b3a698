/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_REKEY_H
#define UM_STORE_REKEY_H
/* Keys of addresses that an older version has stored, when keys were made differently, and keys of names that it has
 * not stored at all. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;

/** Is told from time to time how many keys are made. */
typedef void um_store_rekey_progress_fn(void *baton, int made);

/** Makes the remaining old keys anew and the missing ones, in transactions of a tenth of a second each. Two processes
 * may do it at the same time. An address whose old key was also the key of another domain is no longer verified,
 * because the other address may be the one that was. An address that another account claims by now loses its claim. The
 * schema must be complete. Waits for others who use the rows, or SQLite's database. APR_EGENERAL: some old keys are
 * left, call->cause says why; the next process continues. */
apr_status_t um_store_rekey(um_store_call_t *call, um_store_rekey_progress_fn *progress, void *baton);

/** As much of it as takes a second or two, without waiting for others. */
apr_status_t um_store_rekey_some(um_store_call_t *call);

#endif
