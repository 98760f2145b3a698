/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_private.h"

#include <string.h>

#include <apr_strings.h>

static const struct {
    const char *scheme;
    apr_status_t (*open)(um_transport_t *t, const char *scheme, const char *rest, const char **why);
} kinds[] = {
    { "smtp", um_transport_smtp_open },
    { "smtp+starttls", um_transport_smtp_open },
    { "smtps", um_transport_smtp_open },
    { "sendmail", um_transport_sendmail_open },
    { "file", um_transport_file_open },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

const char *um_transport_reason(apr_pool_t *pool, const char *what, apr_status_t status)
{
    char text[128];

    return apr_pstrcat(pool, what, ": ", apr_strerror(status, text, sizeof(text)), NULL);
}

void um_transport_disconnect(um_transport_t *transport)
{
    if (transport->disconnect) {
        transport->disconnect(transport);
    }
}

static apr_status_t close_transport(void *data)
{
    um_transport_disconnect(data);
    return APR_SUCCESS;
}

apr_status_t um_transport_open(apr_pool_t *pool, const char *url, const um_transport_options_t *options,
                               um_transport_t **transport, const char **why)
{
    um_transport_t *made = apr_pcalloc(pool, sizeof(*made));
    const char *colon = strchr(url, ':');
    apr_size_t len = colon ? (apr_size_t)(colon - url) : 0;

    made->pool = pool;
    made->o.login_file = options->login_file ? apr_pstrdup(pool, options->login_file) : NULL;
    made->o.ca_file = options->ca_file ? apr_pstrdup(pool, options->ca_file) : NULL;
    made->o.timeout = options->timeout > 0 ? options->timeout : 1;
    apr_pool_cleanup_register(pool, made, close_transport, apr_pool_cleanup_null);
    for (apr_size_t i = 0; i < KINDS; ++i) {
        if (strlen(kinds[i].scheme) == len && strncasecmp(kinds[i].scheme, url, len) == 0) {
            apr_status_t status = kinds[i].open(made, kinds[i].scheme, colon + 1, why);

            if (status == APR_SUCCESS) {
                *transport = made;
            }
            return status;
        }
    }
    *why = "starts with none of smtp://, smtp+starttls://, smtps://, sendmail: and file:";
    return APR_EINVAL;
}

apr_status_t um_transport_check(apr_pool_t *pool, const char *url, const um_transport_options_t *options,
                                const char **why)
{
    apr_pool_t *scratch;
    um_transport_t *transport;
    apr_status_t status = apr_pool_create(&scratch, pool);

    if (status != APR_SUCCESS) {
        *why = "out of memory";
        return status;
    }
    status = um_transport_open(scratch, url, options, &transport, why);
    if (status != APR_SUCCESS) {
        *why = apr_pstrdup(pool, *why);
    }
    apr_pool_destroy(scratch);
    return status;
}
