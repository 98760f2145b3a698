/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_webhook.h"
#include "isotime.h"
#include "json.h"
#include "random.h"
#include "transport.h"
#include "webhook_secret.h"
#include "webhook_send.h"

#include <apr_network_io.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#define WAIT_MS 100

/* The networks of UserMgmtWebhookAllow, which httpd has accepted. */
static apr_array_header_t *read_networks(um_cli_t *cli, const char *text)
{
    apr_array_header_t *networks = apr_array_make(cli->pool, 2, sizeof(apr_ipsubnet_t *));
    char *rest = NULL, *copy = apr_pstrdup(cli->pool, text ? text : "none");

    for (char *word = apr_strtok(copy, " \t", &rest); word; word = apr_strtok(NULL, " \t", &rest)) {
        char *bits = strchr(word, '/');
        apr_ipsubnet_t *network;

        if (bits) {
            *bits++ = '\0';
        }
        if (strcasecmp(word, "none") != 0 && apr_ipsubnet_create(&network, word, bits, cli->pool) == APR_SUCCESS) {
            APR_ARRAY_PUSH(networks, apr_ipsubnet_t *) = network;
        }
    }
    return networks;
}

static const char *make_body(um_cli_t *cli, apr_int64_t now)
{
    um_json_t *body = um_json_object(cli->pool);

    um_json_put_text(body, "type", "webhook.test");
    um_json_put_text(body, "timestamp", um_isotime_print(cli->pool, now));
    um_json_put(body, "data", um_json_object(cli->pool));
    return um_json_print(cli->pool, body);
}

static int send_test(um_cli_t *cli, um_webhook_send_t *send, const um_json_t *receiver)
{
    const char *file = um_json_get(receiver, "secret_file").text, *why = NULL;
    um_webhook_request_t request = { .url = um_json_get(receiver, "url").text };
    const char *name = um_webhook_send_name(cli->pool, request.url);
    um_webhook_secret_t *secret;

    if (um_webhook_secret_read(cli->pool, file, &secret, &why) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s: %s", file, why);
    }
    if (um_random_uuid(cli->pool, apr_time_now(), &request.id) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_FAILED, "the system has no random bytes");
    }
    request.at = apr_time_sec(apr_time_now());
    request.body = make_body(cli, request.at);
    request.len = strlen(request.body);
    request.signature = um_webhook_secret_sign(secret, cli->pool, request.id, request.at, request.body, request.len);
    if (request.signature && um_webhook_send_start(send, &request) == APR_SUCCESS) {
        while (um_webhook_send_count(send)) {
            (void)um_webhook_send_wait(send, WAIT_MS);
        }
    }
    if (request.status >= 200 && request.status < 300) {
        um_cli_say(cli, "%s: delivered, HTTP status %d", name, request.status);
        return UM_CLI_DONE;
    }
    return *request.why || !request.status
           ? um_cli_fail(cli, UM_CLI_FAILED, "%s: %s", name, *request.why ? request.why : "it could not be signed")
           : um_cli_fail(cli, UM_CLI_FAILED, "%s: HTTP status %d", name, request.status);
}

int um_cli_webhook_test(um_cli_t *cli)
{
    const char *wanted = cli->count ? cli->args[0] : NULL;
    um_webhook_send_options_t options = { 0 };
    um_webhook_send_t *send;
    const um_json_t *host;
    um_json_t *receivers;
    int code = um_cli_site_host(cli, "webhooks", "UserMgmtWebhook UserMgmtWebhookAllow UserMgmtWebhookCAFile", &host);
    int count = 0;

    if (code != UM_CLI_DONE) {
        return code;
    }
    options.ca_file = um_cli_site_text(host, "UserMgmtWebhookCAFile");
    options.timeout = (int)um_json_get(host, "UserMgmtWebhookTimeout").number;
    options.allowed = read_networks(cli, um_cli_site_text(host, "UserMgmtWebhookAllow"));
    if (um_transport_global_init(cli->pool) != APR_SUCCESS
        || um_webhook_send_open(cli->pool, &options, &send) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_FAILED, "libcurl cannot be used");
    }
    receivers = um_json_child(host, "UserMgmtWebhook");
    for (int i = 0; i < um_json_length(receivers); i++) {
        const um_json_t *receiver = um_json_at(receivers, i);

        if (!wanted || strcmp(um_json_get(receiver, "url").text, wanted) == 0) {
            int one = send_test(cli, send, receiver);

            code = one == UM_CLI_DONE ? code : one;
            count++;
        }
    }
    return count ? code : wanted ? um_cli_fail(cli, UM_CLI_ABSENT, "no UserMgmtWebhook names %s", wanted)
                                 : um_cli_fail(cli, UM_CLI_FAILED, "%s has no webhooks: set UserMgmtWebhook",
                                               um_cli_site_text(host, "name"));
}
