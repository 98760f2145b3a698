/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal_log.h"

#include <stdatomic.h>
#include <string.h>

#define SERIES 600000       /* ms without a refusal after which a series has ended */
#define PATIENCE 1000       /* ms after which a writer is taken for dead */

typedef struct slot_t {
    _Atomic apr_int64_t writer; /* when a writer took the slot; 0: nobody writes */
    _Atomic apr_uint64_t version;   /* one more with each change */
    um_refusal_t refusal;
} slot_t;

apr_size_t um_refusal_log_size(void)
{
    return UM_REFUSAL_LOG_SLOTS * sizeof(slot_t);
}

static slot_t *slot_of(void *memory, apr_uint64_t hash)
{
    return (slot_t *)memory + (hash >> 32) % UM_REFUSAL_LOG_SLOTS;
}

static int claim_slot(slot_t *slot, apr_int64_t now)
{
    apr_int64_t writer = atomic_load(&slot->writer);

    if ((writer && now - writer < PATIENCE) || !atomic_compare_exchange_strong(&slot->writer, &writer, now)) {
        return 0;
    }
    atomic_fetch_add(&slot->version, 1);
    return 1;
}

static void leave_slot(slot_t *slot)
{
    atomic_fetch_add(&slot->version, 1);
    atomic_store(&slot->writer, 0);
}

int um_refusal_log_add(void *memory, const um_refusal_t *refusal, const char *text, apr_int64_t now)
{
    slot_t *slot = slot_of(memory, refusal->hash);
    um_refusal_t *there = &slot->refusal;
    int is_new;

    if (!claim_slot(slot, now)) {
        return 0;
    }
    is_new = there->hash != refusal->hash || now - there->last > SERIES;
    if (is_new) {
        apr_size_t len = strlen(text);

        *there = *refusal;
        there->since = now;
        there->count = 0;
        len = len < UM_REFUSAL_LOG_TEXT ? len : UM_REFUSAL_LOG_TEXT - 1;
        memcpy(there->text, text, len);
        there->text[len] = '\0';
    }
    there->last = now;
    there->until = refusal->until;
    there->count++;
    leave_slot(slot);
    return is_new;
}

int um_refusal_log_read(void *memory, int number, um_refusal_t *refusal)
{
    slot_t *slot = (slot_t *)memory + number;
    apr_uint64_t version = atomic_load(&slot->version);

    *refusal = slot->refusal;
    refusal->text[UM_REFUSAL_LOG_TEXT - 1] = '\0';
    atomic_thread_fence(memory_order_acquire);
    return refusal->hash && !atomic_load(&slot->writer) && atomic_load(&slot->version) == version;
}

void um_refusal_log_remove(void *memory, apr_uint64_t hash, apr_int64_t now)
{
    slot_t *slot = slot_of(memory, hash);

    if (claim_slot(slot, now)) {
        if (slot->refusal.hash == hash) {
            memset(&slot->refusal, 0, sizeof(slot->refusal));
        }
        leave_slot(slot);
    }
}
