/* SPDX-License-Identifier: Apache-2.0 */
#include "log_limit.h"
#include "tap.h"

#include <apr_general.h>
#include <apr_time.h>

int main(void)
{
    um_log_limit_t limit = { 0 };
    apr_time_t start;
    int allowed = 0;

    apr_initialize();
    ok(um_log_limit_allows(&limit), "the first line is allowed");
    start = apr_time_now();
    while (apr_time_now() - start < apr_time_from_msec(300)) {
        allowed += um_log_limit_allows(&limit);
    }
    is_int(allowed, 0, "lines that follow within a second are not");
    apr_sleep(apr_time_from_msec(800));
    ok(um_log_limit_allows(&limit) && !um_log_limit_allows(&limit), "a second later one line is allowed");
    ok(um_log_limit_allows(NULL) && um_log_limit_allows(NULL), "without a limit each line is allowed");
    apr_terminate();
    return tap_done();
}
