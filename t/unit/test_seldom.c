/* SPDX-License-Identifier: Apache-2.0 */
#include "seldom.h"
#include "tap.h"

#include <apr_general.h>
#include <apr_time.h>

int main(void)
{
    um_seldom_t seldom = { 0 };
    apr_time_t start;
    int told = 0;

    apr_initialize();
    ok(um_seldom_now(&seldom), "the first time is told");
    start = apr_time_now();
    while (apr_time_now() - start < apr_time_from_msec(300)) {
        told += um_seldom_now(&seldom);
    }
    is_int(told, 0, "what follows at once is not");
    apr_sleep(apr_time_from_msec(800));
    ok(um_seldom_now(&seldom) && !um_seldom_now(&seldom), "a second later it is told once");
    ok(um_seldom_now(NULL) && um_seldom_now(NULL), "without a record it is always told");
    apr_terminate();
    return tap_done();
}
