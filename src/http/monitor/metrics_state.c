/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor.h"

#include "exposition.h"
#include "jwk.h"
#include "key_directory.h"
#include "keyring.h"
#include "module.h"
#include "process.h"
#include "store_admin.h"
#include "store_webhook.h"

#include <string.h>

static void begin_gauge(const um_metrics_t *metrics, const char *name, const char *help)
{
    um_exposition_family(metrics->out, name, UM_EXPOSITION_GAUGE, help);
}

static void add_mails(const um_metrics_t *metrics, const um_overview_t *overview)
{
    const struct { const char *state; apr_int64_t count; } rows[] = {
        { "requested", overview->mails_requested }, { "waiting", overview->mails_waiting },
        { "sending", overview->mails_sending }, { "given_up", overview->mails_given_up },
    };
    apr_int64_t now = apr_time_sec(apr_time_now());

    begin_gauge(metrics, "usermgmt_mails", "Mails of the outbox by state; given_up: within the last 24 hours.");
    for (apr_size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        um_exposition_sample(metrics->out, um_exposition_label(metrics->out, "", "state", rows[i].state),
                             rows[i].count);
    }
    begin_gauge(metrics, "usermgmt_mail_oldest_seconds", "Age of the oldest mail that is not done; 0: there is none.");
    um_exposition_sample(metrics->out, "", overview->oldest_mail ? now - overview->oldest_mail : 0);
    begin_gauge(metrics, "usermgmt_mail_overdue_seconds",
                "For how long the mail that is overdue longest is due; 0: none is.");
    um_exposition_sample(metrics->out, "", overview->oldest_due ? now - overview->oldest_due : 0);
}

static void add_webhooks(const um_metrics_t *metrics)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    um_webhook_counts_t counts;

    if (!um_overview_webhooks(metrics->server, &counts)) {
        return;
    }
    begin_gauge(metrics, "usermgmt_webhooks", "Webhooks by state; given_up: within the last 24 hours.");
    um_exposition_sample(metrics->out, um_exposition_label(metrics->out, "", "state", "waiting"), counts.waiting);
    um_exposition_sample(metrics->out, um_exposition_label(metrics->out, "", "state", "sending"), counts.sending);
    um_exposition_sample(metrics->out, um_exposition_label(metrics->out, "", "state", "given_up"), counts.given_up);
    begin_gauge(metrics, "usermgmt_webhook_oldest_seconds",
                "Age of the oldest webhook that is not done; 0: there is none.");
    um_exposition_sample(metrics->out, "", counts.oldest ? now - counts.oldest : 0);
    begin_gauge(metrics, "usermgmt_webhook_overdue_seconds",
                "For how long the webhook that is overdue longest is due; 0: none is.");
    um_exposition_sample(metrics->out, "", counts.oldest_due ? now - counts.oldest_due : 0);
    begin_gauge(metrics, "usermgmt_webhook_receivers_disabled",
                "Receivers of UserMgmtWebhook that have answered 410 Gone and get nothing any more.");
    um_exposition_sample(metrics->out, "", counts.disabled);
}

static void add_database_state(const um_metrics_t *metrics)
{
    um_overview_t overview;
    int is_up, is_known = um_overview_of(metrics->server, metrics->r->pool, &overview, &is_up);

    begin_gauge(metrics, "usermgmt_database_up", "Whether the database of this host answered; at most 15 seconds old.");
    um_exposition_sample(metrics->out, "", is_up);
    if (!is_known) {
        return;
    }
    add_mails(metrics, &overview);
    add_webhooks(metrics);
    begin_gauge(metrics, "usermgmt_sessions", "Sessions that are stored; an estimate on PostgreSQL.");
    um_exposition_sample(metrics->out, "", overview.sessions);
    begin_gauge(metrics, "usermgmt_accounts", "Accounts; an estimate on PostgreSQL.");
    um_exposition_sample(metrics->out, "", overview.accounts);
}

/* The file of a path; NULL: the directory has changed. */
static const um_key_directory_file_t *file_of(const apr_array_header_t *files, const char *path)
{
    for (int i = 0; i < files->nelts; i++) {
        const um_key_directory_file_t *file = &APR_ARRAY_IDX(files, i, um_key_directory_file_t);

        if (strcmp(file->path, path) == 0) {
            return file;
        }
    }
    return NULL;
}

/* Where httpd's user may not read the directory, no age is known. */
static void add_keys(const um_metrics_t *metrics)
{
    const um_jwk_t *signing = um_keyring_signing(metrics->server->keys);
    const apr_array_header_t *keys, *paths = um_keyring_files(metrics->server->keys, &keys);
    apr_time_t now = apr_time_now();
    apr_array_header_t *files;
    const char *why;

    begin_gauge(metrics, "usermgmt_key_age_seconds", "How long a key has had its present use.");
    if (um_key_directory_list(metrics->r->pool, metrics->server->settings.signing_key, &files, &why) != APR_SUCCESS) {
        return;
    }
    for (int i = 0; i < keys->nelts; i++) {
        const um_jwk_t *key = APR_ARRAY_IDX(keys, i, const um_jwk_t *);
        const um_key_directory_file_t *file = file_of(files, APR_ARRAY_IDX(paths, i, const char *));
        const char *labels = um_exposition_label(metrics->out, "", "kid", um_jwk_kid(key));

        if (file) {
            labels = um_exposition_label(metrics->out, labels, "use", key == signing ? "sign" : "verify");
            um_exposition_sample(metrics->out, labels, apr_time_sec(now - um_key_directory_since(file, now)));
        }
    }
}

void um_metrics_state_add(const um_metrics_t *metrics)
{
    add_database_state(metrics);
    add_keys(metrics);
}
