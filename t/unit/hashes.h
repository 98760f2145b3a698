/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_HASHES_H
#define UM_HASHES_H
/* Counts the hashes that a test's site makes, and those made while it held a connection or the write lock: there must
 * be none. Included once, behind the test's own "static site_t s". What costs as many hashes takes as long. */
#include <dlfcn.h>
#include <openssl/evp.h>

static int hashes, held;

/* Stands before OpenSSL's, to count. */
int EVP_PBE_scrypt(const char *pass, size_t passlen, const unsigned char *salt, size_t saltlen, uint64_t N, uint64_t r,
                   uint64_t p, uint64_t maxmem, unsigned char *key, size_t keylen)
{
    static __typeof__(&EVP_PBE_scrypt) real;

    if (!real) {
        void *found = dlsym(RTLD_NEXT, "EVP_PBE_scrypt");

        memcpy(&real, &found, sizeof(real));
    }
    hashes++;
    held += s.in_use || s.locked;
    return real(pass, passlen, salt, saltlen, N, r, p, maxmem, key, keylen);
}
#endif
