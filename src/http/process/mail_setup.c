/* SPDX-License-Identifier: Apache-2.0 */
#include "email.h"
#include "module.h"
#include "notification.h"
#include "process.h"
#include "template.h"
#include "transport.h"
#include "unicode.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

static int is(const char *text, const char *word)
{
    return strcasecmp(text, word) == 0;
}

__attribute__((format(printf, 4, 5)))
static const char *fault(apr_pool_t *ptemp, const um_server_t *server, um_directive_e directive, const char *format,
                         ...)
{
    va_list args;
    const char *text;

    va_start(args, format);
    text = apr_pvsprintf(ptemp, format, args);
    va_end(args);
    return apr_pstrcat(ptemp, um_settings_where(ptemp, &server->settings, directive), ": ", text, NULL);
}

/* NAME <ADDRESS>, or ADDRESS. */
static int read_from(apr_pool_t *pool, const char *text, um_mail_settings_t *mail_settings)
{
    const char *open = strrchr(text, '<');
    apr_size_t len = strlen(text);

    mail_settings->from_name = "";
    mail_settings->from_address = text;
    if (open) {
        if (text[len - 1] != '>') {
            return 0;
        }
        mail_settings->from_address = apr_pstrmemdup(pool, open + 1, len - 2 - (apr_size_t)(open - text));
        mail_settings->from_name = um_unicode_trim(pool, apr_pstrmemdup(pool, text, (apr_size_t)(open - text)));
    }
    return um_email_valid(pool, mail_settings->from_address);
}

static const char *page(apr_pool_t *pconf, const char *set, const char *name, const char *path)
{
    return is(set, "auto") ? apr_pstrcat(pconf, "https://", name, path, "?token={token}", NULL) : set;
}

/* Name and port of the host, as nodes of one site share them: not what people see, which may be put in better words on
 * any day, with mails waiting. */
static const char *identity(const um_server_t *server, apr_pool_t *pconf)
{
    const server_rec *s = server->server;
    apr_port_t port = s->is_virtual && s->addrs ? s->addrs->host_port : s->port;
    char *name = apr_pstrdup(pconf, s->server_hostname ? s->server_hostname : "localhost");

    ap_str_tolower(name);
    return port ? apr_psprintf(pconf, "%s:%u", name, (unsigned)port) : name;
}

/* name: of the host, or NULL where there is none that could be shown to people; see check_names. */
static um_mail_settings_t *make(const um_server_t *server, const char *name, apr_pool_t *pconf)
{
    const um_settings_t *settings = &server->settings;
    um_mail_settings_t *mail_settings = apr_pcalloc(pconf, sizeof(*mail_settings));

    mail_settings->sends = !is(settings->mail, "none");
    mail_settings->host = identity(server, pconf);
    name = name ? name : mail_settings->host;
    mail_settings->site = is(settings->site_name, "auto") ? name : settings->site_name;
    mail_settings->reset_url = page(pconf, settings->reset_url, name, "/password-reset");
    mail_settings->verify_url = page(pconf, settings->verify_url, name, "/verify-email");
    return mail_settings;
}

/* A guessed name leads people nowhere, so it never gets into a mail. */
static const char *check_names(const um_server_t *server, apr_pool_t *ptemp)
{
    const um_settings_t *settings = &server->settings;
    const struct { const char *set; um_directive_e directive; } names[] = {
        { settings->reset_url, UM_SET_UserMgmtResetURL },
        { settings->core.email_verification == UM_VERIFY_OFF ? "" : settings->verify_url, UM_SET_UserMgmtVerifyURL },
        { settings->site_name, UM_SET_UserMgmtSiteName },
    };

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is(names[i].set, "auto")) {
            return fault(ptemp, server, names[i].directive, "is made of the ServerName, and this host has none: add "
                         "ServerName, or set this directive");
        }
    }
    return NULL;
}

static const char *check_login(const um_server_t *server, apr_pool_t *ptemp)
{
    const char *file = server->settings.mail_login;
    apr_finfo_t info;

    if (file && apr_stat(&info, file, APR_FINFO_PROT, ptemp) == APR_SUCCESS
        && (info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE))) {
        return fault(ptemp, server, UM_SET_UserMgmtMailLogin, "it can be read or written by others; close it with: "
                     "chmod 600 %s", file);
    }
    return NULL;
}

static const char *check_transport(um_server_t *server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const um_settings_t *settings = &server->settings;
    um_transport_options_t options = { settings->mail_login, settings->mail_ca_file, (int)settings->mail_timeout };
    const char *why = check_login(server, ptemp);

    if (!why && um_transport_open(pconf, settings->mail, &options, &server->transport, &why) != APR_SUCCESS) {
        why = fault(ptemp, server, UM_SET_UserMgmtMail, "%s", why);
    }
    return why;
}

static const char *check_sending(um_server_t *server, um_mail_settings_t *mail_settings, apr_pool_t *pconf,
                                 apr_pool_t *ptemp)
{
    const um_settings_t *settings = &server->settings;
    um_templates_t *templates = NULL;
    const char *why = NULL;

    if (!read_from(pconf, settings->mail_from, mail_settings)) {
        return fault(ptemp, server, UM_SET_UserMgmtMailFrom, "must be who mails are from, such as no-reply@example.org "
                     "or \"Example <no-reply@example.org>\"");
    }
    if (!strstr(mail_settings->reset_url, "{token}")) {
        return fault(ptemp, server, UM_SET_UserMgmtResetURL, "must have {token} in it");
    }
    if (!strstr(mail_settings->verify_url, "{token}")) {
        return fault(ptemp, server, UM_SET_UserMgmtVerifyURL, "must have {token} in it");
    }
    if (!settings->mail_templates
        || um_templates_read(pconf, settings->mail_templates, um_notification_kinds, um_notification_placeholders,
                             settings->mail_language, &templates, &why) != APR_SUCCESS) {
        return fault(ptemp, server, UM_SET_UserMgmtMailTemplates, "%s", why ? why : "mails need their texts");
    }
    mail_settings->templates = templates;
    return check_transport(server, pconf, ptemp);
}

const char *um_mail_setup_check(um_server_t *server, const server_rec *main_server, apr_pool_t *pconf,
                                apr_pool_t *ptemp)
{
    const char *name = um_virtual_host_name(server->server, main_server);
    um_mail_settings_t *mail_settings = make(server, name, pconf);
    const char *why = mail_settings->sends && !name && server->settings.enabled ? check_names(server, ptemp) : NULL;

    server->mail_settings = mail_settings;
    if (why) {
        return why;
    }
    if (!mail_settings->sends) {
        return server->settings.core.email_verification == UM_VERIFY_OFF
                   ? NULL : fault(ptemp, server, UM_SET_UserMgmtEmailVerification, "needs UserMgmtMail");
    }
    return check_sending(server, mail_settings, pconf, ptemp);
}

const char *um_mail_setup_language(const um_server_t *server, const request_rec *r)
{
    const um_mail_settings_t *mail_settings = server->mail_settings;

    if (!mail_settings || !mail_settings->templates) {
        return "";
    }
    return um_templates_language(r->pool, mail_settings->templates, apr_table_get(r->headers_in, "Accept-Language"));
}
