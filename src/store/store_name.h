/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_NAME_H
#define UM_STORE_NAME_H
/* Names that are held back when their account is deleted: hashes of their keys. Purged by store_purge.h. */
#include "store.h"

/** Deletes a user. *username_key NULL: there is no such user. */
apr_status_t um_store_name_delete(um_tx_t *tx, const char *user_id, const char **username_key);

/** Holds a name back until then. */
apr_status_t um_store_name_hold(um_tx_t *tx, apr_pool_t *pool, const char *hash, apr_int64_t until);

/** Whether a name is held back now. */
apr_status_t um_store_name_held(um_store_call_t *call, const char *hash, apr_int64_t now, int *held);

#endif
