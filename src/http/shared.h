/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SHARED_H
#define UM_SHARED_H
/* Memory that all children of this httpd share and that outlives a graceful restart. It holds no pointers: the
 * module is loaded anew at each restart, and children may map it elsewhere. */
#include <httpd.h>

/** Makes the memory at the first start, finds it again at the next ones. Tells the log why not. */
apr_status_t um_shared_create(server_rec *main_server);

/** Where the gate of password hashing lies. */
void *um_shared_gate(void);

#endif
