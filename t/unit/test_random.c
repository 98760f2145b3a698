/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "random.h"

#include <limits.h>

#include <apr_general.h>

#define ROUNDS 1000

static apr_pool_t *pool;

static const struct { const char *text; const char *want; const char *name; } uuids[] = {
    {"018f3c1e-7b2a-7c3d-8e4f-0123456789ab", "018f3c1e-7b2a-7c3d-8e4f-0123456789ab", "36 characters"},
    {"018F3C1E-7B2A-7C3D-8E4F-0123456789AB", "018f3c1e-7b2a-7c3d-8e4f-0123456789ab", "upper case"},
    {"018f3c1e7b2a7c3d8e4f0123456789ab", "018f3c1e-7b2a-7c3d-8e4f-0123456789ab", "32 digits"},
    {"018F3c1E7B2a7c3d8e4f0123456789aB", "018f3c1e-7b2a-7c3d-8e4f-0123456789ab", "32 digits, mixed case"},
    {"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000", "of no version"},
    {NULL, NULL, "nothing"},
    {"", NULL, "empty"},
    {"018f3c1e-7b2a-7c3d-8e4f-0123456789a", NULL, "one short"},
    {"018f3c1e-7b2a-7c3d-8e4f-0123456789abc", NULL, "one long"},
    {"018f3c1e7b2a7c3d8e4f0123456789a", NULL, "31 digits"},
    {"018f3c1e7b2a7c3d8e4f0123456789abc", NULL, "33 digits"},
    {"018f3c1e-7b2a7c3d8e4f0123456789ab", NULL, "some of the hyphens"},
    {"018f3c1e07b2a07c3d08e4f00123456789ab", NULL, "36 digits"},
    {"018f3c1e7-b2a-7c3d-8e4f-0123456789ab", NULL, "a hyphen one place on"},
    {"------------------------------------", NULL, "36 hyphens"},
    {"018f3c1e-7b2a-7c3d-8e4f-0123456789ag", NULL, "a g"},
    {"018f3c1e-7b2a-7c3d-8e4f-0123456789a/", NULL, "the one before 0"},
    {"018f3c1e-7b2a-7c3d-8e4f-0123456789a:", NULL, "the one behind 9"},
    {"018f3c1e-7b2a-7c3d-8e4f-0123456789a@", NULL, "the one before A"},
    {"018f3c1e-7b2a-7c3d-8e4f-0123456789a`", NULL, "the one before a"},
    {"018f3c1e-7b2a-7c3d-8e4f-0123456789\xc3\xa4", NULL, "beyond ASCII"},
    {" 018f3c1e7b2a7c3d8e4f0123456789ab", NULL, "a blank before"},
    {"{018f3c1e-7b2a-7c3d-8e4f-0123456789ab}", NULL, "in braces"},
    {"urn:uuid:018f3c1e-7b2a-7c3d-8e4f-0123456789ab", NULL, "as a URN"}
};

static void test_parse(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(uuids) / sizeof(uuids[0]); i++) {
        is_text(um_random_uuid_parse(pool, uuids[i].text), uuids[i].want, uuids[i].name);
    }
}

static void test_uuid(void)
{
    const apr_time_t now = apr_time_from_msec(APR_INT64_C(0x0123456789ab)) + 999;
    const apr_time_t end = apr_time_from_msec(APR_INT64_C(1) << 48);
    const char *uuid = NULL, *last = "", *text;
    int i, form = 1, ordered = 1;

    for (i = 0; i < ROUNDS; i++) {
        form &= um_random_uuid(pool, now, &uuid) == APR_SUCCESS && strncmp(uuid, "01234567-89ab-7", 15) == 0
                && strchr("89ab", uuid[19]) != NULL && strcmp(um_random_uuid_parse(pool, uuid), uuid) == 0
                && strcmp(uuid, last) != 0;
        last = uuid;
    }
    ok(form, "UUIDs of one millisecond have its bits, version 7 and variant 2, and differ");
    for (i = 0; i < ROUNDS; i++) {
        ordered &= um_random_uuid(pool, now + apr_time_from_msec(i + 1), &text) == APR_SUCCESS
                   && strcmp(last, text) < 0;
        last = text;
    }
    ok(ordered, "UUIDs of later milliseconds sort behind");
    is_int(um_random_uuid(pool, 0, &text), APR_SUCCESS, "1970 can be said");
    is_int(um_random_uuid(pool, -1, &text), APR_EINVAL, "a time before 1970 makes no UUID");
    is_int(um_random_uuid(pool, end - 1, &text), APR_SUCCESS, "48 bits can be said");
    is_int(um_random_uuid(pool, end, &text), APR_EINVAL, "a time of 49 bits makes no UUID");
}

/* Every bit of 32 bytes is seen both set and clear: what a generator stuck or a buffer half filled would not pass. */
static void test_bytes(void)
{
    unsigned char set[32] = {0}, clear[32] = {0}, bytes[34];
    const char *text = NULL;
    int i, j, all = 1;

    bytes[32] = bytes[33] = 0x5a;
    for (i = 0; i < 200; i++) {
        all &= um_random_bytes(bytes, 32) == APR_SUCCESS;
        for (j = 0; j < 32; j++) {
            set[j] |= bytes[j];
            clear[j] |= (unsigned char)~bytes[j];
        }
    }
    for (j = 0; j < 32; j++) {
        all &= set[j] == 0xff && clear[j] == 0xff;
    }
    ok(all, "every bit is random");
    ok(bytes[32] == 0x5a && bytes[33] == 0x5a, "nothing is written behind the buffer");
    is_int(um_random_bytes(bytes, 0), APR_SUCCESS, "no bytes can be asked for");
    is_int(um_random_bytes(bytes, (apr_size_t)INT_MAX + 1), APR_EGENERAL, "more than the generator's int");
    ok(um_random_text(pool, 16, &text) == APR_SUCCESS && strlen(text) == 22, "16 bytes are 22 characters");
    ok(um_random_text(pool, 32, &text) == APR_SUCCESS && strlen(text) == 43, "32 bytes are 43 characters");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_parse();
    test_uuid();
    test_bytes();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
