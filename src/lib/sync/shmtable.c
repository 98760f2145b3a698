/* SPDX-License-Identifier: Apache-2.0 */
#include "shmtable.h"

#include "lock_until.h"

#include <apr_strings.h>
#include <errno.h>
#include <string.h>

#define VERSION 1           /* of the layout in memory: another meaning of the same bytes needs another number */
#define PARTS 64
#define KEY UM_SHMTABLE_KEY
#define BYTES 112           /* of an entry in one slot: its key, then its value, over as many slots as needed */
/* A value must leave room for others: a part without enough room for it would be emptied. */
#define THIRD(table) ((apr_size_t)(table)->per_part * BYTES / 3)
#define LONGEST(table) (THIRD(table) < UM_SHMTABLE_LONGEST ? THIRD(table) : UM_SHMTABLE_LONGEST)
#define MOST_WANTED 3
#define NONE 0              /* slots are counted from 1 */
#define WAIT_NS 20000000

enum { FREE, HEAD, TAIL };
typedef struct slot_t {
    apr_uint32_t next;      /* in the bucket, or among the free ones */
    apr_uint32_t more;      /* the next slot of the entry */
    apr_uint32_t len;       /* HEAD: bytes of the value */
    unsigned char what;
    unsigned char wanted;   /* HEAD: lookups, at most MOST_WANTED; one less each time the hand passes */
    unsigned char unused[2];
    unsigned char bytes[BYTES];
} slot_t;

typedef struct part_t {
    pthread_mutex_t lock;
    apr_uint32_t touched;   /* slots that were ever used; the slots beyond are free as well */
    apr_uint32_t free;      /* the first slot that was given back */
    apr_uint32_t hand;      /* where the search for an entry to evict goes on */
    apr_uint32_t entries;
} part_t;

/* At the start of the memory; then the buckets of all parts, then their slots. */
typedef struct head_t {
    apr_uint32_t slots, buckets;    /* of each part; buckets are a power of two */
    union {
        part_t part;
        unsigned char line[128];
    } parts[PARTS];
} head_t;

struct um_shmtable_t {
    head_t *head;
    apr_uint32_t *buckets;
    slot_t *slots;
    apr_uint32_t per_part, mask;    /* from the size: what the memory says is not trusted */
};

/* The part that a call works on, with its lock held. */
typedef struct view_t {
    part_t *part;
    apr_uint32_t *buckets;
    slot_t *slots;          /* slots[1] is the first */
    apr_uint32_t count, mask;
} view_t;

/* --- making --- */

static int make_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t how;
    int good;

    if (pthread_mutexattr_init(&how) != 0) {
        return 0;
    }
    good = pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED) == 0
           && pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST) == 0 && pthread_mutex_init(lock, &how) == 0;
    pthread_mutexattr_destroy(&how);
    return good;
}

/* Computes the layout for so many bytes. 0: they are too few, or more than slot numbers can count. */
static int lay_out(um_shmtable_t *table, void *memory, apr_size_t size)
{
    apr_size_t slots, buckets = 1;

    if (size < UM_SHMTABLE_LEAST || size / PARTS / sizeof(slot_t) > APR_INT32_MAX) {
        return 0;
    }
    slots = (size - sizeof(head_t)) / PARTS / (sizeof(slot_t) + sizeof(apr_uint32_t));
    /* Most entries take two slots, so there are at least about as many buckets as entries. */
    while (buckets * 2 <= slots) {
        buckets *= 2;
    }
    *table = (um_shmtable_t){ .head = memory, .per_part = (apr_uint32_t)slots, .mask = (apr_uint32_t)buckets - 1 };
    table->buckets = (apr_uint32_t *)(table->head + 1);
    table->slots = (slot_t *)(table->buckets + buckets * PARTS);
    return 1;
}

apr_status_t um_shmtable_init(void *memory, apr_size_t size)
{
    um_shmtable_t table;

    if (!lay_out(&table, memory, size)) {
        return APR_EINVAL;
    }
    table.head->slots = table.per_part;
    table.head->buckets = table.mask + 1;
    for (int i = 0; i < PARTS; i++) {
        if (!make_lock(&table.head->parts[i].part.lock)) {
            return APR_ENOTIMPL;
        }
    }
    return APR_SUCCESS;
}

um_shmtable_t *um_shmtable_attach(apr_pool_t *pool, void *memory, apr_size_t size)
{
    um_shmtable_t *table = apr_palloc(pool, sizeof(*table));

    return lay_out(table, memory, size) && table->head->slots == table->per_part
           && table->head->buckets == table->mask + 1 ? table : NULL;
}

const char *um_shmtable_form(apr_pool_t *pool)
{
    return apr_psprintf(pool, "table %d/%d/%d", VERSION, (int)sizeof(head_t), (int)sizeof(slot_t));
}

/* --- locking --- */

static void empty(const view_t *view)
{
    memset(view->buckets, 0, ((apr_size_t)view->mask + 1) * sizeof(*view->buckets));
    view->part->touched = view->part->free = view->part->hand = view->part->entries = 0;
}

static int lock(pthread_mutex_t *mutex)
{
    struct timespec until;
    int rv = pthread_mutex_trylock(mutex);

    if (rv == EBUSY && clock_gettime(UM_WAIT_CLOCK, &until) == 0) {
        until.tv_nsec += WAIT_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        rv = um_lock_until(mutex, &until);
    }
    return rv;
}

static int lock_part(const um_shmtable_t *table, unsigned number, view_t *view)
{
    part_t *part = &table->head->parts[number].part;
    int rv = lock(&part->lock);

    *view = (view_t){ part, table->buckets + (apr_size_t)number * (table->mask + 1),
                      table->slots + (apr_size_t)number * table->per_part - 1, table->per_part, table->mask };
    if (rv == EOWNERDEAD) {
        empty(view);
        rv = pthread_mutex_consistent(&part->lock);
    }
    return rv == 0;
}

static void unlock_part(const view_t *view)
{
    pthread_mutex_unlock(&view->part->lock);
}

/* --- entries; with the lock held --- */

static unsigned part_of(const unsigned char *key)
{
    return key[0] % PARTS;
}

static apr_uint32_t *bucket_of(const view_t *view, const unsigned char *key)
{
    apr_uint32_t bits;

    memcpy(&bits, key + 4, sizeof(bits));
    return &view->buckets[bits & view->mask];
}

static int is_slot(const view_t *view, apr_uint32_t i, int what)
{
    return i != NONE && i <= view->count && view->slots[i].what == what;
}

/* The variable that holds the slot number of the key's entry, so that the entry can be unlinked there. NULL: none. */
static apr_uint32_t *find(const view_t *view, const unsigned char *key)
{
    apr_uint32_t *place = bucket_of(view, key);

    for (apr_uint32_t steps = 0; is_slot(view, *place, HEAD) && steps < view->count; steps++) {
        if (memcmp(view->slots[*place].bytes, key, KEY) == 0) {
            return place;
        }
        place = &view->slots[*place].next;
    }
    return NULL;
}

static void give_back(const view_t *view, apr_uint32_t i)
{
    view->slots[i].what = FREE;
    view->slots[i].next = view->part->free;
    view->part->free = i;
}

static void take_out(const view_t *view, apr_uint32_t *place)
{
    apr_uint32_t i = *place;
    apr_uint32_t more = view->slots[i].more;

    *place = view->slots[i].next;
    give_back(view, i);
    while (is_slot(view, more, TAIL)) {
        apr_uint32_t then = view->slots[more].more;

        give_back(view, more);
        more = then;
    }
    view->part->entries--;
}

/* Evicts one of the least recently used entries. 0: none was found, so the numbers are wrong, and the part was
 * emptied. */
static int evict(const view_t *view)
{
    for (apr_uint32_t steps = 0; steps <= (MOST_WANTED + 1) * view->count; steps++) {
        slot_t *slot;
        apr_uint32_t *place;

        view->part->hand = view->part->hand % view->count + 1;
        slot = &view->slots[view->part->hand];
        if (slot->what != HEAD) {
            continue;
        }
        if (slot->wanted) {
            slot->wanted--;
            continue;
        }
        place = find(view, slot->bytes);
        if (!place || *place != view->part->hand) {
            break;
        }
        take_out(view, place);
        return 1;
    }
    empty(view);
    return 0;
}

/* NONE: the part had to be emptied, and with it the entry that is being added. */
static apr_uint32_t allocate_slot(const view_t *view)
{
    apr_uint32_t i;

    if (view->part->free == NONE && view->part->touched >= view->count && !evict(view)) {
        return NONE;
    }
    i = view->part->free;
    if (i == NONE) {
        return ++view->part->touched;
    }
    if (!is_slot(view, i, FREE)) {
        empty(view);
        return NONE;
    }
    view->part->free = view->slots[i].next;
    return i;
}

/* Slots of evicted entries are taken until there are enough. The entry that is being added is in no bucket, so it is
 * never the one evicted. */
static void add(const view_t *view, const unsigned char *key, const unsigned char *value, apr_size_t len)
{
    apr_uint32_t *bucket = bucket_of(view, key);
    apr_uint32_t first = allocate_slot(view), last = first;
    apr_size_t done = len < BYTES - KEY ? len : BYTES - KEY;

    if (first == NONE) {
        return;
    }
    view->slots[first] = (slot_t){ .len = (apr_uint32_t)len, .what = TAIL };
    memcpy(view->slots[first].bytes, key, KEY);
    memcpy(view->slots[first].bytes + KEY, value, done);
    while (done < len) {
        apr_size_t part = len - done < BYTES ? len - done : BYTES;
        apr_uint32_t i = allocate_slot(view);

        if (i == NONE) {
            return;
        }
        view->slots[i] = (slot_t){ .what = TAIL };
        memcpy(view->slots[i].bytes, value + done, part);
        view->slots[last].more = i;
        last = i;
        done += part;
    }
    view->slots[first].what = HEAD;
    view->slots[first].next = *bucket;
    *bucket = first;
    view->part->entries++;
}

static int copy_out(const view_t *view, const slot_t *slot, unsigned char *to, apr_size_t len)
{
    apr_size_t part = len < BYTES - KEY ? len : BYTES - KEY;
    const unsigned char *from = slot->bytes + KEY;

    while (1) {
        memcpy(to, from, part);
        to += part;
        len -= part;
        if (!len) {
            return 1;
        }
        if (!is_slot(view, slot->more, TAIL)) {
            return 0;
        }
        slot = &view->slots[slot->more];
        from = slot->bytes;
        part = len < BYTES ? len : BYTES;
    }
}

/* --- calls --- */

int um_shmtable_get(um_shmtable_t *table, apr_pool_t *pool, const unsigned char key[KEY], const void **value,
                    apr_size_t *len)
{
    unsigned char *copy = NULL;
    apr_uint32_t *place;
    int there = 0;
    view_t view;

    if (!lock_part(table, part_of(key), &view)) {
        return 0;
    }
    place = find(&view, key);
    if (place && view.slots[*place].len <= LONGEST(table)) {
        slot_t *slot = &view.slots[*place];

        slot->wanted = (unsigned char)(slot->wanted + (slot->wanted < MOST_WANTED));
        *len = slot->len;
        copy = apr_palloc(pool, *len + 1);
        there = copy_out(&view, slot, copy, *len);
    }
    unlock_part(&view);
    *value = copy;
    return there;
}

void um_shmtable_put(um_shmtable_t *table, const unsigned char key[KEY], const void *value, apr_size_t len)
{
    apr_uint32_t *place;
    view_t view;

    if (!lock_part(table, part_of(key), &view)) {
        return;
    }
    place = find(&view, key);
    if (place) {
        take_out(&view, place);
    }
    if (len <= LONGEST(table)) {
        add(&view, key, value, len);
    }
    unlock_part(&view);
}

void um_shmtable_remove(um_shmtable_t *table, const unsigned char key[KEY])
{
    apr_uint32_t *place;
    view_t view;

    if (lock_part(table, part_of(key), &view)) {
        place = find(&view, key);
        if (place) {
            take_out(&view, place);
        }
        unlock_part(&view);
    }
}

apr_size_t um_shmtable_count(um_shmtable_t *table)
{
    apr_size_t count = 0;
    view_t view;

    for (unsigned i = 0; i < PARTS; i++) {
        if (lock_part(table, i, &view)) {
            count += view.part->entries;
            unlock_part(&view);
        }
    }
    return count;
}
