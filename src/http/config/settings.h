/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SETTINGS_H
#define UM_SETTINGS_H
/* What an administrator set, or the default of it. A directive is one row of directives.h; its member follows from
 * it. */
#include "core_settings.h"

#include <httpd.h>
#include <http_config.h>

/** Endpoints that are open to anybody, unless they are said to be for clients. */
typedef enum { UM_CLASS_TOKEN = 1, UM_CLASS_RESET = 2, UM_CLASS_REGISTER = 4 } um_class_e;

/** Who may make an account by the API. */
typedef enum { UM_REGISTRATION_OPEN, UM_REGISTRATION_STAFF, UM_REGISTRATION_OFF } um_registration_e;

/* kind -> C type of the member */
typedef int um_kind_FLAG_t;                         /* On or Off */
typedef apr_int64_t um_kind_NUMBER_t;
typedef apr_int64_t um_kind_SECONDS_t;              /* 90, 90s, 15m, 24h, 7d */
typedef apr_int64_t um_kind_BYTES_t;                /* 65536, 64k, 1m */
typedef const char *um_kind_TEXT_t;                 /* one line of UTF-8, never NULL */
typedef const char *um_kind_PATH_t;                 /* under ServerRoot unless absolute; NULL for none */
typedef const um_pwhash_params_t *um_kind_HASH_t;   /* see pwhash.h */
typedef um_verify_e um_kind_VERIFY_t;               /* off, on, required */
typedef um_registration_e um_kind_REGISTRATION_t;   /* open, staff, off */
typedef const char *um_kind_RESERVED_t;             /* a path; "": default; NULL: off */
typedef unsigned um_kind_CLASSES_t;                 /* none, or a list of endpoints' classes: bits of um_class_e */
typedef const char *um_kind_COOKIE_t;               /* letters, digits and _ - . ; NULL for none */
typedef const apr_array_header_t *um_kind_READERS_t;    /* as ORIGINS, or the one text "*" */
typedef const apr_array_header_t *um_kind_ORIGINS_t;    /* const char *, see web_origin.h; NULL for none */

typedef enum {
#define UM_DIRECTIVE(name, kind, owner, member, help, ...) UM_SET_##name,
#include "directives.h"
    UM_SET_COUNT
} um_directive_e;

/** Where a value was set: for messages that name file and line. file is NULL for a default. */
typedef struct um_definition_t {
    const char *file;
    int line;
    const char *text;          /**< as typed */
} um_definition_t;

typedef struct um_settings_t {
    um_core_settings_t core;
#define UM_MEMBER_CORE(type, member)
#define UM_MEMBER_HTTP(type, member) type member;
#define UM_DIRECTIVE(name, kind, owner, member, help, ...) UM_MEMBER_##owner(um_kind_##kind##_t, member)
#include "directives.h"
    um_definition_t definition[UM_SET_COUNT];
} um_settings_t;

/** The rows as httpd's command table. */
extern const command_rec um_settings_commands[];

/** All defaults. */
void um_settings_init(apr_pool_t *pool, um_settings_t *settings);

/** A virtual host's settings over the main server's. */
void um_settings_merge(um_settings_t *merged, const um_settings_t *base, const um_settings_t *add);

/** "UserMgmtSigningKey keys (/etc/apache2/x.conf:12)", or "... (default)". */
const char *um_settings_where(apr_pool_t *pool, const um_settings_t *settings, um_directive_e directive);

#endif
