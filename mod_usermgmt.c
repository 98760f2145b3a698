/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of the module, and their order. um_<file>_<function> is in the file of that name below src/http. */
#include "api.h"
#include "auth.h"
#include "browser.h"
#include "module.h"
#include "monitor.h"
#include "pages.h"
#include "process.h"

#include <ap_config.h>
#include <http_protocol.h>
#include <http_request.h>

static void register_start(void)
{
    /* mod_dbd opens its connections in child_init, and the database is asked right after. */
    static const char *const after_dbd[] = { "mod_dbd.c", NULL };
    /* mod_watchdog starts its threads in child_init. They use what these hooks make. */
    static const char *const before_watchdog[] = { "mod_watchdog.c", NULL };

    ap_hook_pre_config(um_server_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(um_config_check_run, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(um_page_setup_check, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_open_logs(um_audit_open_logs, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(um_config_check_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(um_server_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(um_sqlite_file_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(um_virtual_host_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(um_key_reload_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(um_api_openapi_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(um_worker_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(um_webhook_worker_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(um_server_child_init, after_dbd, before_watchdog, APR_HOOK_MIDDLE);
    ap_hook_child_init(um_key_reload_child_init, NULL, before_watchdog, APR_HOOK_MIDDLE);
    ap_hook_child_init(um_worker_child_init, after_dbd, before_watchdog, APR_HOOK_MIDDLE);
    ap_hook_child_init(um_webhook_worker_child_init, after_dbd, before_watchdog, APR_HOOK_MIDDLE);
}

static void register_hooks(apr_pool_t *pool)
{
    /* mod_proxy finds out which requests are for a forward proxy. */
    static const char *const after_proxy[] = { "mod_proxy.c", NULL };

    um_identity_attribute_init();
    register_start();

    /* Before other modules see headers by which a client claims an identity. */
    ap_hook_create_request(um_identity_headers_create, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_read_request(um_identity_headers_scrub, after_proxy, NULL, APR_HOOK_FIRST);

    ap_hook_post_read_request(um_api_read_request, after_proxy, NULL, APR_HOOK_MIDDLE);
    /* Before mod_proxy, mod_rewrite and mod_alias, which would take paths of the API. */
    ap_hook_pre_translate_name(um_api_pre_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(um_api_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(um_page_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(um_page_map_to_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(um_api_map_to_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* Again, because mod_mime may have set another handler. */
    ap_hook_fixups(um_page_fixups, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(um_api_fixups, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* Before mod_headers evaluates its expressions. */
    ap_hook_fixups(um_resource_fixups, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* The first hook after the fixups, in which mod_dir and mod_negotiation may put a subrequest in the place of the
     * request. Last in this hook: filters that include other resources are there, that of mod_cache is not. */
    ap_hook_insert_filter(um_resource_insert_filter, NULL, NULL, APR_HOOK_REALLY_LAST);
    um_cache_control_register();
    /* Before access is checked, because browsers send a preflight without a token. */
    ap_hook_header_parser(um_cors_preflight, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_insert_filter(um_cors_insert, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_insert_error_filter(um_cors_insert, NULL, NULL, APR_HOOK_REALLY_LAST);
    um_cors_register();
    ap_hook_handler(um_resource_handler, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(um_page_handler, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(um_api_handler, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(um_ready_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(um_health_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(um_metrics_handler, NULL, NULL, APR_HOOK_MIDDLE);
    /* After all other handlers except the one for files. */
    ap_hook_handler(um_api_not_found, NULL, NULL, APR_HOOK_LAST);

    ap_hook_check_access_ex(um_sign_in_page_access, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authn(um_auth_bearer_check, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(um_auth_bearer_note_failure, NULL, NULL, APR_HOOK_MIDDLE);

    ap_hook_log_transaction(um_renewal_log_transaction, NULL, NULL, APR_HOOK_REALLY_FIRST);

    um_status_register();
    um_sign_in_page_register(um_page_forbidden);
    um_auth_basic_register(pool);
    ap_hook_insert_error_filter(um_failure_error, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_read_request(um_failure_error_document, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_expr_lookup(um_auth_expr_lookup, NULL, NULL, APR_HOOK_MIDDLE);
    um_auth_require_register(pool);
}

module AP_MODULE_DECLARE_DATA usermgmt_module = {
    STANDARD20_MODULE_STUFF,
    um_dir_config_create,
    um_dir_config_merge,
    um_server_create,
    um_server_merge,
    um_settings_commands,
    register_hooks,
    AP_MODULE_FLAG_NONE
};
