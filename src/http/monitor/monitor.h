/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MONITOR_H
#define UM_MONITOR_H
/* The private header of src/http/monitor: what a balancer or a monitor asks this httpd. Functions are grouped by file;
 * the hooks are for mod_usermgmt.c. */
#include <apr.h>
#include <httpd.h>

typedef struct um_counters_t um_counters_t;         /* counters.h */
typedef struct um_exposition_t um_exposition_t;     /* exposition.h */
typedef struct um_server_t um_server_t;             /* module.h */

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

/* --- metrics.c: SetHandler usermgmt-metrics ----------------------------------------------------------------------- */

/** The answer that is being written. */
typedef struct um_metrics_t {
    request_rec *r;
    const um_server_t *server;
    const um_counters_t *counters;
    um_exposition_t *out;
} um_metrics_t;

/** Hook handler: what this httpd has counted since its start, over all of its processes, and what its database has
 * now. */
int um_metrics_handler(request_rec *r);

/** Adds the samples of a histogram of counters.h, which begins at the counter first. */
void um_metrics_add_times(const um_metrics_t *metrics, const char *labels, unsigned first);

/* --- status.c: the page of mod_status ----------------------------------------------------------------------------- */

/** Adds a section to the page of mod_status, if that module is loaded. */
void um_status_register(void);

/* --- metrics_requests.c: requests --------------------------------------------------------------------------------- */

/** Adds what is counted of requests. */
void um_metrics_requests_add(const um_metrics_t *metrics);

/* --- metrics_state.c: what there is now --------------------------------------------------------------------------- */

/** Adds what the database has, as it was some seconds ago at most, and the ages of the keys. */
void um_metrics_state_add(const um_metrics_t *metrics);

#endif
