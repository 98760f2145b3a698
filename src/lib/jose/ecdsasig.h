/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ECDSASIG_H
#define UM_ECDSASIG_H
/* The two forms of a P-256 signature: r and s side by side as tokens have it (RFC 7518 3.4), and the DER sequence of
 * two integers that OpenSSL wants (RFC 3279 2.2.3). */
#include <apr_errno.h>

#define UM_ECDSASIG_RAW 64     /**< bytes of r and s */
#define UM_ECDSASIG_DER 72     /**< bytes of the longest DER form */

/** *der_len bytes of der. APR_EINVAL: r or s is zero or not below the order of the curve; such a pair must never reach
 *  a verifier, for one that forgets to look takes (0, 0) for a signature of everything. */
apr_status_t um_ecdsasig_to_der(const unsigned char raw[UM_ECDSASIG_RAW], unsigned char der[UM_ECDSASIG_DER],
                                apr_size_t *der_len);

/** APR_EINVAL: der is no pair of numbers that fit. */
apr_status_t um_ecdsasig_to_raw(const unsigned char *der, apr_size_t der_len, unsigned char raw[UM_ECDSASIG_RAW]);
#endif
