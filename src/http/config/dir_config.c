/* SPDX-License-Identifier: Apache-2.0 */
#include "dir_config.h"

#include "server.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

typedef enum { KIND_HEADERS, KIND_AUTHORIZATION, KIND_SOURCES } kind_e;

typedef struct row_t {
    const char *name;
    kind_e kind;
    apr_size_t offset, size;
    const char *preset;
} row_t;

static const row_t rows[] = {
#define UM_DIR_DIRECTIVE(directive, type, member, help, ...) \
    { .name = #directive, .kind = KIND_##type, .offset = offsetof(um_dir_config_t, member), \
      .size = sizeof(um_dir_kind_##type##_t), __VA_ARGS__ },
#include "directives.h"
};

const um_dir_config_t *um_dir_config_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &usermgmt_module);
}

/* --- reading a value; each gives NULL, or what is wrong with it --- */

static unsigned header_bit(const char *word)
{
    static const char *const words[] = { "id", "username", "email", "groups", "staff" };

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(word, words[i]) == 0) {
            return 1U << i;
        }
    }
    return 0;
}

static const char *read_headers(apr_pool_t *pool, const char *args, unsigned *value)
{
    const char *word = ap_getword_conf(pool, &args);
    unsigned bit = header_bit(word);

    if (!*args && (strcasecmp(word, "on") == 0 || strcasecmp(word, "off") == 0)) {
        *value = strcasecmp(word, "on") == 0 ? UM_HEADER_USUAL : 0;
        return NULL;
    }
    for (*value = bit; bit && *args; *value |= bit) {
        bit = header_bit(ap_getword_conf(pool, &args));
    }
    return bit ? NULL : "must be On or Off, or name headers: id, username, email, groups, staff";
}

static const char *read_authorization(apr_pool_t *pool, const char *args, um_forward_authorization_t *value)
{
    static const char *const words[] = { "forward", "drop", "bearer" };
    const char *text = ap_getword_conf(pool, &args);

    for (int i = UM_AUTHORIZATION_FORWARD; i < UM_AUTHORIZATION_TEXT; i++) {
        if (strcasecmp(text, words[i]) == 0 && !*args) {
            *value = (um_forward_authorization_t){ (um_forward_authorization_e)i, NULL };
            return NULL;
        }
    }
    *value = (um_forward_authorization_t){ UM_AUTHORIZATION_TEXT, text };
    for (const char *c = text; *c; c++) {
        if (apr_iscntrl(*c)) {
            return "must be without control characters";
        }
    }
    /* A mistyped word must not be taken for a text. */
    return strchr(text, ' ') && !*args ? NULL
           : "must be forward, drop, bearer, or a text in quotes: a scheme, a blank, and what belongs to it";
}

static const char *read_sources(apr_pool_t *pool, const char *args, const apr_array_header_t **value)
{
    apr_array_header_t *sources = apr_array_make(pool, 2, sizeof(um_token_source_t));
    const char *fault = NULL;

    while (*args && !fault) {
        fault = um_token_source_parse(pool, ap_getword_conf(pool, &args), apr_array_push(sources));
    }
    *value = sources;
    return sources->nelts ? fault : "must name where to look: header, cookie, cookie=NAME or query=NAME";
}

static const char *read_value(apr_pool_t *pool, const row_t *row, um_dir_config_t *dir, const char *args)
{
    void *member = (char *)dir + row->offset;

    switch (row->kind) {
    case KIND_HEADERS:
        return read_headers(pool, args, member);
    case KIND_AUTHORIZATION:
        return read_authorization(pool, args, member);
    case KIND_SOURCES:
        return read_sources(pool, args, member);
    }
    return "is of no kind";
}

const char *um_dir_config_set(cmd_parms *cmd, void *dir, const char *args)
{
    apr_uintptr_t which = (apr_uintptr_t)cmd->info;
    const char *fault = read_value(cmd->pool, &rows[which], dir, args);

    ((um_dir_config_t *)dir)->is_set[which] = 1;
    if (which == UM_DIR_UserMgmtIdentityHeaders && ((um_dir_config_t *)dir)->identity_headers) {
        um_server_of(cmd->server)->identity_headers =
            apr_psprintf(cmd->pool, "%s %s (%s:%d)", rows[which].name, args, cmd->directive->filename,
                         cmd->directive->line_num);
    }
    return fault ? apr_psprintf(cmd->pool, "%s %s: %s", rows[which].name, args, fault) : NULL;
}

/* --- defaults and merging --- */

void *um_dir_config_create(apr_pool_t *pool, char *unused)
{
    um_dir_config_t *dir = apr_pcalloc(pool, sizeof(*dir));

    (void)unused;
    for (int i = 0; i < UM_DIR_COUNT; i++) {
        const char *fault = read_value(pool, &rows[i], dir, rows[i].preset);

        ap_assert(fault == NULL);
    }
    return dir;
}

/* Also while requests are served, for each that meets several places. */
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
