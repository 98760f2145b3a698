/* SPDX-License-Identifier: Apache-2.0 */
/* None of these directives is allowed in .htaccess, because each of them can make a directory less safe. */
#include "module.h"

#include <apr_strings.h>
#include <stddef.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define LONGEST_SCHEME 16

static const um_value_row_t rows[] = {
#define UM_DIR_DIRECTIVE(directive, kind, member, help, ...) \
    { .name = #directive, .read = um_value_##kind, .offset = offsetof(um_dir_config_t, member), \
      .size = sizeof(um_kind_##kind##_t), __VA_ARGS__ },
#include "directives.h"
};

const um_dir_config_t *um_dir_config_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &usermgmt_module);
}

const apr_array_header_t *um_dir_config_sources(const um_dir_config_t *dir)
{
    static um_token_source_t usual[] = { { UM_TOKEN_SOURCE_HEADER, NULL }, { UM_TOKEN_SOURCE_COOKIE, NULL } };
    static const apr_array_header_t with_page = { NULL, sizeof(usual[0]), 2, 2, (char *)usual };

    return dir->sign_in_page && !dir->is_set[UM_DIR_UserMgmtTokenSource] ? &with_page : dir->sources;
}

/* Whether a token is looked for in the cookie that UserMgmtCookie names. */
static int uses_own_cookie(const um_dir_config_t *dir)
{
    int uses = 0;

    for (int i = 0; i < dir->sources->nelts; i++) {
        const um_token_source_t *source = &APR_ARRAY_IDX(dir->sources, i, um_token_source_t);

        uses |= source->kind == UM_TOKEN_SOURCE_COOKIE && !source->name;
    }
    return uses;
}

/* A directive and where it is, for messages. */
static const char *place_of(const cmd_parms *cmd, const um_value_row_t *row, const char *args)
{
    return apr_psprintf(cmd->pool, "%s %s (%s:%d)", row->name, args, cmd->directive->filename,
                        cmd->directive->line_num);
}

/* The arguments for the log, which credentials must not get into: the word of a scheme at most. */
static const char *without_credentials(apr_pool_t *pool, const char *args)
{
    const char *rest = args, *word = ap_getword_conf(pool, &rest);
    apr_size_t len = strcspn(word, " ");
    const char *scheme = apr_pstrmemdup(pool, word, len);
    int is_scheme = len && len <= LONGEST_SCHEME && strspn(scheme, LETTERS) == len;

    return apr_pstrcat(pool, is_scheme ? scheme : "...", is_scheme && (word[len] || *rest) ? " ..." : "", NULL);
}

const char *um_dir_config_set(cmd_parms *cmd, void *dir, const char *args)
{
    apr_uintptr_t which = (apr_uintptr_t)cmd->info;
    const um_value_row_t *row = &rows[which];
    um_dir_config_t *config = dir;
    const char *fault = row->read(cmd->pool, row, args, (char *)config + row->offset);

    config->is_set[which] = 1;
    if (which == UM_DIR_UserMgmtIdentityHeaders && config->identity_headers) {
        um_server_of(cmd->server)->identity_headers = place_of(cmd, row, args);
    }
    if (which == UM_DIR_UserMgmtSignInPage && config->sign_in_page && !*config->sign_in_page) {
        um_server_of(cmd->server)->sign_in_auto = place_of(cmd, row, args);
    }
    if (which == UM_DIR_UserMgmtTokenSource && !fault && uses_own_cookie(config)) {
        um_server_of(cmd->server)->cookie_source = place_of(cmd, row, args);
    }
    return fault ? apr_psprintf(cmd->pool, "%s %s: %s", row->name, which != UM_DIR_UserMgmtAuthorization ? args
                                : without_credentials(cmd->pool, args), fault) : NULL;
}

void *um_dir_config_create(apr_pool_t *pool, char *unused)
{
    um_dir_config_t *config = apr_pcalloc(pool, sizeof(*config));

    (void)unused;
    for (int i = 0; i < UM_DIR_COUNT; i++) {
        const char *fault = rows[i].read(pool, &rows[i], rows[i].preset, (char *)config + rows[i].offset);

        ap_assert(fault == NULL);
    }
    return config;
}

/* httpd calls this also for each request whose path meets several sections. */
void *um_dir_config_merge(apr_pool_t *pool, void *base, void *add)
{
    um_dir_config_t *merged = apr_pmemdup(pool, base, sizeof(*merged));
    const um_dir_config_t *own = add;

    for (int i = 0; i < UM_DIR_COUNT; i++) {
        if (own->is_set[i]) {
            memcpy((char *)merged + rows[i].offset, (const char *)own + rows[i].offset, rows[i].size);
            merged->is_set[i] = 1;
        }
    }
    return merged;
}
