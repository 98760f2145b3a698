/* SPDX-License-Identifier: Apache-2.0 */
#include "email.h"
#include "mail_kind.h"
#include "mail_settings.h"
#include "module.h"
#include "notification.h"
#include "process.h"
#include "template.h"
#include "transport.h"
#include "unicode.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

static int is(const char *text, const char *word)
{
    return strcasecmp(text, word) == 0;
}

/* Reads NAME <ADDRESS>, or ADDRESS. Whether it is one of them. */
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

/* path: of the page below UserMgmtPages; usual: of a site that has pages of its own, without a slash at its end. */
static const char *page(apr_pool_t *pconf, const um_settings_t *settings, const char *set, const char *name,
                        const char *path, const char *usual)
{
    const char *where = settings->pages ? apr_pstrcat(pconf, settings->pages, path, NULL) : usual;

    return is(set, "auto") ? apr_pstrcat(pconf, "https://", name, where, "?token={token}", NULL) : set;
}

/* Name and port of the host, which the nodes of one site share. Mails in the database belong to it. The name that
 * people see, UserMgmtSiteName, is not used for that, because it may be changed on any day, while mails wait. */
static const char *identity(const um_server_t *server, apr_pool_t *pconf)
{
    const server_rec *s = server->server;
    apr_port_t port = s->is_virtual && s->addrs ? s->addrs->host_port : s->port;
    char *name = apr_pstrdup(pconf, s->server_hostname ? s->server_hostname : "localhost");

    ap_str_tolower(name);
    return port ? apr_psprintf(pconf, "%s:%u", name, (unsigned)port) : name;
}

/* name: of the host; NULL: it has no name that can be shown to people, see check_names. */
static um_mail_settings_t *make_mail_settings(const um_server_t *server, const char *name, apr_pool_t *pconf)
{
    const um_settings_t *settings = &server->settings;
    um_mail_settings_t *mail_settings = apr_pcalloc(pconf, sizeof(*mail_settings));

    mail_settings->sends = !is(settings->mail, "none");
    mail_settings->host = identity(server, pconf);
    name = name ? name : mail_settings->host;
    mail_settings->site = is(settings->site_name, "auto") ? name : settings->site_name;
    mail_settings->reset_url = page(pconf, settings, settings->reset_url, name, "reset/", "/password-reset");
    mail_settings->verify_url = page(pconf, settings, settings->verify_url, name, "verify/", "/verify-email");
    mail_settings->invite_url = is(settings->invite_url, "auto") ? mail_settings->reset_url : settings->invite_url;
    return mail_settings;
}

static int uses_verify_url(const um_core_settings_t *core)
{
    return core->email_verification != UM_VERIFY_OFF || core->email_change == UM_EMAIL_CHANGE_CONFIRM;
}

/* A link with a guessed name leads nowhere, so a guessed name never gets into a mail. */
static const char *check_names(const um_config_check_t *check)
{
    const um_settings_t *settings = &check->server->settings;
    const struct { const char *value; um_directive_e directive; } names[] = {
        { settings->reset_url, UM_SET_UserMgmtResetURL },
        { uses_verify_url(&settings->core) ? settings->verify_url : "", UM_SET_UserMgmtVerifyURL },
        { settings->site_name, UM_SET_UserMgmtSiteName },
    };

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is(names[i].value, "auto")) {
            return um_config_check_error(check, names[i].directive, "auto needs the ServerName of this host, which has "
                                         "none; add ServerName, or set this directive");
        }
    }
    return NULL;
}

static const char *check_transport(const um_config_check_t *check)
{
    const um_settings_t *settings = &check->server->settings;
    um_transport_options_t options = { settings->mail_login, settings->mail_ca_file, (int)settings->mail_timeout };
    const char *error = !settings->mail_login ? NULL
                        : um_config_check_mode(check, UM_SET_UserMgmtMailLogin, settings->mail_login);
    const char *why = NULL;

    if (!error && um_transport_open(check->pconf, settings->mail, &options, &check->server->transport, &why)
        != APR_SUCCESS) {
        error = um_config_check_error(check, UM_SET_UserMgmtMail, "%s", why);
    }
    return error;
}

static const char *check_pages(const um_config_check_t *check, const um_mail_settings_t *mail_settings)
{
    const struct { const char *url; um_directive_e directive; } pages[] = {
        { mail_settings->reset_url, UM_SET_UserMgmtResetURL },
        { mail_settings->verify_url, UM_SET_UserMgmtVerifyURL },
        { mail_settings->invite_url, UM_SET_UserMgmtInviteURL },
    };

    for (apr_size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!strstr(pages[i].url, "{token}")) {
            return um_config_check_error(check, pages[i].directive, "must contain {token}");
        }
    }
    return NULL;
}

static const char *check_sending(const um_config_check_t *check, um_mail_settings_t *mail_settings)
{
    const um_settings_t *settings = &check->server->settings;
    const char *folder = settings->mail_templates, *why = "there is no folder of templates; set one", *error;
    um_templates_t *templates = NULL;

    if (!read_from(check->pconf, settings->mail_from, mail_settings)) {
        return um_config_check_error(check, UM_SET_UserMgmtMailFrom, "must be the sender of mails, such as "
                                     "no-reply@example.org or \"Example <no-reply@example.org>\"");
    }
    error = check_pages(check, mail_settings);
    if (error) {
        return error;
    }
    if (!folder || um_templates_read(check->pconf, folder, um_mail_kind_names(check->pconf),
                                     um_notification_placeholders, settings->mail_language, &templates, &why)
                   != APR_SUCCESS) {
        return um_config_check_error(check, UM_SET_UserMgmtMailTemplates, "%s", why);
    }
    mail_settings->templates = templates;
    return check_transport(check);
}

const char *um_mail_setup_check(const um_config_check_t *check)
{
    const um_settings_t *settings = &check->server->settings;
    const char *name = um_virtual_host_name(check->server->server, check->main_server);
    um_mail_settings_t *mail_settings = make_mail_settings(check->server, name, check->pconf);
    const char *error = mail_settings->sends && !name && settings->enabled ? check_names(check) : NULL;

    check->server->mail_settings = mail_settings;
    if (error) {
        return error;
    }
    if (!mail_settings->sends && uses_verify_url(&settings->core)) {
        return um_config_check_error(check, settings->core.email_verification != UM_VERIFY_OFF
                                     ? UM_SET_UserMgmtEmailVerification : UM_SET_UserMgmtEmailChange,
                                     "needs UserMgmtMail");
    }
    if (!mail_settings->sends) {
        return settings->registration == UM_REGISTRATION_INVITE
               ? um_config_check_error(check, UM_SET_UserMgmtRegistration, "invite needs UserMgmtMail") : NULL;
    }
    return check_sending(check, mail_settings);
}

const char *um_mail_setup_language(const um_server_t *server, const request_rec *r)
{
    const um_mail_settings_t *mail_settings = server->mail_settings;

    if (!mail_settings || !mail_settings->templates) {
        return "";
    }
    return um_templates_language(r->pool, mail_settings->templates, apr_table_get(r->headers_in, "Accept-Language"));
}
