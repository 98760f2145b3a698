/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WEBHOOK_SECRET_H
#define UM_WEBHOOK_SECRET_H
/* The secrets of a webhook, and the signatures that they make, as the specification of Standard Webhooks 1.0.0 has
 * them: HMAC-SHA256 of ID.TIMESTAMP.BODY, where the body is signed byte by byte as it is sent. */
#include <apr_pools.h>

/** The secrets of one file. */
typedef struct um_webhook_secret_t um_webhook_secret_t;

/** The most secrets of a file: the present one, and those of a rotation. */
#define UM_WEBHOOK_SECRET_MOST 4

/** Reads a file of lines "whsec_BASE64", each of 24 to 64 bytes. Empty lines and lines that begin with # are ignored.
 * The secrets are wiped with pool.
 * @return APR_SUCCESS, APR_EGENERAL or the system's error; *why says what is wrong, without the name of the file and
 * without any part of a secret */
apr_status_t um_webhook_secret_read(apr_pool_t *pool, const char *file, um_webhook_secret_t **secret, const char **why);

/** Makes a secret of 32 random bytes and adds it to a file, which is made when it does not exist. *text is the secret
 * as the file has it, for the receiver; the caller wipes it.
 * @return as um_webhook_secret_read; APR_EGENERAL also when the file has as many secrets as it may */
apr_status_t um_webhook_secret_add(apr_pool_t *pool, const char *file, const char **text, const char **why);

/** How many secrets there are. */
int um_webhook_secret_count(const um_webhook_secret_t *secret);

/** The value of the header webhook-signature, in pool: "v1,BASE64" by each secret, in their order in the file,
 * separated by blanks. NULL: OpenSSL failed.
 * @param id  without a full stop
 * @param at  of the attempt, in seconds since the epoch */
const char *um_webhook_secret_sign(const um_webhook_secret_t *secret, apr_pool_t *pool, const char *id, apr_int64_t at,
                                   const char *body, apr_size_t len);

#endif
