#ifndef UM_GATE_H
#define UM_GATE_H
/* At most N holders at a time on this machine, over all processes, and a short bounded queue. */
#include <apr_pools.h>
#include <apr_time.h>
typedef struct um_gate_t um_gate_t;
typedef struct um_gate_pass_t { int slot; } um_gate_pass_t;

/** Bytes of shared memory that a gate needs; um_gate_init lays it out in memory (zeroed) once, before any fork. */
apr_size_t um_gate_size(void);
void um_gate_init(void *memory);
/** A process's view of the gate at memory. holders 1 to 64, queue 0 to 1024. */
um_gate_t *um_gate_attach(apr_pool_t *pool, void *memory, int holders, int queue);
/** APR_SUCCESS: inside, leave with um_gate_leave. APR_EAGAIN: the queue is full. APR_TIMEUP: waited for that long. */
apr_status_t um_gate_enter(um_gate_t *gate, apr_interval_time_t wait, um_gate_pass_t *pass);
void um_gate_leave(um_gate_t *gate, um_gate_pass_t *pass);
#endif
