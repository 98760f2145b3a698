/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "jose_private.h"

#include <apr_general.h>

#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define BELOW "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define ABOVE "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552"
#define FULL "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define HIGH "0000000000000000000000000000000000000000000000000000000000000080"
#define SHORT "007f000000000000000000000000000000000000000000000000000000000000"

/* der: NULL where the pair is refused. */
static const struct { const char *r; const char *s; const char *der; const char *name; } pairs[] = {
    {ONE, ONE, "3006020101020101", "the least"},
    {HIGH, ONE, "300702020080020101", "a number whose first bit is set"},
    {ONE, SHORT, "30240201" "01" "021f" "7f000000000000000000000000000000000000000000000000000000000000",
     "a leading zero is left out"},
    {BELOW, BELOW, "3046022100" BELOW "022100" BELOW, "the greatest, 72 bytes"},
    {ZERO, ONE, NULL, "r = 0"},
    {ONE, ZERO, NULL, "s = 0"},
    {ZERO, ZERO, NULL, "r = s = 0"},
    {ORDER, ONE, NULL, "r = n"},
    {ONE, ORDER, NULL, "s = n"},
    {ABOVE, ONE, NULL, "r = n + 1"},
    {ONE, ABOVE, NULL, "s = n + 1"},
    {FULL, FULL, NULL, "all bits set"}
};

static const struct { const char *der; const char *name; } refused[] = {
    {"", "nothing"},
    {"30", "a head without a length"},
    {"3006020101", "cut short"},
    {"300602010102010100", "a byte behind"},
    {"3005020101" "0500", "NULL for a number"},
    {"3006020101" "0201ff", "a negative number"},
    {"3026" "020101" "022101" FULL, "a number of 33 bytes"}
};

static apr_size_t from_hex(const char *hex, unsigned char *bytes)
{
    static const char digits[] = "0123456789abcdef";
    apr_size_t i;

    for (i = 0; hex[i]; i++) {
        bytes[i / 2] = (unsigned char)(bytes[i / 2] << 4 | (strchr(digits, hex[i]) - digits));
    }
    return i / 2;
}

int main(void)
{
    unsigned char raw[64], back[64], der[80], want[80];
    apr_size_t i, len;
    apr_status_t status;

    apr_initialize();
    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        from_hex(pairs[i].r, raw);
        from_hex(pairs[i].s, raw + 32);
        len = 0;
        status = um_ecdsa_to_der(raw, der, &len);
        if (pairs[i].der == NULL) {
            is_int(status, APR_EINVAL, pairs[i].name);
            continue;
        }
        ok(status == APR_SUCCESS && len == from_hex(pairs[i].der, want) && memcmp(der, want, len) == 0, "%s",
           pairs[i].name);
        ok(um_ecdsa_to_raw(der, len, back) == APR_SUCCESS && memcmp(raw, back, 64) == 0,
           "the conversion back gives the same: %s",
           pairs[i].name);
    }
    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        is_int(um_ecdsa_to_raw(der, from_hex(refused[i].der, der), back), APR_EINVAL, refused[i].name);
    }
    apr_terminate();
    return tap_done();
}
