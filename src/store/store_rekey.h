/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_REKEY_H
#define UM_STORE_REKEY_H
/* The keys of addresses that a version wrote whose keys were others. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;

/** Makes the keys anew that are left to be made, in transactions of some rows each, for so many rows at most. Two
 * processes may do it at once. An address whose old key was that of another domain as well is no longer verified:
 * perhaps the other one was. One that somebody else claims by now is kept without a claim. The schema is known to be
 * whole. APR_EGENERAL: some are left, and call->cause says why; the next process goes on. */
apr_status_t um_store_rekey(um_store_call_t *call, int most);

#endif
