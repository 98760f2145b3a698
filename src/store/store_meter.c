/* SPDX-License-Identifier: Apache-2.0 */
#include "counters.h"
#include "monotonic.h"
#include "store_private.h"

static const um_store_meter_t *meter_of(const um_store_call_t *call)
{
    return &call->store->connections.meter;
}

apr_status_t um_store_meter_acquire(um_store_call_t *call, int write, um_store_conn_t *conn)
{
    const um_store_meter_t *meter = meter_of(call);
    apr_status_t rv;

    um_counters_change(meter->counters, meter->waiting, 1);
    rv = um_store_pool_acquire(call, write, conn);
    um_counters_change(meter->counters, meter->waiting, -1);
    if (rv == APR_SUCCESS) {
        um_counters_change(meter->counters, meter->in_use, 1);
    }
    return rv;
}

void um_store_meter_release(um_store_call_t *call, int write, um_store_conn_t *conn)
{
    um_store_pool_release(call, write, conn);
    um_counters_change(meter_of(call)->counters, meter_of(call)->in_use, -1);
}

int um_store_meter_recover(um_store_call_t *call, um_store_conn_t *conn, const um_statement_t *failed)
{
    int is_good = um_store_pool_recover(call, conn, failed);

    if (is_good) {
        um_counters_add(meter_of(call)->counters, meter_of(call)->retries, 1);
    }
    return is_good;
}

apr_status_t um_store_meter_end(const um_store_call_t *call, apr_int64_t began, apr_status_t rv)
{
    const um_store_meter_t *meter = meter_of(call);

    um_counters_time(meter->counters, meter->calls, um_monotonic_us() - began);
    if (rv != APR_SUCCESS && rv != UM_STORE_ROLLED_BACK) {
        um_counters_add(meter->counters, meter->failures, 1);
    }
    return rv;
}
