/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REFUSAL_LOG_H
#define UM_REFUSAL_LOG_H
/* The keys that were refused lately, in shared memory, in plain text for an administrator: the entries of a throttle
 * table (throttle_table.h) are hashes. The log has 512 slots, chosen by the key's hash; a later key takes the slot of
 * an earlier one. A writer takes a slot by compare-and-swap of the time. If another one has it, nothing is written; a
 * slot whose writer died can be taken after a second. */
#include <apr.h>

#define UM_REFUSAL_LOG_SLOTS 512
#define UM_REFUSAL_LOG_TEXT 216

/** A key that was refused. Times are um_monotonic_ms(). */
typedef struct um_refusal_t {
    apr_uint64_t hash;          /**< of the throttle table; 0: the slot is empty */
    apr_int64_t since;          /**< first refusal of this series */
    apr_int64_t last;           /**< last refusal */
    apr_int64_t until;          /**< when the key is allowed again, as told at the last refusal */
    apr_int64_t lines_since;    /**< the time from which lines are counted */
    apr_uint32_t lines;         /**< since then: how often um_refusal_log_add() returned 1 for this slot */
    apr_uint32_t is_logged;     /**< whether this series was */
    apr_uint32_t count;         /**< refusals of this series */
    apr_uint32_t kind;          /**< for the caller: which limit it was */
    char text[UM_REFUSAL_LOG_TEXT]; /**< the key; cut where it is too long */
} um_refusal_t;

/** Bytes of shared memory, which must be zero at first. */
apr_size_t um_refusal_log_size(void);

/** Notes a refusal. Only hash, until and kind of refusal are read.
 * @return 1: log the series of this key, once. That is at its first refusal, when the key was not refused in the ten
 * minutes before; or at a later one, or never, where four keys of the same slot were logged within ten minutes. So
 * there are no more than 2048 such lines in ten minutes, whatever clients do */
int um_refusal_log_add(void *memory, const um_refusal_t *refusal, const char *text, apr_int64_t now);

/** Reads a slot, from 0 to UM_REFUSAL_LOG_SLOTS - 1. 0: it is empty, or just being written. */
int um_refusal_log_read(void *memory, int slot, um_refusal_t *refusal);

/** Empties the slot of a key. */
void um_refusal_log_remove(void *memory, apr_uint64_t hash, apr_int64_t now);

#endif
