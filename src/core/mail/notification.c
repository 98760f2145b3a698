/* SPDX-License-Identifier: Apache-2.0 */
#include "notification.h"

#include "email.h"
#include "mail_kind.h"
#include "mail_settings.h"
#include "mailmsg.h"
#include "random.h"
#include "store.h"
#include "store_mail.h"
#include "store_one_time_token.h"
#include "store_request.h"
#include "store_user.h"
#include "template.h"
#include "throttle.h"

#include <apr_strings.h>
#include <string.h>

const char *const um_notification_placeholders[] = {
    "username", "email", "token", "url", "expires", "site", "new_email", NULL
};

um_verify_e um_notification_verification(const um_ctx_t *ctx)
{
    return ctx->site->mail_settings ? ctx->settings->email_verification : UM_VERIFY_OFF;
}

/* --- rows --- */

static um_status_e new_row(um_ctx_t *ctx, const char *kind, const char *address, um_mail_t **mail)
{
    const char *id;

    if (um_random_uuid(ctx->pool, ctx->now, &id) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    ctx->wrote_mail = 1;
    *mail = apr_pcalloc(ctx->pool, sizeof(**mail));
    **mail = (um_mail_t){
        .id = id,
        .kind = kind,
        .address = address,
        .username = "",
        .detail = "",
        .language = ctx->language ? ctx->language : "",
        .site = ctx->site->mail_settings->host,
        .last_error = "",
        .created_at = um_ctx_seconds(ctx),
    };
    return UM_OK;
}

/* Whether the typed address was not asked for too often. The caller is not told. */
static int is_allowed(um_ctx_t *ctx, const char *kind, const char *email_key)
{
    um_status_e status = um_throttle_take_account(ctx, UM_THROTTLE_RESET, kind, email_key);

    ctx->cause = NULL;
    return status == UM_OK;
}

/* A request without a key is stored and deleted like others and gives no mail, so it takes the same time. */
um_status_e um_notification_request(um_ctx_t *ctx, const char *kind, const char *address)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_mail_t *mail = NULL;
    const char *key;
    um_status_e status;

    if (!ctx->site->mail_settings->sends) {
        return UM_OK;
    }
    status = new_row(ctx, kind, address, &mail);
    if (mail) {
        key = um_email_key(ctx->pool, address);
        mail->email_key = key && is_allowed(ctx, kind, key) ? key : "";
        if (um_store_request_insert(&call, mail) != APR_SUCCESS) {
            return um_ctx_unavailable(ctx, &call);
        }
    }
    return status;
}

void um_notification_asked(um_ctx_t *ctx, um_event_e kind, const char *address, um_status_e status)
{
    int is_held_back = status == UM_OK && ctx->reason == UM_REASON_THROTTLED;

    um_event_settle_status(ctx, um_event_named(ctx, kind, address), is_held_back ? UM_THROTTLED : status);
}

/* Whether a mail of this kind may go to the address. This is asked before the event is stored: a change of address
 * drops the old one and whether it was verified. */
static um_status_e is_addressee(um_ctx_t *ctx, const char *kind, const um_user_t *user, const char *address,
                                int *wanted)
{
    const um_mail_kind_t *row = um_mail_kind_find(kind);
    um_store_call_t call = um_ctx_store(ctx);

    *wanted = *address != '\0';
    if (*wanted && row && row->to == UM_MAIL_TO_FORMER
        && um_notification_verification(ctx) != UM_VERIFY_OFF
        && um_store_one_time_token_is_verified(&call, user->id, um_email_key(ctx->pool, address), wanted)
           != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return UM_OK;
}

um_status_e um_notification_create(um_ctx_t *ctx, const char *kind, const um_user_t *user, const char *address,
                                   const char *detail, um_mail_t **mail)
{
    int wanted;
    um_status_e status = is_addressee(ctx, kind, user, address, &wanted);

    *mail = NULL;
    if (status == UM_OK && wanted) {
        status = new_row(ctx, kind, address, mail);
    }
    if (*mail) {
        (*mail)->user_id = user->id;
        (*mail)->username = user->username;
        (*mail)->detail = detail;
    }
    return status;
}

um_status_e um_notification_password_changed(um_ctx_t *ctx, const um_user_t *user, um_mail_t **mail)
{
    *mail = NULL;
    if (!ctx->site->mail_settings || !ctx->site->mail_settings->sends || !ctx->settings->notify_password_change) {
        return UM_OK;
    }
    return um_notification_create(ctx, UM_MAIL_KIND_PASSWORD_CHANGED, user, user->email, "", mail);
}

/* --- messages --- */

/* Days, hours, minutes and seconds. German in the dative: "innerhalb von 3 Tagen". */
#define UNITS 4

static const struct { const char *language, *one[UNITS], *many[UNITS]; } words[] = {
    { "en", { "day", "hour", "minute", "second" }, { "days", "hours", "minutes", "seconds" } },
    { "de", { "Tag", "Stunde", "Minute", "Sekunde" }, { "Tagen", "Stunden", "Minuten", "Sekunden" } },
};

/* The word for count of a unit. Languages that are not in the table get the unit's symbol. */
static const char *unit_name(const char *language, int unit, apr_int64_t count)
{
    static const char *const symbols[UNITS] = { "d", "h", "min", "s" };

    for (apr_size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        apr_size_t len = strlen(words[i].language);

        if (strncasecmp(language, words[i].language, len) == 0 && (language[len] == '\0' || language[len] == '-')) {
            return count == 1 ? words[i].one[unit] : words[i].many[unit];
        }
    }
    return symbols[unit];
}

/* A duration, such as "24 hours": in the largest unit without a remainder, but days only from three days on. "" for
 * 0. */
static const char *duration(apr_pool_t *pool, apr_int64_t seconds, const char *language)
{
    static const apr_int64_t sizes[UNITS] = { 86400, 3600, 60, 1 };
    int unit = 0;

    if (!seconds) {
        return "";
    }
    while (seconds % sizes[unit] || (unit == 0 && seconds < 3 * sizes[0])) {
        unit++;
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT " %s", seconds / sizes[unit],
                        unit_name(language, unit, seconds / sizes[unit]));
}

static const char *with_token(apr_pool_t *pool, const char *url, const char *token)
{
    static const char placeholder[] = "{token}";
    const char *at = strstr(url, placeholder);

    return at ? apr_pstrcat(pool, apr_pstrmemdup(pool, url, (apr_size_t)(at - url)), token, at + strlen(placeholder),
                            NULL)
              : url;
}

um_status_e um_notification_render(um_ctx_t *ctx, const um_mail_t *mail, const char *token, const char **bytes,
                                   apr_size_t *len)
{
    const um_mail_settings_t *mail_settings = ctx->site->mail_settings;
    const um_mail_kind_t *kind = um_mail_kind_find(mail->kind);
    const char *language = "";
    const um_template_t *template = um_templates_find(mail_settings->templates, mail->kind, mail->language, &language);
    const um_template_value_t values[] = {
        { "username", mail->username },
        { "email", mail->address },
        { "token", token },
        { "url", with_token(ctx->pool, um_mail_kind_url(kind, mail_settings), token) },
        { "expires", duration(ctx->pool, um_mail_kind_lifetime(kind, ctx->settings), language) },
        { "site", mail_settings->site },
        { "new_email", mail->detail },
    };
    um_mailmsg_t message = {
        .from_name = *mail_settings->from_name ? mail_settings->from_name : NULL,
        .from_address = mail_settings->from_address,
        .to_name = NULL,
        .to_address = mail->address,
        .date = ctx->now,
    };

    if (!template || um_template_fill(ctx->pool, template, values, (int)(sizeof(values) / sizeof(values[0])),
                                      &message.subject, &message.text, &message.html) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "its template cannot be filled");
    }
    /* Each try has the same Message-ID, so a mailbox that gets the mail twice can drop one. */
    message.message_id = apr_pstrcat(ctx->pool, mail->id, strrchr(mail_settings->from_address, '@'), NULL);
    if (um_mailmsg_build(ctx->pool, &message, bytes, len) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "no message can be made of it: an address is invalid");
    }
    return UM_OK;
}
