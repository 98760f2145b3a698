/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_BACKUP_H
#define UM_STORE_BACKUP_H
/* A copy of a SQLite database, for the command line. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;

/** Copies the database into a file, as it is at one moment, while others read and write it. The file must be empty or
 * not exist. APR_EGENERAL: call->cause says why it was not done; the file may then have a part. */
apr_status_t um_store_backup_into(um_store_call_t *call, const char *file);

#endif
