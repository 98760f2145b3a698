/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_AGENT_H
#define UM_USER_AGENT_H
/* What a User-Agent header says of a device, for people who look at their sessions. Clients write into it what they
 * want, so it is shown and nothing depends on it. */
#include <apr_pools.h>

/** Finds browser and system, such as "Firefox" and "Windows". Of a program that is no browser, *browser is the name of
 * the product, such as "curl". Both are in pool or static; NULL: the text, which may be NULL, does not say. */
void um_user_agent_read(apr_pool_t *pool, const char *text, const char **browser, const char **system);

#endif
