/* SPDX-License-Identifier: Apache-2.0 */
#include "custom_field.h"
#include "json.h"
#include "mail_settings.h"
#include "module.h"
#include "process.h"
#include "pwhash.h"
#include "webhook_list.h"

#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <mpm_common.h>
#include <stdio.h>
#include <string.h>
#include <unixd.h>

int um_config_dump_wanted(void)
{
    return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST && ap_exists_config_define("DUMP_USERMGMT");
}

/* --- settings: one function for each C type of a member ----------------------------------------------------------- */

/* Where the value of a directive is put. */
typedef struct dump_t {
    um_json_t *object;
    const char *name;
    const um_definition_t *definition;
    const char *preset;
    apr_pool_t *pool;
} dump_t;

static void put_int(const dump_t *dump, const void *value)
{
    um_json_put_int(dump->object, dump->name, *(const int *)value);
}

static void put_int64(const dump_t *dump, const void *value)
{
    um_json_put_int(dump->object, dump->name, *(const apr_int64_t *)value);
}

static void put_text(const dump_t *dump, const void *value)
{
    um_json_put_text(dump->object, dump->name, *(const char *const *)value);
}

/* As um_pwhash_params reads it. */
static void put_password_hash(const dump_t *dump, const void *value)
{
    const um_pwhash_params_t *params = *(const um_pwhash_params_t *const *)value;
    int is_scrypt = strcmp(params->family, "scrypt") == 0;

    um_json_put_text(dump->object, dump->name,
                     apr_psprintf(dump->pool, "%s %s=%u %s=%u p=%u", params->family, is_scrypt ? "ln" : "m",
                                  params->cost, is_scrypt ? "r" : "t", params->block, params->lanes));
}

/* As um_cli_settings_site() reads it. */
static void put_custom_fields(const dump_t *dump, const void *value)
{
    const um_custom_fields_t *fields = *(const um_custom_fields_t *const *)value;
    um_json_t *list = um_json_list(dump->pool);

    for (int i = 0; fields && i < fields->count; i++) {
        const um_custom_field_t *field = &fields->field[i];
        um_json_t *one = um_json_object(dump->pool);

        um_json_put_text(one, "name", field->name);
        um_json_put_text(one, "type", um_custom_field_type(field->kind));
        um_json_put_int(one, "max_length", field->max_length);
        um_json_put_bool(one, "required", field->is_required);
        um_json_push(list, one);
    }
    um_json_put(dump->object, dump->name, list);
}

/* As um_cli_settings_site() reads it. */
static void put_webhooks(const dump_t *dump, const void *value)
{
    const um_webhook_list_t *webhooks = *(const um_webhook_list_t *const *)value;
    um_json_t *list = um_json_list(dump->pool);

    for (int i = 0; i < webhooks->count; i++) {
        um_json_t *one = um_json_object(dump->pool);

        um_json_put_text(one, "url", webhooks->webhook[i].url);
        um_json_put_text(one, "secret_file", webhooks->webhook[i].secret_file);
        um_json_put_int(one, "events", (apr_int64_t)webhooks->webhook[i].events);
        um_json_push(list, one);
    }
    um_json_put(dump->object, dump->name, list);
}

/* A value of another type, as it was typed. */
static void put_typed(const dump_t *dump, const void *value)
{
    (void)value;
    um_json_put_text(dump->object, dump->name, dump->definition->file ? dump->definition->text : dump->preset);
}

static void dump_settings(apr_pool_t *pool, um_json_t *object, const um_settings_t *settings)
{
#define VALUE_CORE(member) settings->core.member
#define VALUE_HTTP(member) settings->member
#define UM_DIRECTIVE(directive, kind, owner, member, help, ...) { \
        static const um_value_row_t row = { __VA_ARGS__ }; \
        const dump_t dump = { object, #directive, &settings->definition[UM_SET_##directive], row.preset, pool }; \
        \
        _Generic(VALUE_##owner(member), int: put_int, unsigned: put_int, apr_int64_t: put_int64, \
                 const char *: put_text, const um_pwhash_params_t *: put_password_hash, \
                 const um_custom_fields_t *: put_custom_fields, const um_webhook_list_t *: put_webhooks, \
                 default: put_typed)(&dump, &VALUE_##owner(member)); \
    }
#include "directives.h"
}

/* --- hosts -------------------------------------------------------------------------------------------------------- */

/* The first word of a directive of mod_dbd. */
static const char *word_of(apr_pool_t *pool, const server_rec *server, const char *name)
{
    const ap_directive_t *directive = um_conftree_find(server, name);
    const char *args = directive ? directive->args : "";

    return directive ? ap_getword_conf(pool, &args) : NULL;
}

/* ServerAlias keeps names with wild cards apart. */
static um_json_t *aliases_of(apr_pool_t *pool, const server_rec *server)
{
    const apr_array_header_t *const both[] = { server->names, server->wild_names };
    um_json_t *list = um_json_list(pool);

    for (int k = 0; k < 2; k++) {
        for (int i = 0; both[k] && i < both[k]->nelts; i++) {
            um_json_push_text(list, APR_ARRAY_IDX(both[k], i, const char *));
        }
    }
    return list;
}

static um_json_t *dump_host(const um_config_check_t *check)
{
    um_server_t *server = check->server;
    const server_rec *s = server->server;
    apr_pool_t *pool = check->ptemp;
    const char *name = um_virtual_host_name(s, check->main_server);
    um_json_t *object = um_json_object(pool);
    const um_mail_settings_t *mail;

    /* What the checks find wrong is for "httpd -t" and for the start. They may fail here only because this process is
     * not root's. */
    (void)um_database_check(check);
    (void)um_mail_setup_check(check);
    mail = server->mail_settings;
    um_json_put_text(object, "name", name ? name : s->server_hostname);
    um_json_put(object, "aliases", aliases_of(pool, s));
    um_json_put_text(object, "file", s->is_virtual ? s->defn_name : NULL);
    um_json_put_int(object, "line", s->is_virtual ? (apr_int64_t)s->defn_line_number : 0);
    um_json_put_text(object, "mail_host", mail->host);
    um_json_put_text(object, "mail_site", mail->site);
    um_json_put_text(object, "mail_from", mail->from_address);
    um_json_put_text(object, "mail_from_name", mail->from_name);
    um_json_put_text(object, "reset_url", mail->reset_url);
    um_json_put_text(object, "verify_url", mail->verify_url);
    um_json_put_text(object, "driver", server->dbd ? word_of(pool, server->dbd, "DBDriver") : NULL);
    um_json_put_text(object, "params", server->dbd ? word_of(pool, server->dbd, "DBDParams") : NULL);
    um_json_put_text(object, "database", server->database_name);
    dump_settings(pool, object, &server->settings);
    return object;
}

int um_config_dump_run(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server)
{
    um_json_t *document = um_json_object(ptemp), *hosts = um_json_list(ptemp);

    for (um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        const um_config_check_t check = { server, main_server, pconf, ptemp };

        if (server->settings.enabled || server->settings.signing_key) {
            um_json_push(hosts, dump_host(&check));
        }
    }
    um_json_put_text(document, "usermgmt", UM_VERSION);
    um_json_put_text(document, "user", ap_unixd_config.user_name);
    um_json_put_int(document, "uid", (apr_int64_t)ap_unixd_config.user_id);
    um_json_put_int(document, "gid", (apr_int64_t)ap_unixd_config.group_id);
    um_json_put_text(document, "pid_file", ap_pid_fname ? ap_runtime_dir_relative(ptemp, ap_pid_fname) : NULL);
    um_json_put(document, "hosts", hosts);
    puts(um_json_print(ptemp, document));
    return fflush(stdout) == 0 ? OK : HTTP_INTERNAL_SERVER_ERROR;
}
