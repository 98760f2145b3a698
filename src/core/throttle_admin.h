/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_THROTTLE_ADMIN_H
#define UM_THROTTLE_ADMIN_H
/* The throttles in the hands of an administrator. Hosts with different databases share the memory of the counts; a
 * scope (um_site_t) has those of one database, and scope 0 has all of them. */
#include "refusal_log.h"
#include "throttle.h"

/** What was refused lately, um_refusal_t, the latest refusal first. In a scope, a key whose text was cut is not listed,
 * because nothing shows whose it is. */
apr_array_header_t *um_throttle_admin_list(apr_pool_t *pool, const um_throttle_t *throttle, apr_uint64_t scope);

/** Forgets the failures of a name, an e-mail address or an IP address, as somebody types it, and of the pairs of which
 * it is a part; or of one pair, as the list has it: "name address".
 * @return how many counts there were; -1: the text is none of these */
int um_throttle_admin_clear(apr_pool_t *pool, const um_throttle_t *throttle, apr_uint64_t scope, const char *text);

/** The same for the site of a context, with its event, which is stored after the change.
 * @return UM_OK; UM_INVALID: the text is none of these; UM_UNAVAILABLE: the counts are cleared, and the event could not
 * be stored */
um_status_e um_throttle_admin_clear_site(um_ctx_t *ctx, const char *text);

#endif
