/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "base64url.h"

#include <apr_general.h>

static apr_pool_t *pool;

/* RFC 4648 10 without its padding, and the two characters that are not base64's. */
static const struct { const char *bytes; apr_size_t len; const char *text; } pairs[] = {
    {"", 0, ""},
    {"f", 1, "Zg"},
    {"fo", 2, "Zm8"},
    {"foo", 3, "Zm9v"},
    {"foob", 4, "Zm9vYg"},
    {"fooba", 5, "Zm9vYmE"},
    {"foobar", 6, "Zm9vYmFy"},
    {"\xff", 1, "_w"},
    {"\xfb\xef\xbe", 3, "----"},
    {"\xff\xff\xff", 3, "____"},
    {"\0\0\0\0", 4, "AAAAAA"},
    {"{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}", 30, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"}
};

static const struct { const char *text; apr_size_t len; const char *name; } refused[] = {
    {"Z", 1, "one character"},
    {"Zm9vY", 5, "one character over"},
    {"A", 1, "one character of zeros"},
    {"Zm9vA", 5, "one character of zeros over"},
    {"Zg==", 4, "padding"},
    {"Zm8=", 4, "one character of padding"},
    {"Zm9v====", 8, "padding that pads nothing"},
    {"=", 1, "padding alone"},
    {"Zh", 2, "four unused bits not zero"},
    {"Zv", 2, "the highest of four unused bits"},
    {"Zm9", 3, "two unused bits not zero"},
    {"Zm-", 3, "the higher of two unused bits"},
    {"++++", 4, "plus of the other alphabet"},
    {"////", 4, "slash of the other alphabet"},
    {" Zg", 3, "a blank before"},
    {"Zg ", 3, "a blank after"},
    {"Zm\n9v", 5, "a line feed within"},
    {"Zg\n", 3, "a line feed after"},
    {"Zm\0v", 4, "a NUL within"},
    {"\0\0", 2, "NULs"},
    {"Zm9\xc3", 4, "a byte beyond ASCII"},
    {"Zm9.", 4, "a dot"},
    {"Zm9,", 4, "a comma"},
    {"Zm@v", 4, "the one before A"},
    {"Zm[v", 4, "the one behind Z"},
    {"Zm`v", 4, "the one before a"},
    {"Zm{v", 4, "the one behind z"},
    {"Zm:v", 4, "the one behind 9"}
};

static void test_pairs(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        unsigned char *bytes = NULL;
        apr_size_t len = 99;
        apr_status_t status = um_base64url_decode(pool, pairs[i].text, strlen(pairs[i].text), &bytes, &len);

        is_text(um_base64url_encode(pool, pairs[i].bytes, pairs[i].len), pairs[i].text, "the bytes are encoded");
        ok(status == APR_SUCCESS && len == pairs[i].len && memcmp(bytes, pairs[i].bytes, len) == 0 && bytes[len] == 0,
           "'%s' decoded, with a NUL behind", pairs[i].text);
    }
}

static void test_refused(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        unsigned char *bytes = NULL;
        apr_size_t len = 99;
        apr_status_t status = um_base64url_decode(pool, refused[i].text, refused[i].len, &bytes, &len);

        ok(status == APR_EINVAL && bytes == NULL && len == 99,
           "a text is refused and the results are left as they were: %s", refused[i].name);
    }
}

/* Of all texts of two bytes exactly the 256 that some byte is written as are taken, each as that byte. */
static void test_one_spelling(void)
{
    int taken = 0, same = 0, first, second;
    apr_pool_t *scratch;

    apr_pool_create(&scratch, pool);
    for (first = 0; first < 256; first++) {
        for (second = 0; second < 256; second++) {
            char text[3] = {(char)first, (char)second, 0};
            unsigned char *bytes;
            apr_size_t len;

            if (um_base64url_decode(scratch, text, 2, &bytes, &len) == APR_SUCCESS) {
                taken++;
                same += len == 1 && strcmp(um_base64url_encode(scratch, bytes, len), text) == 0;
            }
        }
        apr_pool_clear(scratch);
    }
    is_int(taken, 256, "two characters: as many texts as there are bytes");
    is_int(same, 256, "two characters: each written again as it was read");
}

static void test_round_trip(void)
{
    unsigned char in[300], *out;
    apr_size_t len, out_len;
    int good = 1;

    for (len = 0; len < sizeof(in); len++) {
        const char *text;

        in[len] = (unsigned char)(len * 151 + 7);
        text = um_base64url_encode(pool, in, len);
        good &= strlen(text) == (len * 4 + 2) / 3
                && um_base64url_decode(pool, text, strlen(text), &out, &out_len) == APR_SUCCESS && out_len == len
                && memcmp(in, out, len) == 0;
    }
    ok(good, "bytes of every length up to 299 are the same after encoding and decoding");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_pairs();
    test_refused();
    test_one_spelling();
    test_round_trip();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
