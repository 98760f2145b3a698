/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook_address.h"

#include <apr_network_io.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define IPV4_BYTES 4
#define IPV6_BYTES 16

/* The first bits of the addresses of a network. */
typedef struct network_t {
    unsigned char bytes[IPV6_BYTES];
    int bits;
} network_t;

/* The registry of special-purpose IPv4 addresses (RFC 6890 and later), multicast and the reserved rest. */
static const network_t not_public[] = {
    { { 0 }, 8 },                   /* this network (RFC 791) */
    { { 10 }, 8 },                  /* private (RFC 1918) */
    { { 100, 64 }, 10 },            /* shared by a provider's customers (RFC 6598) */
    { { 127 }, 8 },                 /* loopback */
    { { 169, 254 }, 16 },           /* link-local (RFC 3927), where clouds have their metadata */
    { { 172, 16 }, 12 },            /* private */
    { { 192, 0, 0 }, 24 },          /* protocol assignments */
    { { 192, 0, 2 }, 24 },          /* documentation (RFC 5737) */
    { { 192, 88, 99 }, 24 },        /* 6to4 relays (RFC 7526) */
    { { 192, 168 }, 16 },           /* private */
    { { 198, 18 }, 15 },            /* benchmarks (RFC 2544) */
    { { 198, 51, 100 }, 24 },       /* documentation */
    { { 203, 0, 113 }, 24 },        /* documentation */
    { { 224 }, 3 },                 /* multicast, reserved and broadcast */
};

/* Within 2000::/3, which is all that is assigned to hosts of the Internet. */
static const network_t not_public6[] = {
    { { 0x20, 0x01, 0x00 }, 23 },           /* protocol assignments, Teredo (RFC 4380) among them */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 },     /* documentation (RFC 3849) */
    { { 0x20, 0x02 }, 16 },                 /* 6to4 (RFC 3056), which contains an IPv4 address */
    { { 0x3f, 0xff, 0x00 }, 20 },           /* documentation (RFC 9637) */
};

static const network_t mapped = { { [10] = 0xff, [11] = 0xff }, 96 };
static const network_t nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };
static const network_t global_unicast = { { 0x20 }, 3 };

static int is_in(const unsigned char *bytes, const network_t *network)
{
    int whole = network->bits / 8, rest = network->bits % 8;

    return memcmp(bytes, network->bytes, (size_t)whole) == 0
           && (!rest || ((bytes[whole] ^ network->bytes[whole]) >> (8 - rest)) == 0);
}

static int is_in_any(const unsigned char *bytes, const network_t *networks, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (is_in(bytes, &networks[i])) {
            return 1;
        }
    }
    return 0;
}

static int is_public4(const unsigned char *bytes)
{
    return !is_in_any(bytes, not_public, sizeof(not_public) / sizeof(not_public[0]));
}

static int is_public6(const unsigned char *bytes)
{
    if (is_in(bytes, &mapped) || is_in(bytes, &nat64)) {
        return is_public4(bytes + IPV6_BYTES - IPV4_BYTES);
    }
    return is_in(bytes, &global_unicast)
           && !is_in_any(bytes, not_public6, sizeof(not_public6) / sizeof(not_public6[0]));
}

/* apr_ipsubnet_test() also compares an IPv4 network with the address that is mapped into an IPv6 one. */
static int is_allowed(apr_sockaddr_t *address, const apr_array_header_t *allowed)
{
    for (int i = 0; allowed && i < allowed->nelts; i++) {
        if (apr_ipsubnet_test(APR_ARRAY_IDX(allowed, i, apr_ipsubnet_t *), address)) {
            return 1;
        }
    }
    return 0;
}

um_webhook_address_e um_webhook_address_judge(const struct sockaddr *address, const apr_array_header_t *allowed)
{
    apr_sockaddr_t copy;
    int is_public;

    memset(&copy, 0, sizeof(copy));
    copy.family = address->sa_family;
    if (address->sa_family == AF_INET) {
        memcpy(&copy.sa.sin, address, sizeof(copy.sa.sin));
        copy.ipaddr_ptr = &copy.sa.sin.sin_addr;
        copy.ipaddr_len = IPV4_BYTES;
        is_public = is_public4(copy.ipaddr_ptr);
    }
    else if (address->sa_family == AF_INET6) {
        memcpy(&copy.sa.sin6, address, sizeof(copy.sa.sin6));
        copy.ipaddr_ptr = &copy.sa.sin6.sin6_addr;
        copy.ipaddr_len = IPV6_BYTES;
        is_public = is_public6(copy.ipaddr_ptr);
    }
    else {
        return UM_WEBHOOK_ADDRESS_REFUSED;
    }
    return is_allowed(&copy, allowed) ? UM_WEBHOOK_ADDRESS_ALLOWED
           : is_public ? UM_WEBHOOK_ADDRESS_PUBLIC : UM_WEBHOOK_ADDRESS_REFUSED;
}
