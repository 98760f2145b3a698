/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_THROTTLE_PRIVATE_H
#define UM_THROTTLE_PRIVATE_H
/* The keys of the throttles' counts, for throttle_take.c and throttle_key.c.
 * A key is a hash of its scope, its kind, and the client or the name. */
#include "throttle.h"

#define UM_THROTTLE_KEY_WIDE 6      /**< bytes of a /48 */

/** The bytes of an address by which one client is counted: 4, or the 8 of a /64. */
int um_throttle_key_bytes(const um_throttle_client_t *client);

/** By the first client_len bytes of an address. */
apr_uint64_t um_throttle_key_address(const um_throttle_t *throttle, apr_uint64_t scope, int class,
                                     const um_throttle_client_t *client, int client_len);

/** By a name. The first letter of what separates names of different kinds: "u" is a name or an address that was typed
 * to sign in, "f" the name of an account that was found, "r" and "v" an address for the mails of these kinds. */
apr_uint64_t um_throttle_key_account(const um_throttle_t *throttle, apr_uint64_t scope, int class, const char *what,
                                     const char *name);

#define UM_THROTTLE_PAIR_TYPED 'b'
#define UM_THROTTLE_PAIR_FOUND 'f'

/** By a name and a client together. */
apr_uint64_t um_throttle_key_pair(const um_throttle_t *throttle, apr_uint64_t scope, char what,
                                  const um_throttle_client_t *client, const char *name);

#endif
