/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_LOG_LIMIT_H
#define UM_LOG_LIMIT_H
/* Limits a log line to one a second, or fewer: where each request would write the same line, the log would fill the
 * disk. For the threads of one process; atomic. */
#include <apr.h>

/** Zeroed: no line was written yet. */
typedef struct um_log_limit_t {
    apr_uint32_t last;         /**< um_monotonic_tick of the last line; 0: none yet */
} um_log_limit_t;

/** Whether the line may be written now. If so, every other caller gets 0 for a second. NULL: always 1. */
int um_log_limit_allows(um_log_limit_t *limit);

/** The same with another pause, in seconds. */
int um_log_limit_allows_after(um_log_limit_t *limit, apr_uint32_t seconds);

#endif
