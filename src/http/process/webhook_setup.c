/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_settings.h"
#include "module.h"
#include "process.h"
#include "transport.h"
#include "webhook_list.h"
#include "webhook_secret.h"
#include "webhook_send.h"

#include <apr_file_info.h>
#include <apr_strings.h>

static const char *describe(const um_config_check_t *check, const um_webhook_t *webhook, const char *text)
{
    return apr_psprintf(check->ptemp, "UserMgmtWebhook %s %s (%s:%d): %s",
                        um_webhook_send_name(check->ptemp, webhook->url), webhook->secret_file, webhook->file,
                        webhook->line, text);
}

/* Whoever can read the file can sign in the name of this site. */
static const char *check_file(const um_config_check_t *check, const um_webhook_t *webhook)
{
    apr_finfo_t info;

    if (apr_stat(&info, webhook->secret_file, APR_FINFO_PROT, check->ptemp) != APR_SUCCESS
        || !(info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE))) {
        return NULL;
    }
    return describe(check, webhook, apr_psprintf(check->ptemp, "the file can be read or written by all users; close it "
                                                 "with: chmod 600 %s", webhook->secret_file));
}

static const char *check_webhook(const um_config_check_t *check, um_webhook_t *webhook)
{
    um_webhook_secret_t *secret = NULL;
    const char *why = NULL;
    int is_tls;

    (void)um_webhook_send_check_url(check->ptemp, webhook->url, &is_tls);
    if (!is_tls && !check->server->settings.webhook_allow->nelts) {
        return describe(check, webhook, "must begin with https://; http:// is for networks that UserMgmtWebhookAllow "
                        "names, and it names none");
    }
    if (um_webhook_secret_read(check->pconf, webhook->secret_file, &secret, &why) != APR_SUCCESS) {
        return describe(check, webhook, why);
    }
    webhook->secret = secret;
    return check_file(check, webhook);
}

static const char *check_settings(const um_config_check_t *check)
{
    const um_settings_t *settings = &check->server->settings;
    const char *why = NULL;

    /* The rows are stored with those of events. */
    if (!settings->core.events_keep) {
        return um_config_check_error(check, UM_SET_UserMgmtEventsKeep, "UserMgmtWebhook needs events in the database: "
                                     "keep them for a day at least");
    }
    return !settings->webhook_ca_file
           || um_transport_login_check_ca(check->ptemp, settings->webhook_ca_file, &why) == APR_SUCCESS
           ? NULL : um_config_check_error(check, UM_SET_UserMgmtWebhookCAFile, "%s", why);
}

const char *um_webhook_setup_check(const um_config_check_t *check)
{
    const um_settings_t *settings = &check->server->settings;
    const um_webhook_list_t *named = settings->webhooks;
    um_webhook_list_t *list = apr_pcalloc(check->pconf, sizeof(*list));
    um_webhook_t *webhooks;
    const char *error;

    list->site = check->server->mail_settings->host;
    check->server->webhooks = list;
    /* A host that only protects Locations may inherit the directive. It changes no account. */
    if (!named->count || !settings->enabled) {
        return NULL;
    }
    error = check_settings(check);
    webhooks = apr_pmemdup(check->pconf, named->webhook, (apr_size_t)named->count * sizeof(*webhooks));
    for (int i = 0; i < named->count && !error; i++) {
        error = check_webhook(check, &webhooks[i]);
    }
    list->webhook = webhooks;
    list->count = named->count;
    return error;
}
