/* SPDX-License-Identifier: Apache-2.0 */
#include "password_policy.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "unicode.h"
#include "wipe.h"
#include "wordlist.h"

/* The code points of a text in ascending order, so that one pass through two bags counts the points they share. */
typedef struct bag_t {
    apr_uint32_t *points;
    apr_size_t count;
} bag_t;

/* A radix sort, seven bits at a time (code points have 21). No choice of letters makes it slower, and unlike qsort() it
 * leaves no copy of a password in memory of its own. The result is in spare. */
static void sort_points(apr_uint32_t *points, apr_uint32_t *spare, apr_size_t count)
{
    apr_uint32_t *from = points, *to = spare, *swap;
    apr_size_t start[129], i;
    int shift;

    for (shift = 0; shift < 21; shift += 7) {
        memset(start, 0, sizeof(start));
        for (i = 0; i < count; i++) {
            start[((from[i] >> shift) & 127) + 1]++;
        }
        for (i = 1; i < 128; i++) {
            start[i] += start[i - 1];
        }
        for (i = 0; i < count; i++) {
            to[start[(from[i] >> shift) & 127]++] = from[i];
        }
        swap = from;
        from = to;
        to = swap;
    }
}

/* False when text is not UTF-8. */
static int fill_bag(apr_pool_t *pool, bag_t *bag, const char *text)
{
    apr_uint32_t *unsorted = um_unicode_points(pool, text, &bag->count);

    if (!unsorted) {
        return 0;
    }
    bag->points = apr_palloc(pool, (bag->count + 1) * sizeof(*bag->points));
    sort_points(unsorted, bag->points, bag->count);
    um_wipe(unsorted, bag->count * sizeof(*unsorted));
    return 1;
}

static apr_size_t shared(const bag_t *a, const bag_t *b)
{
    apr_size_t i = 0, j = 0, count = 0;

    while (i < a->count && j < b->count) {
        if (a->points[i] < b->points[j]) {
            i++;
        } else if (a->points[i] > b->points[j]) {
            j++;
        } else {
            i++;
            j++;
            count++;
        }
    }
    return count;
}

/* 2 * common / sum >= 0.7 */
static int is_much(apr_size_t common, apr_size_t sum)
{
    return 20 * common >= 7 * sum;
}

/* Whether the lower-cased password is too similar to value or a word of it. */
static int is_similar(apr_pool_t *pool, const bag_t *password, const char *value)
{
    apr_array_header_t *words;
    const char *lower, *word;
    apr_size_t count;
    bag_t bag;
    int i;

    if (um_unicode_lower(pool, value, &lower) != APR_SUCCESS) {
        return 0;
    }
    words = um_unicode_words(pool, lower);
    for (i = 0; i < words->nelts; i++) {
        word = APR_ARRAY_IDX(words, i, const char *);
        count = um_unicode_count(word, strlen(word));
        /* Two texts share no more points than the shorter one has. So words of a very different length are skipped,
         * which bounds the cost of all other words together. */
        if (!count || !is_much(count < password->count ? count : password->count, count + password->count)) {
            continue;
        }
        if (fill_bag(pool, &bag, word) && is_much(shared(password, &bag), bag.count + password->count)) {
            return 1;
        }
    }
    return 0;
}

static void add(apr_array_header_t *faults, um_message_e message, const char *value)
{
    um_password_policy_fault_t *fault = apr_array_push(faults);

    fault->message = message;
    fault->value = value;
}

static void check_person(apr_pool_t *pool, apr_array_header_t *faults, const um_password_policy_person_t *person,
                         const bag_t *password)
{
    const struct { const char *value, *label; } rows[] = {
#define ROW(name, label, ...) { person->name, label },
        UM_PROFILE(ROW)
#undef ROW
    };
    char *label;
    apr_size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].value && is_similar(pool, password, rows[i].value)) {
            label = apr_pstrdup(pool, rows[i].label);
            *label = (char)apr_tolower(*label);
            add(faults, UM_MESSAGE_PASSWORD_TOO_SIMILAR, label);
            return;
        }
    }
}

static void check_rest(apr_pool_t *pool, apr_array_header_t *faults, const um_password_policy_t *policy,
                       const char *password,
                       const char *lower)
{
    apr_size_t len = strlen(password);
    const char *trimmed;

    if (policy->min_length > 0 && um_unicode_count(password, len) < (apr_size_t)policy->min_length) {
        add(faults, policy->min_length == 1 ? UM_MESSAGE_PASSWORD_TOO_SHORT_FOR_1 : UM_MESSAGE_PASSWORD_TOO_SHORT,
            apr_itoa(pool, policy->min_length));
    }
    if (policy->common) {
        trimmed = um_unicode_trim(pool, lower);
        if (um_wordlist_has(policy->common, password, len, trimmed, strlen(trimmed))) {
            add(faults, UM_MESSAGE_PASSWORD_TOO_COMMON, NULL);
        }
        um_wipe(trimmed, strlen(trimmed));
    }
    if (um_unicode_is_numeric(password)) {
        add(faults, UM_MESSAGE_PASSWORD_NUMERIC, NULL);
    }
}

apr_array_header_t *um_password_policy_check(apr_pool_t *pool, const um_password_policy_t *policy,
                                             const um_password_policy_person_t *person,
                                             const char *password, apr_size_t len)
{
    apr_array_header_t *faults = apr_array_make(pool, 4, sizeof(um_password_policy_fault_t));
    const char *typed = apr_pstrmemdup(pool, password, len), *lower;
    bag_t bag = { NULL, 0 };

    if (um_unicode_lower(pool, typed, &lower) != APR_SUCCESS || !fill_bag(pool, &bag, lower)) {
        um_wipe(typed, len);
        return NULL;
    }
    if (person) {
        check_person(pool, faults, person, &bag);
    }
    check_rest(pool, faults, policy, typed, lower);
    um_wipe(bag.points, bag.count * sizeof(*bag.points));
    um_wipe(lower, strlen(lower));
    um_wipe(typed, len);
    return faults;
}
