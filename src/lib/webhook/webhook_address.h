/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WEBHOOK_ADDRESS_H
#define UM_WEBHOOK_ADDRESS_H
/* To which addresses a webhook may connect. They are judged when a connection is made, that is after DNS: a name that
 * leads to a private address is refused like the address itself. */
#include <apr_tables.h>

struct sockaddr;

typedef enum {
    UM_WEBHOOK_ADDRESS_PUBLIC,      /**< of the Internet */
    UM_WEBHOOK_ADDRESS_ALLOWED,     /**< in one of the networks that an administrator has allowed */
    UM_WEBHOOK_ADDRESS_REFUSED      /**< of this machine, of a private network, or of no host at all */
} um_webhook_address_e;

/** Judges an address. IPv6 addresses that contain an IPv4 address (mapped, RFC 4291; NAT64, RFC 6052) are judged by it.
 * Other forms that contain one (6to4, Teredo, local-use NAT64) are refused, and so is what is in the registries of
 * special-purpose addresses of IANA (RFC 6890), multicast, and what is no unicast address of the Internet.
 * @param address  of AF_INET or AF_INET6; others are refused
 * @param allowed  apr_ipsubnet_t *: these are allowed, whatever they are; or NULL */
um_webhook_address_e um_webhook_address_judge(const struct sockaddr *address, const apr_array_header_t *allowed);

#endif
