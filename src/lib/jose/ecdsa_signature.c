/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_private.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#define SCALAR (UM_ECDSA_RAW / 2)

/* The order n of P-256 (FIPS 186-4 D.1.2.3). */
static const unsigned char order[SCALAR] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
};

static int is_scalar(const unsigned char *number)
{
    static const unsigned char zero[SCALAR];

    return memcmp(number, zero, SCALAR) != 0 && memcmp(number, order, SCALAR) < 0;
}

/* DER requires the fewest bytes, and a zero byte in front if the first bit would make the number negative. */
static unsigned char *put_integer(unsigned char *out, const unsigned char *number)
{
    apr_size_t skip = 0, len;

    while (number[skip] == 0) {
        skip++;
    }
    len = SCALAR - skip;
    *out++ = 0x02;
    if (number[skip] & 0x80) {
        *out++ = (unsigned char)(len + 1);
        *out++ = 0;
    }
    else {
        *out++ = (unsigned char)len;
    }
    memcpy(out, number + skip, len);
    return out + len;
}

apr_status_t um_ecdsa_to_der(const unsigned char raw[UM_ECDSA_RAW], unsigned char der[UM_ECDSA_DER],
                             apr_size_t *der_len)
{
    unsigned char *end;

    if (!is_scalar(raw) || !is_scalar(raw + SCALAR)) {
        return APR_EINVAL;
    }
    end = put_integer(put_integer(der + 2, raw), raw + SCALAR);
    der[0] = 0x30;
    der[1] = (unsigned char)(end - der - 2);
    *der_len = (apr_size_t)(end - der);
    return APR_SUCCESS;
}

apr_status_t um_ecdsa_to_raw(const unsigned char *der, apr_size_t der_len, unsigned char raw[UM_ECDSA_RAW])
{
    const unsigned char *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    int good;

    good = sig && at == der + der_len && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, SCALAR) == SCALAR
           && BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + SCALAR, SCALAR) == SCALAR;
    ECDSA_SIG_free(sig);
    return good ? APR_SUCCESS : APR_EINVAL;
}
