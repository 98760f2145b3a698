/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_REKEY_H
#define UM_STORE_REKEY_H
/* Keys of addresses that an older version has stored, when keys were made differently, and keys of names that it has
 * not stored at all. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;

/** Makes the remaining old keys anew and the missing ones, in transactions of some rows each, at most most rows. Two
 * processes may do it at the same time. An address whose old key was also the key of another domain is no longer
 * verified, because the other address may be the one that was. An address that another account claims by now loses its
 * claim. The schema must be complete. APR_EGENERAL: some old keys are left, call->cause says why; the next process
 * continues. */
apr_status_t um_store_rekey(um_store_call_t *call, int most);

#endif
