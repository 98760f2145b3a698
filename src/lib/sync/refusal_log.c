/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal_log.h"

#include <stdatomic.h>
#include <string.h>

#define SERIES 600000       /* ms without a refusal after which a series has ended */
#define LINES 4             /* of a slot in that time: keys that displace each other in turn would otherwise each begin
                             * a series, and a line, with each refusal */
#define PATIENCE 1000       /* ms after which a writer is taken for dead */
#define WORDS (sizeof(um_refusal_t) / sizeof(apr_uint64_t))

/* A refusal is kept in words that are read and written one by one, because it may be written while it is read; the
 * version tells the reader. */
typedef struct slot_t {
    _Atomic apr_int64_t writer; /* when a writer took the slot; 0: nobody writes */
    _Atomic apr_uint64_t version;   /* one more with each change */
    _Atomic apr_uint64_t words[WORDS];
} slot_t;

apr_size_t um_refusal_log_size(void)
{
    return UM_REFUSAL_LOG_SLOTS * sizeof(slot_t);
}

static slot_t *slot_of(void *memory, apr_uint64_t hash)
{
    return (slot_t *)memory + (hash >> 32) % UM_REFUSAL_LOG_SLOTS;
}

/* No word is read after what the caller reads later. */
static void load_refusal(const slot_t *slot, um_refusal_t *refusal)
{
    apr_uint64_t words[WORDS] = { 0 };

    for (apr_size_t i = 0; i < WORDS; i++) {
        words[i] = atomic_load_explicit(&slot->words[i], memory_order_acquire);
    }
    memcpy(refusal, words, sizeof(*refusal));
}

/* No word is written before what the caller has written. */
static void store_refusal(slot_t *slot, const um_refusal_t *refusal)
{
    apr_uint64_t words[WORDS];

    memcpy(words, refusal, sizeof(words));
    for (apr_size_t i = 0; i < WORDS; i++) {
        atomic_store_explicit(&slot->words[i], words[i], memory_order_release);
    }
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

/* A key takes the slot of another one, or begins its next series. */
static um_refusal_t begin_series(const um_refusal_t *refusal, const char *text, const um_refusal_t *before,
                                 apr_int64_t now)
{
    apr_size_t len = strlen(text);
    um_refusal_t next = {
        .hash = refusal->hash, .kind = refusal->kind, .since = now,
        .lines_since = before->lines_since, .lines = before->lines,
    };

    len = len < UM_REFUSAL_LOG_TEXT ? len : UM_REFUSAL_LOG_TEXT - 1;
    memcpy(next.text, text, len);
    return next;
}

/* Whether the caller is to log the series now. */
static int take_line(um_refusal_t *next, apr_int64_t now)
{
    if (!next->lines || now - next->lines_since > SERIES) {
        next->lines_since = now;
        next->lines = 0;
    }
    if (next->is_logged || next->lines == LINES) {
        return 0;
    }
    next->lines++;
    next->is_logged = 1;
    return 1;
}

int um_refusal_log_add(void *memory, const um_refusal_t *refusal, const char *text, apr_int64_t now)
{
    slot_t *slot = slot_of(memory, refusal->hash);
    um_refusal_t next;
    int is_due;

    if (!claim_slot(slot, now)) {
        return 0;
    }
    load_refusal(slot, &next);
    if (next.hash != refusal->hash || now - next.last > SERIES) {
        next = begin_series(refusal, text, &next, now);
    }
    next.last = now;
    next.until = refusal->until;
    next.count++;
    is_due = take_line(&next, now);
    store_refusal(slot, &next);
    leave_slot(slot);
    return is_due;
}

int um_refusal_log_read(void *memory, int number, um_refusal_t *refusal)
{
    slot_t *slot = (slot_t *)memory + number;
    apr_uint64_t version = atomic_load(&slot->version);

    load_refusal(slot, refusal);
    refusal->text[UM_REFUSAL_LOG_TEXT - 1] = '\0';
    return refusal->hash && !atomic_load(&slot->writer) && atomic_load(&slot->version) == version;
}

void um_refusal_log_remove(void *memory, apr_uint64_t hash, apr_int64_t now)
{
    static const um_refusal_t none;
    slot_t *slot = slot_of(memory, hash);
    um_refusal_t there;

    if (claim_slot(slot, now)) {
        load_refusal(slot, &there);
        if (there.hash == hash) {
            store_refusal(slot, &none);
        }
        leave_slot(slot);
    }
}
