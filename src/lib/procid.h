/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PROCID_H
#define UM_PROCID_H
/* A process as one number, for shared memory: who holds something, and is he still there? */
#include <apr.h>

/** The calling process: its pid in the upper 32 bits and, where /proc tells it, the low 32 bits of its start time
 *  (clock ticks since boot), so that a later process with the same pid is another. Never 0. Not to be kept over a
 *  fork. */
apr_uint64_t um_procid_self(void);

/** The pid that is in id. */
apr_uint32_t um_procid_pid(apr_uint64_t id);

/** True when the process is certainly no more: no such pid, dead and only not waited for yet, or the pid has gone to a
 *  process that started at another time. In doubt it is there. Costs some 10 us. */
int um_procid_is_gone(apr_uint64_t id);
#endif
