/* SPDX-License-Identifier: Apache-2.0 */
#include "throttle_table.h"

#include "random.h"

#include <apr_strings.h>
#include <stdatomic.h>
#include <string.h>

#define VERSION 1           /* of the layout in memory: another meaning of the same bytes needs another number */
#define WAYS 8              /* entries of a bucket */
#define QUIET 3600000       /* ms after which the count of a back-off is forgotten */

#define TIME_BITS 37        /* 4.3 years of ms; a time further ahead than the longest one is one of the past */
#define COUNT_BITS 5
#define TIME_MASK ((1ULL << TIME_BITS) - 1)
#define MOST 29             /* of the count; above are the marks */
#define MARK_NO 30
#define MARK_YES 31
#define PRINT_SHIFT (TIME_BITS + COUNT_BITS)

typedef _Atomic apr_uint64_t word_t;

#if ATOMIC_LLONG_LOCK_FREE != 2
#error "64-bit atomics without a lock are needed: a lock would not be shared between processes"
#endif

/* At the start of the memory, in whole cache lines; then the buckets. */
typedef struct head_t {
    apr_uint64_t secret[2];
    apr_int64_t base;       /* the time 0 of entries, ms of the monotonic clock */
    apr_uint64_t buckets;
    word_t scopes[UM_THROTTLE_TABLE_SCOPES];
    apr_uint64_t unused[4];
} head_t;

struct um_throttle_table_t {
    head_t *head;
    word_t *words;
    apr_uint64_t buckets;   /* from the size: what the memory says is not trusted */
    apr_uint64_t secret[2];
};

static apr_uint64_t count_buckets(apr_size_t size)
{
    return size < UM_THROTTLE_TABLE_LEAST ? 0 : (size - sizeof(head_t)) / (WAYS * sizeof(word_t));
}

const char *um_throttle_table_form(apr_pool_t *pool)
{
    return apr_psprintf(pool, "throttle table %d/%d", VERSION, (int)sizeof(head_t));
}

apr_status_t um_throttle_table_init(void *memory, apr_size_t size, apr_int64_t now)
{
    head_t *head = memory;

    if (!count_buckets(size)) {
        return APR_EINVAL;
    }
    head->base = now;
    head->buckets = count_buckets(size);
    return um_random_bytes(head->secret, sizeof(head->secret));
}

um_throttle_table_t *um_throttle_table_attach(apr_pool_t *pool, void *memory, apr_size_t size)
{
    um_throttle_table_t *table = apr_palloc(pool, sizeof(*table));
    head_t *head = memory;

    *table = (um_throttle_table_t){ .head = head, .words = (word_t *)(head + 1), .buckets = count_buckets(size) };
    if (!table->buckets || head->buckets != table->buckets) {
        return NULL;
    }
    memcpy(table->secret, head->secret, sizeof(table->secret));
    return table;
}

/* --- SipHash-2-4 (Aumasson and Bernstein, 2012) --- */

#define ROTATE(x, bits) (((x) << (bits)) | ((x) >> (64 - (bits))))

static void mix(apr_uint64_t v[4], int rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[1] = ROTATE(v[1], 13) ^ v[0];
        v[0] = ROTATE(v[0], 32);
        v[2] += v[3];
        v[3] = ROTATE(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = ROTATE(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = ROTATE(v[1], 17) ^ v[2];
        v[2] = ROTATE(v[2], 32);
    }
}

apr_uint64_t um_throttle_table_hash(const um_throttle_table_t *table, const void *bytes, apr_size_t len)
{
    const unsigned char *at = bytes;
    apr_uint64_t v[4] = { table->secret[0] ^ 0x736f6d6570736575ULL, table->secret[1] ^ 0x646f72616e646f6dULL,
                          table->secret[0] ^ 0x6c7967656e657261ULL, table->secret[1] ^ 0x7465646279746573ULL };
    apr_size_t left = len;
    apr_uint64_t word;

    for (; left >= sizeof(word); at += sizeof(word), left -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        v[3] ^= word;
        mix(v, 2);
        v[0] ^= word;
    }
    word = 0;
    memcpy(&word, at, left);
    word ^= (apr_uint64_t)len << 56;
    v[3] ^= word;
    mix(v, 2);
    v[0] ^= word;
    v[2] ^= 0xff;
    mix(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* --- words --- */

static apr_uint64_t clock_of(const um_throttle_table_t *table, apr_int64_t now)
{
    return (apr_uint64_t)(now - table->head->base + 1) & TIME_MASK;
}

/* Milliseconds until the entry is empty; 0: it is. */
static apr_int64_t left_of(apr_uint64_t word, apr_uint64_t now)
{
    apr_uint64_t left = ((word & TIME_MASK) - now) & TIME_MASK;

    return word && left <= UM_THROTTLE_TABLE_LONGEST ? (apr_int64_t)left : 0;
}

static unsigned count_of(apr_uint64_t word)
{
    return (unsigned)(word >> TIME_BITS) & ((1U << COUNT_BITS) - 1);
}

static apr_uint64_t make_word(apr_uint64_t hash, unsigned count, apr_uint64_t now, apr_int64_t left)
{
    apr_uint64_t until = (now + (apr_uint64_t)left) & TIME_MASK;

    return hash << PRINT_SHIFT | (apr_uint64_t)count << TIME_BITS | until;
}

/* What the entry is worth when one has to go: the time until it is empty. A mark can be found out again, so a month of
 * it counts as less than an hour. */
static apr_int64_t worth(apr_uint64_t word, apr_uint64_t now)
{
    return count_of(word) >= MARK_NO ? left_of(word, now) >> 10 : left_of(word, now);
}

/* An entry as it was read. */
typedef struct found_t {
    word_t *at;
    apr_uint64_t word;      /* of the key, or what may be replaced */
    int is_there;
} found_t;

static word_t *entries_of(const um_throttle_table_t *table, apr_uint64_t hash)
{
    return table->words + WAYS * (((hash >> 32) * table->buckets) >> 32);
}

static found_t find_entry(const um_throttle_table_t *table, apr_uint64_t hash, apr_uint64_t now)
{
    word_t *bucket = entries_of(table, hash);
    found_t found = { NULL, 0, 0 };
    apr_int64_t least = 0;

    for (int i = 0; i < WAYS; i++) {
        apr_uint64_t word = atomic_load_explicit(&bucket[i], memory_order_acquire);
        apr_int64_t value = worth(word, now);

        if (left_of(word, now) && (word ^ hash << PRINT_SHIFT) >> PRINT_SHIFT == 0) {
            return (found_t){ &bucket[i], word, 1 };
        }
        if (!found.at || value < least) {
            found = (found_t){ &bucket[i], word, 0 };
            least = value;
        }
    }
    return found;
}

/* Of two threads that add the same key at the same moment, one may have seen another free entry than the other. The
 * first entry of a key counts, so the other one is dropped. 0: this one was dropped. */
static int is_first(const um_throttle_table_t *table, apr_uint64_t hash, const found_t *mine, apr_uint64_t word,
                    apr_uint64_t now)
{
    found_t first = find_entry(table, hash, now);

    return first.at == mine->at || !first.is_there || !atomic_compare_exchange_strong(mine->at, &word, 0);
}

static int replace(const um_throttle_table_t *table, apr_uint64_t hash, found_t *found, apr_uint64_t word,
                   apr_uint64_t now)
{
    return atomic_compare_exchange_strong(found->at, &found->word, word)
           && (found->is_there || !word || is_first(table, hash, found, word, now));
}

/* --- limits --- */

static int is_mark(const found_t *found)
{
    return found->is_there && count_of(found->word) >= MARK_NO;
}

/* How long a use must wait. *next is the entry after the use, or after its refusal. The entry may be that of another
 * key, whose hash has the same bits, or of a larger limit that the configuration had before. Then a use must not wait
 * for days: a mark does not count, and of a rate no more counts than its burst. */
static apr_int64_t judge(const found_t *found, apr_uint64_t hash, const um_throttle_limit_t *limit, apr_uint64_t now,
                         apr_uint64_t *next)
{
    apr_int64_t left = found->is_there && !is_mark(found) ? left_of(found->word, now) : 0;
    apr_int64_t most = (apr_int64_t)limit->burst * limit->interval, wait;
    unsigned count = left ? count_of(found->word) : 0;

    if (!limit->longest) {
        wait = left + limit->interval - most;
        *next = wait <= 0 ? make_word(hash, 0, now, left + limit->interval)
                : left > most ? make_word(hash, 0, now, most) : found->word;
        return wait <= 0 ? 0 : left > most ? limit->interval : wait;
    }
    count = count > MOST ? MOST : count;
    wait = count < limit->burst ? 0 : (apr_int64_t)limit->interval << (count - limit->burst);
    wait = wait > limit->longest ? limit->longest : wait;
    wait -= QUIET - left;
    wait = count >= limit->burst && wait > 0 ? wait : 0;
    *next = wait ? found->word : make_word(hash, count < MOST ? count + 1 : MOST, now, QUIET);
    return wait;
}

apr_int64_t um_throttle_table_peek(const um_throttle_table_t *table, apr_uint64_t hash,
                                   const um_throttle_limit_t *limit, apr_int64_t now)
{
    apr_uint64_t at = clock_of(table, now), next;
    found_t found = find_entry(table, hash, at);

    apr_int64_t wait = limit->interval && found.is_there ? judge(&found, hash, limit, at, &next) : 0;

    if (wait && next != found.word) {
        (void)replace(table, hash, &found, next, at);
    }
    return wait;
}

apr_int64_t um_throttle_table_take(um_throttle_table_t *table, apr_uint64_t hash, const um_throttle_limit_t *limit,
                                   apr_int64_t now)
{
    apr_uint64_t at = clock_of(table, now), next;
    apr_int64_t wait = 0;
    found_t found;

    if (!limit->interval) {
        return 0;
    }
    do {
        found = find_entry(table, hash, at);
        wait = judge(&found, hash, limit, at, &next);
    } while (next != found.word && !replace(table, hash, &found, next, at));
    return wait;
}

void um_throttle_table_give_back(um_throttle_table_t *table, apr_uint64_t hash, const um_throttle_limit_t *limit,
                                 apr_int64_t now)
{
    apr_uint64_t at = clock_of(table, now), next;
    found_t found;

    do {
        apr_int64_t left;

        found = find_entry(table, hash, at);
        if (!found.is_there || is_mark(&found) || !limit->interval) {
            return;
        }
        left = left_of(found.word, at);
        if (limit->longest) {
            unsigned count = count_of(found.word);

            next = count > 1 && count <= MOST ? make_word(hash, count - 1, at, left) : 0;
        }
        else {
            next = left > limit->interval ? make_word(hash, 0, at, left - limit->interval) : 0;
        }
    } while (!replace(table, hash, &found, next, at));
}

int um_throttle_table_forget(um_throttle_table_t *table, apr_uint64_t hash, apr_int64_t now)
{
    apr_uint64_t at = clock_of(table, now);
    int any = 0;
    found_t found;

    while ((found = find_entry(table, hash, at)).is_there) {
        any |= replace(table, hash, &found, 0, at);
    }
    return any;
}

/* --- marks --- */

void um_throttle_table_mark(um_throttle_table_t *table, apr_uint64_t hash, int yes, apr_int64_t ms, apr_int64_t now)
{
    apr_uint64_t at = clock_of(table, now);
    apr_uint64_t word = make_word(hash, yes ? MARK_YES : MARK_NO, at,
                                  ms < UM_THROTTLE_TABLE_LONGEST ? ms : UM_THROTTLE_TABLE_LONGEST);
    found_t found;

    do {
        found = find_entry(table, hash, at);
    } while (!replace(table, hash, &found, word, at));
}

int um_throttle_table_marked(const um_throttle_table_t *table, apr_uint64_t hash, apr_int64_t now)
{
    found_t found = find_entry(table, hash, clock_of(table, now));

    return found.is_there && count_of(found.word) >= MARK_NO ? count_of(found.word) == MARK_YES : -1;
}

/* --- the whole --- */

void um_throttle_table_add_scope(um_throttle_table_t *table, apr_uint64_t scope)
{
    for (int i = 0; i < UM_THROTTLE_TABLE_SCOPES; i++) {
        apr_uint64_t there = 0;

        if (atomic_compare_exchange_strong(&table->head->scopes[i], &there, scope) || there == scope) {
            return;
        }
    }
}

apr_uint64_t um_throttle_table_scope(const um_throttle_table_t *table, int i)
{
    return i >= 0 && i < UM_THROTTLE_TABLE_SCOPES ? atomic_load(&table->head->scopes[i]) : 0;
}

apr_size_t um_throttle_table_count(const um_throttle_table_t *table, apr_int64_t now)
{
    apr_uint64_t at = clock_of(table, now);
    apr_size_t count = 0;

    for (apr_uint64_t i = 0; i < table->buckets * WAYS; i++) {
        count += left_of(atomic_load_explicit(&table->words[i], memory_order_relaxed), at) > 0;
    }
    return count;
}
