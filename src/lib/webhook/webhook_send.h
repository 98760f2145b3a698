/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WEBHOOK_SEND_H
#define UM_WEBHOOK_SEND_H
/* Sends webhooks: POST requests over HTTPS, several at a time in one thread, so that a slow receiver delays no other.
 *
 * The certificate of the receiver is verified. Redirects are not followed, the proxies that the environment names are
 * not used, and the answer is read up to a limit and forgotten. Each address is judged when it is connected to
 * (webhook_address.h), after DNS. Without TLS only addresses that an administrator has allowed are connected to. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_webhook_send_t um_webhook_send_t;

typedef struct um_webhook_send_options_t {
    const char *ca_file;                /**< PEM: only these certificates may vouch; NULL: the system's */
    int timeout;                        /**< seconds for a request and its answer, at least 1 */
    const apr_array_header_t *allowed;  /**< apr_ipsubnet_t *: see webhook_address.h; or NULL */
} um_webhook_send_options_t;

/** A request, and what became of it. It must live until it is done or broken off. */
typedef struct um_webhook_request_t {
    const char *url;
    const char *id, *signature;         /**< of the headers, without control characters */
    apr_int64_t at;                     /**< of the header webhook-timestamp */
    const char *body;
    apr_size_t len;
    void *baton;                        /**< of the caller */

    /* When it is done: */
    int status;                         /**< of the answer; 0: there is none */
    apr_int64_t retry_after;            /**< seconds that the receiver asks to wait; 0: it does not */
    char why[256];                      /**< what failed, in one line of printable ASCII; "": nothing, status says all
                                         * */
    void *own;                          /**< of this file */
} um_webhook_request_t;

/** Checks a URL: https://HOST[:PORT][/PATH][?QUERY], or http:// likewise, without a login and a fragment. NULL, or what
 * is wrong with it. *is_tls: whether it is https. */
const char *um_webhook_send_check_url(apr_pool_t *pool, const char *url, int *is_tls);

/** The URL without its query, which may contain a secret of the receiver; for people. In pool. */
const char *um_webhook_send_name(apr_pool_t *pool, const char *url);

/** Makes a sender, which is ended with pool. One thread uses it. um_transport_global_init() must have been called.
 * @return APR_SUCCESS; APR_EGENERAL: libcurl failed */
apr_status_t um_webhook_send_open(apr_pool_t *pool, const um_webhook_send_options_t *options, um_webhook_send_t **send);

/** Starts a request. APR_EGENERAL: libcurl failed; the request is done, and request->why says so. */
apr_status_t um_webhook_send_start(um_webhook_send_t *send, um_webhook_request_t *request);

/** How many requests are under way. */
int um_webhook_send_count(const um_webhook_send_t *send);

/** Waits for up to so many milliseconds until a request is done, and returns it. NULL: none is. */
um_webhook_request_t *um_webhook_send_wait(um_webhook_send_t *send, int milliseconds);

/** Breaks off all requests. Whether their receivers have got them is not known. */
void um_webhook_send_abort(um_webhook_send_t *send);

/** Closes the connections that are kept for the next requests. */
void um_webhook_send_disconnect(um_webhook_send_t *send);

#endif
