/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include "dir_config.h"
#include "pwhash.h"
#include "server.h"
#include "token_source.h"
#include "unicode.h"
#include "web_origin.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef enum { KIND_FLAG, KIND_NUMBER, KIND_SECONDS, KIND_BYTES, KIND_TEXT, KIND_PATH, KIND_HASH,
               KIND_VERIFY, KIND_REGISTRATION, KIND_RESERVED, KIND_CLASSES, KIND_COOKIE, KIND_ORIGINS,
               KIND_READERS } kind_e;

typedef struct row_t {
    const char *name;
    kind_e kind;
    apr_size_t offset, size;
    const char *preset;
    apr_int64_t least, most;
    enum { INHERITED, OWN, GLOBAL } scope;
} row_t;

#define PATH_CORE(member) core.member
#define PATH_HTTP(member) member

static const row_t rows[] = {
#define UM_DIRECTIVE(directive, type, owner, member, help, ...) \
    { .name = #directive, .kind = KIND_##type, .offset = offsetof(um_settings_t, PATH_##owner(member)), \
      .size = sizeof(um_kind_##type##_t), __VA_ARGS__ },
#include "directives.h"
};

/* A member of um_core_settings_t is declared in core, and has the type of its directive's kind all the same. */
#define UM_DIRECTIVE(name, kind, owner, member, help, ...) \
    _Static_assert(__builtin_types_compatible_p(um_kind_##kind##_t, \
                                                __typeof__(((um_settings_t *)0)->PATH_##owner(member))), \
                   #name ": the type of its member is not that of its kind");
#include "directives.h"

/* --- reading a value; each gives NULL, or what is wrong with it --- */

typedef struct unit_t {
    const char *suffix;
    apr_int64_t factor;
} unit_t;

static const unit_t no_units[] = { { "", 1 }, { NULL, 0 } };
static const unit_t time_units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { NULL, 0 } };
static const unit_t size_units[] = { { "", 1 }, { "k", 1024 }, { "m", 1048576 }, { NULL, 0 } };

/* The range in the largest unit that states it without a rest. */
static const char *spelt(apr_pool_t *pool, const unit_t *units, apr_int64_t value)
{
    const unit_t *best = units;

    for (const unit_t *unit = units; unit->suffix; unit++) {
        if (value && value % unit->factor == 0) {
            best = unit;
        }
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "%s", value / best->factor, best->suffix);
}

static const char *read_number(apr_pool_t *pool, const row_t *row, const unit_t *units, const char *text,
                               apr_int64_t *value)
{
    const char *what = units == time_units ? "a time" : units == size_units ? "a size" : "a number";
    char *end = NULL;
    apr_int64_t number;

    errno = 0;
    number = apr_strtoi64(text, &end, 10);
    for (const unit_t *unit = units; unit->suffix && errno == 0 && end != text; unit++) {
        if (strcasecmp(end, unit->suffix) == 0 && number >= 0 && number <= row->most
            && number * unit->factor >= row->least && number * unit->factor <= row->most) {
            *value = number * unit->factor;
            return NULL;
        }
    }
    return apr_psprintf(pool, "must be %s from %s to %s", what, spelt(pool, units, row->least),
                        spelt(pool, units, row->most));
}

static const char *read_flag(const char *text, int *value)
{
    *value = strcasecmp(text, "on") == 0;
    return *value || strcasecmp(text, "off") == 0 ? NULL : "must be On or Off";
}

/* These end up in header fields, tokens and mails. */
static const char *read_text(apr_pool_t *pool, const char *text, const char **value)
{
    if (!*text || !um_unicode_valid(text, strlen(text)) || text[strcspn(text, "\"\\")]) {
        return "must be text in UTF-8, without \" and \\";
    }
    for (const char *c = text; *c; c++) {
        if (apr_iscntrl(*c)) {
            return "must be one line without control characters";
        }
    }
    *value = apr_pstrdup(pool, text);
    return NULL;
}

static const char *read_path(apr_pool_t *pool, const char *text, const char **value)
{
    if (strcasecmp(text, "none") == 0) {
        *value = NULL;
        return NULL;
    }
    *value = *text ? ap_server_root_relative(pool, text) : NULL;
    return *value ? NULL : "must be a path, or none";
}

static const char *read_hash(apr_pool_t *pool, const char *text, const um_pwhash_params_t **value)
{
    um_pwhash_params_t *params = apr_pcalloc(pool, sizeof(*params));
    const char *why = NULL;

    *value = params;
    return um_pwhash_params(pool, text, params, &why) == APR_SUCCESS ? NULL : why;
}

/* Which of three words, in the order of the values. */
static int read_word(const char *text, const char *const *names)
{
    int i = 0;

    while (i < 3 && strcasecmp(text, names[i]) != 0) {
        i++;
    }
    return i;
}

static const char *read_verify(const char *text, um_verify_e *value)
{
    static const char *const names[] = { "off", "on", "required" };
    int i = read_word(text, names);

    *value = (um_verify_e)i;
    return i < 3 ? NULL : "must be off, on or required";
}

/* NULL: off; "": the list that comes with the module. */
static const char *read_reserved(apr_pool_t *pool, const char *text, const char **value)
{
    *value = NULL;
    if (strcasecmp(text, "off") == 0) {
        return NULL;
    }
    *value = strcasecmp(text, "default") == 0 ? "" : *text ? ap_server_root_relative(pool, text) : NULL;
    return *value ? NULL : "must be default, off, or a path";
}

static const char *read_registration(const char *text, um_registration_e *value)
{
    static const char *const names[] = { "open", "staff", "off" };
    int i = read_word(text, names);

    *value = (um_registration_e)i;
    return i < 3 ? NULL : "must be open, staff or off";
}

/* The names in the order of um_class_e's bits. */
static const char *read_classes(apr_pool_t *pool, const char *text, unsigned *value)
{
    static const char *const names[] = { "token", "reset", "register" };
    static const char fault[] = "must be none, or one or more of token, reset and register";
    const char *word = ap_getword_conf(pool, &text);
    unsigned classes = 0;

    if (strcasecmp(word, "none") == 0 && !*text) {
        *value = 0;
        return NULL;
    }
    for (; *word; word = ap_getword_conf(pool, &text)) {
        unsigned found = 0;

        for (int i = 0; i < 3; i++) {
            found |= strcasecmp(word, names[i]) == 0 ? 1u << i : 0;
        }
        if (!found) {
            return fault;
        }
        classes |= found;
    }
    *value = classes;
    return classes && !*text ? NULL : fault;
}

/* A name that begins as __Host- would get that twice. */
static const char *read_cookie(apr_pool_t *pool, const char *text, const char **value)
{
    *value = strcasecmp(text, "none") == 0 ? NULL : apr_pstrdup(pool, text);
    return !*value || (um_token_source_is_name(text) && strncmp(text, "__", 2) != 0) ? NULL
           : "must be a name of letters, digits, and _ - . that does not begin with __; or none";
}

/* Whether the arguments are this one word, in quotes or not. */
static int is_word(apr_pool_t *pool, const char *args, const char *word)
{
    return strcasecmp(ap_getword_conf(pool, &args), word) == 0 && !*args;
}

static const char *read_origins(apr_pool_t *pool, const char *args, const apr_array_header_t **value)
{
    apr_array_header_t *origins = apr_array_make(pool, 2, sizeof(const char *));
    const char *origin = NULL;

    *value = NULL;
    if (is_word(pool, args, "none")) {
        return NULL;
    }
    *value = origins;
    do {
        origin = um_web_origin_normalize(pool, ap_getword_conf(pool, &args));
        APR_ARRAY_PUSH(origins, const char *) = origin;
    } while (origin && *args);
    return origin ? NULL : "must be none, or name sites as https://HOST[:PORT], without a path";
}

static const char *read_readers(apr_pool_t *pool, const char *args, const apr_array_header_t **value)
{
    apr_array_header_t *anybody;

    if (!is_word(pool, args, "*")) {
        return read_origins(pool, args, value) ? "must be none, *, or name sites as https://HOST[:PORT], without a path"
               : NULL;
    }
    anybody = apr_array_make(pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(anybody, const char *) = "*";
    *value = anybody;
    return NULL;
}

static const char *read_value(apr_pool_t *pool, const row_t *row, um_settings_t *settings, const char *text)
{
    void *member = (char *)settings + row->offset;

    switch (row->kind) {
    case KIND_FLAG:
        return read_flag(text, member);
    case KIND_NUMBER:
        return read_number(pool, row, no_units, text, member);
    case KIND_SECONDS:
        return read_number(pool, row, time_units, text, member);
    case KIND_BYTES:
        return read_number(pool, row, size_units, text, member);
    case KIND_TEXT:
        return read_text(pool, text, member);
    case KIND_PATH:
        return read_path(pool, text, member);
    case KIND_HASH:
        return read_hash(pool, text, member);
    case KIND_VERIFY:
        return read_verify(text, member);
    case KIND_REGISTRATION:
        return read_registration(text, member);
    case KIND_RESERVED:
        return read_reserved(pool, text, member);
    case KIND_CLASSES:
        return read_classes(pool, text, member);
    case KIND_COOKIE:
        return read_cookie(pool, text, member);
    case KIND_ORIGINS:
        return read_origins(pool, text, member);
    case KIND_READERS:
        return read_readers(pool, text, member);
    }
    return "is of no kind";
}

/* httpd puts file and line before what is returned. */
static const char *set(cmd_parms *cmd, void *unused, const char *text)
{
    const row_t *row = cmd->info;
    um_settings_t *settings = &um_server_of(cmd->server)->settings;
    um_definition_t *definition = &settings->definition[row - rows];
    const char *fault = row->scope == GLOBAL ? ap_check_cmd_context(cmd, NOT_IN_VIRTUALHOST) : NULL;

    (void)unused;
    if (fault) {
        return fault;
    }
    fault = read_value(cmd->pool, row, settings, text);
    definition->file = cmd->directive->filename;
    definition->line = cmd->directive->line_num;
    definition->text = apr_pstrdup(cmd->pool, text);
    return fault ? apr_psprintf(cmd->pool, "%s %s: %s", row->name, text, fault) : NULL;
}

/* kind -> how httpd hands the arguments over: one, or as they stand. */
#define ARGUMENTS_FLAG    AP_INIT_TAKE1
#define ARGUMENTS_NUMBER  AP_INIT_TAKE1
#define ARGUMENTS_SECONDS AP_INIT_TAKE1
#define ARGUMENTS_BYTES   AP_INIT_TAKE1
#define ARGUMENTS_TEXT    AP_INIT_TAKE1
#define ARGUMENTS_PATH    AP_INIT_TAKE1
#define ARGUMENTS_HASH    AP_INIT_TAKE1
#define ARGUMENTS_VERIFY  AP_INIT_TAKE1
#define ARGUMENTS_REGISTRATION AP_INIT_TAKE1
#define ARGUMENTS_RESERVED AP_INIT_TAKE1
#define ARGUMENTS_CLASSES AP_INIT_RAW_ARGS
#define ARGUMENTS_COOKIE  AP_INIT_TAKE1
#define ARGUMENTS_ORIGINS AP_INIT_RAW_ARGS
#define ARGUMENTS_READERS AP_INIT_RAW_ARGS

const command_rec um_settings_commands[] = {
#define UM_DIRECTIVE(name, kind, owner, member, help, ...) \
    ARGUMENTS_##kind(#name, set, (void *)&rows[UM_SET_##name], RSRC_CONF, help),
#define UM_DIR_DIRECTIVE(name, kind, member, help, ...) \
    AP_INIT_RAW_ARGS(#name, um_dir_config_set, (void *)(apr_uintptr_t)UM_DIR_##name, RSRC_CONF | ACCESS_CONF, help),
#include "directives.h"
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL }
};

/* --- defaults and merging --- */

void um_settings_init(apr_pool_t *pool, um_settings_t *settings)
{
    memset(settings, 0, sizeof(*settings));
    for (int i = 0; i < UM_SET_COUNT; i++) {
        const char *fault = read_value(pool, &rows[i], settings, rows[i].preset);

        ap_assert(fault == NULL);
    }
}

void um_settings_merge(um_settings_t *merged, const um_settings_t *base, const um_settings_t *add)
{
    *merged = *add;
    for (int i = 0; i < UM_SET_COUNT; i++) {
        const row_t *row = &rows[i];

        if (!add->definition[i].file && row->scope != OWN) {
            memcpy((char *)merged + row->offset, (const char *)base + row->offset, row->size);
            merged->definition[i] = base->definition[i];
        }
    }
}

const char *um_settings_where(apr_pool_t *pool, const um_settings_t *settings, um_directive_e directive)
{
    const um_definition_t *definition = &settings->definition[directive];
    int has_password;

    if (!definition->file) {
        return apr_psprintf(pool, "%s (default %s)", rows[directive].name, rows[directive].preset);
    }
    /* A URL with somebody's password in it is refused, but the log need not know it. */
    has_password = strstr(definition->text, "://") && strchr(definition->text, '@');
    return apr_psprintf(pool, "%s %s (%s:%d)", rows[directive].name, has_password ? "..." : definition->text,
                        definition->file, definition->line);
}
