/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"
#include "throttle.h"

#include <apr_lib.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define MOST_BURST 100000
#define MOST_BURST_OF_DELAY 15
#define LONGEST_SPAN (31 * 86400000LL)      /* ms for which a use can count; below UM_THROTTLE_TABLE_LONGEST */
#define TEXT "must be CLASS off, CLASS KEY off or CLASS KEY RATE [BURST], or default; "

/* The index of word in words; -1: it is not there. */
static int find_word(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++) {
        if (strcasecmp(word, words[i]) == 0) {
            return i;
        }
    }
    return -1;
}

/* A whole number from least to most, and what follows it. 0: it is none. */
static int read_count(const char *text, apr_int64_t most, apr_int64_t *count, char **end)
{
    errno = 0;
    *count = apr_isdigit(*text) ? apr_strtoi64(text, end, 10) : 0;
    return *count >= 1 && *count <= most && errno == 0;
}

/* RATE, such as 20/m, and BURST. Without a BURST it is the number of the RATE; of a delay it stays as it is. */
static const char *read_limit(apr_pool_t *pool, const char *args, um_throttle_limit_t *limit)
{
    static const struct { const char *name; apr_int64_t ms; } units[] = {
        { "/s", 1000 }, { "/m", 60000 }, { "/h", 3600000 }, { "/d", 86400000 },
    };
    const char *rate = ap_getword_conf(pool, &args), *burst = ap_getword_conf(pool, &args);
    apr_int64_t number, most = limit->longest ? MOST_BURST_OF_DELAY : MOST_BURST, count, interval = 0;
    char *end = NULL;

    if (*args || !read_count(rate, MOST_BURST, &number, &end)) {
        return TEXT "RATE is a number and /s, /m, /h or /d";
    }
    for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        interval = strcasecmp(end, units[i].name) == 0 ? units[i].ms / number : interval;
    }
    if (interval < 1) {
        return TEXT "RATE is a number and /s, /m, /h or /d, at most 1000/s";
    }
    count = limit->longest ? limit->burst : number;
    if (*burst && (!read_count(burst, most, &count, &end) || *end)) {
        return apr_psprintf(pool, TEXT "BURST is a number from 1 to %d", (int)most);
    }
    if (interval * count > LONGEST_SPAN) {
        return TEXT "BURST at that RATE takes more than 31 days";
    }
    limit->interval = (apr_uint32_t)interval;
    limit->burst = (apr_uint32_t)count;
    return NULL;
}

/* The limits of a class by one key, or by all of them (-1). */
static void switch_off(um_throttle_rules_t *rules, int class, int key)
{
    for (int i = 0; i < UM_THROTTLE_KEYS; i++) {
        if (key < 0 || key == i) {
            rules->limit[class][i].interval = 0;
            rules->is_set[class][i] = 1;
        }
    }
}

static int has_key(int class, int key)
{
    return key == UM_THROTTLE_ADDRESS || class == UM_THROTTLE_SIGN_IN
           || (key == UM_THROTTLE_ACCOUNT && class == UM_THROTTLE_RESET);
}

static const char *read_rule(apr_pool_t *pool, const char *args, um_throttle_rules_t *rules)
{
    int class = find_word(ap_getword_conf(pool, &args), um_throttle_class_names);
    const char *rest = args, *word = ap_getword_conf(pool, &rest);
    int key = find_word(word, um_throttle_key_names);
    const char *fault;

    if (class < 0) {
        return TEXT "CLASS is sign-in, register, reset, confirm, refresh or api";
    }
    if (strcasecmp(word, "off") == 0 && !*rest) {
        switch_off(rules, class, -1);
        return NULL;
    }
    if (key < 0 || !has_key(class, key)) {
        return TEXT "KEY is address; of sign-in and reset also account; of sign-in also both";
    }
    args = rest;
    if (strcasecmp(ap_getword_conf(pool, &args), "off") == 0 && !*args) {
        switch_off(rules, class, key);
        return NULL;
    }
    rules->limit[class][key].longest = um_throttle_defaults.limit[class][key].longest;
    if (rules->limit[class][key].longest && !rules->limit[class][key].burst) {
        rules->limit[class][key].burst = um_throttle_defaults.limit[class][key].burst;
    }
    fault = read_limit(pool, rest, &rules->limit[class][key]);
    rules->is_set[class][key] = 1;
    return fault;
}

const char *um_value_throttle(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    const um_throttle_rules_t **rules = value, *there = *rules;
    um_throttle_rules_t *made = apr_pmemdup(pool, there ? there : &um_throttle_defaults, sizeof(*made));
    const char *rest = text;

    (void)row;
    *rules = made;
    if (strcasecmp(ap_getword_conf(pool, &rest), "default") == 0 && !*rest) {
        *made = um_throttle_defaults;
        memset(made->is_set, there != NULL, sizeof(made->is_set));
        return NULL;
    }
    return read_rule(pool, text, made);
}

void um_value_throttle_merge(apr_pool_t *pool, void *merged, const void *base, const void *add)
{
    const um_throttle_rules_t *under = *(const um_throttle_rules_t *const *)base;
    um_throttle_rules_t *made = apr_pmemdup(pool, *(const um_throttle_rules_t *const *)add, sizeof(*made));

    for (int class = 0; class < UM_THROTTLE_CLASSES; class++) {
        for (int key = 0; key < UM_THROTTLE_KEYS; key++) {
            if (!made->is_set[class][key]) {
                made->limit[class][key] = under->limit[class][key];
                made->is_set[class][key] = under->is_set[class][key];
            }
        }
    }
    *(const um_throttle_rules_t **)merged = made;
}

const char *um_value_subnets(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    apr_array_header_t *subnets = apr_array_make(pool, 2, sizeof(apr_ipsubnet_t *));
    const char *rest = text, *word = ap_getword_conf(pool, &rest);
    apr_status_t rv = *word ? APR_SUCCESS : APR_EINVAL;

    (void)row;
    *(const apr_array_header_t **)value = subnets;
    if (strcasecmp(word, "none") == 0 && !*rest) {
        return NULL;
    }
    while (rv == APR_SUCCESS && *word) {
        char *address = apr_pstrdup(pool, word), *bits = strchr(address, '/');

        if (bits) {
            *bits++ = '\0';
        }
        rv = apr_ipsubnet_create(apr_array_push(subnets), address, bits, pool);
        word = ap_getword_conf(pool, &rest);
    }
    return rv == APR_SUCCESS ? NULL : "must be none, or name networks as ADDRESS or ADDRESS/BITS";
}
