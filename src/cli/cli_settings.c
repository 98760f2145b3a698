/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "core_settings.h"
#include "custom_field.h"
#include "json.h"
#include "mail_settings.h"
#include "pepper.h"
#include "pwhash.h"
#include "reserved.h"
#include "webhook_list.h"
#include "wordlist.h"

#include <apr_strings.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define HOUR APR_INT64_C(3600)
#define DAY (24 * HOUR)

/* A number of core's settings. The defaults are those of directives.h, which t/house/defaults.t compares. */
typedef struct number_t {
    const char *name;
    apr_size_t offset, size;
    apr_int64_t preset;
} number_t;

#define NUMBER(directive, member, number) \
    { .name = #directive, .offset = offsetof(um_core_settings_t, member), \
      .size = sizeof(((um_core_settings_t *)0)->member), .preset = number }

static const number_t numbers[] = {
    NUMBER(UserMgmtBasicCache, basic_cache, 300),
    NUMBER(UserMgmtDatabaseGrace, database_grace, 0),
    NUMBER(UserMgmtEmailChange, email_change, UM_EMAIL_CHANGE_DIRECT),
    NUMBER(UserMgmtEmailVerification, email_verification, UM_VERIFY_OFF),
    NUMBER(UserMgmtEventsKeep, events_keep, 365 * DAY),
    NUMBER(UserMgmtHashWait, hash_wait, 5),
    NUMBER(UserMgmtInviteLifetime, invite_lifetime, 7 * DAY),
    NUMBER(UserMgmtLogin, login, UM_LOGIN_USERNAME),
    NUMBER(UserMgmtMailAttempts, mail_attempts, 12),
    NUMBER(UserMgmtMailHourlyLimit, mail_hourly_limit, 20),
    NUMBER(UserMgmtMailMaxAge, mail_max_age, 3 * DAY),
    NUMBER(UserMgmtMailRetention, mail_retention, 7 * DAY),
    NUMBER(UserMgmtNameQuarantine, name_quarantine, 0),
    NUMBER(UserMgmtNotifyEmailChange, notify_email_change, 1),
    NUMBER(UserMgmtNotifyPasswordChange, notify_password_change, 1),
    NUMBER(UserMgmtPasswordMaxLength, password_max_length, 1024),
    NUMBER(UserMgmtPasswordMinLength, password_min_length, 8),
    NUMBER(UserMgmtRefreshGrace, refresh_grace, 30),
    NUMBER(UserMgmtResetLifetime, reset_lifetime, DAY),
    NUMBER(UserMgmtRevocationDelay, revocation_delay, 2),
    NUMBER(UserMgmtSessionIdle, session_idle, 14 * DAY),
    NUMBER(UserMgmtSessionLifetime, session_lifetime, 90 * DAY),
    NUMBER(UserMgmtTokenLifetime, token_lifetime, DAY),
    NUMBER(UserMgmtUniqueEmail, unique_email, 0),
    NUMBER(UserMgmtVerifyLifetime, verify_lifetime, 3 * DAY),
    NUMBER(UserMgmtWebhookMaxAge, webhook_max_age, 3 * DAY),
    NUMBER(UserMgmtWebhookRetention, webhook_retention, 7 * DAY),
};

static void read_numbers(um_core_settings_t *settings, const um_json_t *host)
{
    for (apr_size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const um_json_value_t value = um_json_get(host, numbers[i].name);
        apr_int64_t number = value.kind == UM_JSON_INTEGER ? (apr_int64_t)value.number : numbers[i].preset;
        char *member = (char *)settings + numbers[i].offset;

        if (numbers[i].size == sizeof(number)) {
            memcpy(member, &number, sizeof(number));
        }
        else {
            int small = (int)number;

            memcpy(member, &small, sizeof(small));
        }
    }
}

static um_custom_kind_e custom_kind_of(const char *type)
{
    int kind = UM_CUSTOM_TEXT;

    for (int i = UM_CUSTOM_TEXT; i <= UM_CUSTOM_DATE; i++) {
        kind = strcmp(um_custom_field_type((um_custom_kind_e)i), type) == 0 ? i : kind;
    }
    return (um_custom_kind_e)kind;
}

/* What tokens and applications get of them is httpd's business. */
static const um_custom_fields_t *custom_fields_of(um_cli_t *cli, const um_json_t *host)
{
    um_json_t *list = um_json_child(host, "UserMgmtProfile");
    um_custom_fields_t *fields = apr_pcalloc(cli->pool, sizeof(*fields));
    um_custom_field_t *field = apr_pcalloc(cli->pool, sizeof(*field) * (apr_size_t)(um_json_length(list) + 1));

    *fields = (um_custom_fields_t){ .count = um_json_length(list), .field = field };
    for (int i = 0; i < fields->count; i++) {
        const um_json_t *one = um_json_at(list, i);

        field[i] = (um_custom_field_t){
            .name = um_json_get(one, "name").text, .label = um_json_get(one, "name").text,
            .kind = custom_kind_of(um_json_get(one, "type").text),
            .max_length = (int)um_json_get(one, "max_length").number,
            .is_required = um_json_get(one, "required").number != 0,
        };
    }
    return fields;
}

/* NULL: the host sends no mail. */
static const um_mail_settings_t *mail_settings_of(um_cli_t *cli, const um_json_t *host)
{
    const char *how = um_cli_site_text(host, "UserMgmtMail");
    um_mail_settings_t *mail = apr_pcalloc(cli->pool, sizeof(*mail));

    if (!how || strcasecmp(how, "none") == 0) {
        return NULL;
    }
    *mail = (um_mail_settings_t){
        .sends = 1, .from_name = um_cli_site_text(host, "mail_from_name"),
        .from_address = um_cli_site_text(host, "mail_from"), .site = um_cli_site_text(host, "mail_site"),
        .host = um_cli_site_text(host, "mail_host"), .reset_url = um_cli_site_text(host, "reset_url"),
        .verify_url = um_cli_site_text(host, "verify_url"),
    };
    return mail;
}

static const um_webhook_list_t *webhooks_of(um_cli_t *cli, const um_json_t *host)
{
    um_json_t *named = um_json_child(host, "UserMgmtWebhook");
    um_webhook_list_t *list = apr_pcalloc(cli->pool, sizeof(*list));
    int count = um_json_get(host, "UserMgmt").number != 0 ? um_json_length(named) : 0;
    um_webhook_t *webhook = apr_pcalloc(cli->pool, sizeof(*webhook) * (apr_size_t)(count + 1));

    *list = (um_webhook_list_t){ .site = um_cli_site_text(host, "mail_host"), .count = count, .webhook = webhook };
    for (int i = 0; i < count; i++) {
        const um_json_t *one = um_json_at(named, i);

        webhook[i] = (um_webhook_t){
            .url = um_json_get(one, "url").text, .secret_file = um_json_get(one, "secret_file").text,
            .events = (apr_uint64_t)um_json_int(um_json_child(one, "events")),
        };
    }
    return list;
}

um_site_t *um_cli_settings_site(um_cli_t *cli, const um_json_t *host)
{
    um_site_t *site = apr_pcalloc(cli->pool, sizeof(*site));
    um_core_settings_t *settings = apr_pcalloc(cli->pool, sizeof(*settings));
    um_pwhash_params_t *hash = apr_pcalloc(cli->pool, sizeof(*hash));
    const char *text = um_cli_site_text(host, "UserMgmtPasswordHash"), *why;

    /* What httpd has accepted cannot fail here, unless the program was built with other libraries. */
    if (um_pwhash_params(cli->pool, text ? text : "auto", hash, &why) != APR_SUCCESS) {
        (void)um_pwhash_params(cli->pool, "auto", hash, &why);
    }
    read_numbers(settings, host);
    /* An administrator knows which address is right. */
    settings->email_change = UM_EMAIL_CHANGE_DIRECT;
    settings->password_hash = hash;
    settings->custom_fields = custom_fields_of(cli, host);
    site->settings = settings;
    site->mail_settings = mail_settings_of(cli, host);
    site->webhooks = webhooks_of(cli, host);
    return site;
}

int um_cli_settings_read_files(um_cli_t *cli, const um_json_t *host, um_site_t *site)
{
    const char *common = um_cli_site_text(host, "UserMgmtCommonPasswords"), *why = NULL;
    const char *pepper = um_cli_site_text(host, "UserMgmtPasswordPepper");
    const char *names = um_cli_site_text(host, "UserMgmtReservedNames");
    um_pepper_t *read = NULL;

    if (common && um_wordlist_open(cli->pool, common, (um_wordlist_t **)&site->common_passwords, &why)
                  != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "UserMgmtCommonPasswords %s: %s", common, why);
    }
    if (pepper && um_pepper_read(cli->pool, pepper, &read, &why) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "UserMgmtPasswordPepper %s: %s", pepper, why);
    }
    site->pepper = read;
    if (names && *names && um_reserved_read(cli->pool, names, (um_reserved_t **)&site->reserved, &why)
                           != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "UserMgmtReservedNames: %s", why);
    }
    if (names && !*names) {
        site->reserved = um_reserved_default(cli->pool);
    }
    return UM_CLI_DONE;
}
