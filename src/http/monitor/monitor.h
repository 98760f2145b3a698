/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MONITOR_H
#define UM_MONITOR_H
/* The private header of src/http/monitor: what a balancer or a monitor asks this httpd. Functions are grouped by file;
 * the hooks are for mod_usermgmt.c. */
#include <httpd.h>

/* --- ready.c: SetHandler usermgmt-ready --------------------------------------------------------------------------- */

/** Hook handler: tells a balancer or a monitor whether this httpd can use its database. */
int um_ready_handler(request_rec *r);

/** Begins the answer to a monitor: only GET and HEAD are allowed, nobody stores the answer, and it has the id of the
 * request. OK, or the status that the handler returns. */
int um_ready_begin(request_rec *r);

/* --- health.c: SetHandler usermgmt-health ------------------------------------------------------------------------- */

/** Hook handler: a path that ends in /live tells that this httpd answers; any other tells whether it can serve, by the
 * database, its schema, the keys and the outbox. */
int um_health_handler(request_rec *r);

#endif
