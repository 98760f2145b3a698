/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"

#include <apr_strings.h>
#include <stddef.h>
#include <string.h>

#define PATH_CORE(member) core.member
#define PATH_HTTP(member) member

static const um_value_row_t rows[] = {
#define UM_DIRECTIVE(directive, kind, owner, member, help, ...) \
    { .name = #directive, .read = um_value_##kind, .offset = offsetof(um_settings_t, PATH_##owner(member)), \
      .size = sizeof(um_kind_##kind##_t), __VA_ARGS__ },
#include "directives.h"
};

/* The members of um_core_settings_t are declared in core: they must have the C types of their directives' kinds. */
#define UM_DIRECTIVE(name, kind, owner, member, help, ...) \
    _Static_assert(__builtin_types_compatible_p(um_kind_##kind##_t, \
                                                __typeof__(((um_settings_t *)0)->PATH_##owner(member))), \
                   #name ": its member does not have the C type of its kind");
#include "directives.h"

/* --- the command table -------------------------------------------------------------------------------------------- */

/* A value for the log, which secrets must not get into. A URL that contains a login is refused. The query of a
 * receiver's may contain a password of the receiver. */
static const char *shown_value(apr_pool_t *pool, const um_value_row_t *row, const char *text)
{
    apr_size_t query = strcspn(text, "?");

    return strstr(text, "://") && strchr(text, '@') ? "..."
           : row == &rows[UM_SET_UserMgmtWebhook] && text[query]
           ? apr_pstrcat(pool, apr_pstrmemdup(pool, text, query), "?...", NULL) : text;
}

/* httpd puts file and line before the text that is returned. */
static const char *set(cmd_parms *cmd, void *unused, const char *text)
{
    const um_value_row_t *row = cmd->info;
    um_settings_t *settings = &um_server_of(cmd->server)->settings;
    const char *fault = row->scope == GLOBAL ? ap_check_cmd_context(cmd, NOT_IN_VIRTUALHOST) : NULL;

    (void)unused;
    if (fault) {
        return fault;
    }
    settings->definition[row - rows] = (um_definition_t){
        .file = cmd->directive->filename, .line = cmd->directive->line_num, .name = cmd->cmd->name,
        .text = apr_pstrdup(cmd->pool, text),
    };
    fault = row->read(cmd->pool, row, text, (char *)settings + row->offset);
    if (!fault && row->locate) {
        row->locate((char *)settings + row->offset, cmd->directive->filename, cmd->directive->line_num);
    }
    return !fault ? NULL
           : apr_psprintf(cmd->pool, "%s %s: %s", cmd->cmd->name, shown_value(cmd->pool, row, text), fault);
}

/* How httpd hands the arguments of a kind over: one word, or all arguments as they were typed. */
#define ARGUMENTS_flag           AP_INIT_TAKE1
#define ARGUMENTS_number         AP_INIT_TAKE1
#define ARGUMENTS_seconds        AP_INIT_TAKE1
#define ARGUMENTS_bytes          AP_INIT_TAKE1
#define ARGUMENTS_text           AP_INIT_TAKE1
#define ARGUMENTS_path           AP_INIT_TAKE1
#define ARGUMENTS_log_file       AP_INIT_TAKE1
#define ARGUMENTS_password_hash  AP_INIT_TAKE1
#define ARGUMENTS_verification   AP_INIT_TAKE1
#define ARGUMENTS_login          AP_INIT_TAKE1
#define ARGUMENTS_custom_fields  AP_INIT_RAW_ARGS
#define ARGUMENTS_email_change   AP_INIT_TAKE1
#define ARGUMENTS_registration   AP_INIT_TAKE1
#define ARGUMENTS_reserved_names AP_INIT_TAKE1
#define ARGUMENTS_cookie         AP_INIT_TAKE1
#define ARGUMENTS_pages          AP_INIT_RAW_ARGS
#define ARGUMENTS_endpoints      AP_INIT_RAW_ARGS
#define ARGUMENTS_token_scheme   AP_INIT_RAW_ARGS
#define ARGUMENTS_origins        AP_INIT_RAW_ARGS
#define ARGUMENTS_cors_origins   AP_INIT_RAW_ARGS
#define ARGUMENTS_throttle       AP_INIT_RAW_ARGS
#define ARGUMENTS_subnets        AP_INIT_RAW_ARGS
#define ARGUMENTS_webhooks       AP_INIT_RAW_ARGS

const command_rec um_settings_commands[] = {
#define UM_DIRECTIVE(name, kind, owner, member, help, ...) \
    ARGUMENTS_##kind(#name, set, (void *)&rows[UM_SET_##name], RSRC_CONF, help),
#define UM_DIRECTIVE_ALIAS(former, name, kind) \
    ARGUMENTS_##kind(#former, set, (void *)&rows[UM_SET_##name], RSRC_CONF, "the former name of " #name),
#define UM_DIR_DIRECTIVE(name, kind, member, help, ...) \
    AP_INIT_RAW_ARGS(#name, um_dir_config_set, (void *)(apr_uintptr_t)UM_DIR_##name, RSRC_CONF | ACCESS_CONF, help),
#include "directives.h"
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL }
};

/* --- defaults and merging ----------------------------------------------------------------------------------------- */

void um_settings_init(apr_pool_t *pool, um_settings_t *settings)
{
    memset(settings, 0, sizeof(*settings));
    for (int i = 0; i < UM_SET_COUNT; i++) {
        const char *fault = rows[i].read(pool, &rows[i], rows[i].preset, (char *)settings + rows[i].offset);

        ap_assert(fault == NULL);
    }
}

void um_settings_merge(apr_pool_t *pool, um_settings_t *merged, const um_settings_t *base, const um_settings_t *add)
{
    *merged = *add;
    for (int i = 0; i < UM_SET_COUNT; i++) {
        if (!add->definition[i].file && rows[i].scope != OWN) {
            memcpy((char *)merged + rows[i].offset, (const char *)base + rows[i].offset, rows[i].size);
            merged->definition[i] = base->definition[i];
        }
        else if (rows[i].merge && rows[i].scope != OWN) {
            rows[i].merge(pool, (char *)merged + rows[i].offset, (const char *)base + rows[i].offset,
                          (const char *)add + rows[i].offset);
        }
    }
}

const char *um_settings_where(apr_pool_t *pool, const um_settings_t *settings, um_directive_e directive)
{
    const um_definition_t *definition = &settings->definition[directive];

    if (!definition->file) {
        return apr_psprintf(pool, "%s (default %s)", rows[directive].name, rows[directive].preset);
    }
    return apr_psprintf(pool, "%s %s (%s:%d)", definition->name,
                        shown_value(pool, &rows[directive], definition->text), definition->file, definition->line);
}
