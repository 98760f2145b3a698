/* SPDX-License-Identifier: Apache-2.0 */
/* The templates, texts and style of the pages, read once at the start. */
#include "pages.h"

#include "base64url.h"
#include "html.h"
#include "module.h"
#include "process.h"

#include <apr_strings.h>
#include <http_log.h>
#include <openssl/evp.h>
#include <string.h>

#define FOLDER UM_DATADIR "/pages"

static const char *digest_of(apr_pool_t *pool, const char *text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    return EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) ? um_base64url_encode(pool, digest, 9)
                                                                             : "0";
}

/* Where the module is not installed, the folder that the administrator names has all files. */
static const char *usual_folder(const um_config_check_t *check)
{
    const char *custom = check->server->settings.pages_templates;
    apr_finfo_t info;

    return custom && apr_stat(&info, FOLDER, APR_FINFO_TYPE, check->ptemp) != APR_SUCCESS ? custom : FOLDER;
}

/* NULL, or what is wrong with the directive that names the custom folder. */
static const char *read_templates(const um_config_check_t *check)
{
    um_server_t *server = check->server;
    const char *why = NULL;
    um_html_t *html = NULL;

    if (um_html_read(check->pconf, usual_folder(check), server->settings.pages_templates,
                     um_page_route_names(check->pconf), um_page_names, &html, &why) != APR_SUCCESS) {
        return um_config_check_error(check, UM_SET_UserMgmtPagesTemplates, "%s", why);
    }
    server->html = html;
    server->style_digest = digest_of(check->pconf, um_html_style(html));
    return NULL;
}

int um_page_setup_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    int good = 1;

    (void)plog;
    for (um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        const um_config_check_t check = { .pconf = pconf, .ptemp = ptemp, .main_server = main_server,
                                          .server = server };
        const um_settings_t *settings = &server->settings;
        /* The API takes its translations from the catalogues, which are among the files of the pages. */
        int is_needed = settings->enabled && (settings->pages || settings->translate_errors);
        const char *error = is_needed ? read_templates(&check) : NULL;

        if (error) {
            ap_log_error(APLOG_MARK, APLOG_EMERG | APLOG_NOERRNO, 0, server->server, "UM201: %s", error);
            good = 0;
        }
    }
    return good ? OK : HTTP_INTERNAL_SERVER_ERROR;
}
