/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_DIR_CONFIG_H
#define UM_DIR_CONFIG_H
/* The directory configuration: directives that a Directory, Location, Files and their like can have, or all of a host.
 * They are not allowed in .htaccess, because each of them can make a directory less safe. A directive is one row of
 * directives.h, UM_DIR_DIRECTIVE; its member of um_dir_config_t follows from the row. */
#include "token_source.h"

#include <apr_tables.h>
#include <httpd.h>
#include <http_config.h>

/** What goes on to a back end as Authorization. */
typedef enum {
    UM_AUTHORIZATION_FORWARD,          /**< what came */
    UM_AUTHORIZATION_DROP,             /**< nothing */
    UM_AUTHORIZATION_BEARER,           /**< the verified token, wherever it came from */
    UM_AUTHORIZATION_TEXT              /**< a fixed text */
} um_forward_authorization_e;

typedef struct um_forward_authorization_t {
    um_forward_authorization_e what;
    const char *text;           /**< for UM_AUTHORIZATION_TEXT */
} um_forward_authorization_t;

/** Identity headers, as bits. */
typedef enum {
    UM_HEADER_ID = 1, UM_HEADER_USERNAME = 2, UM_HEADER_EMAIL = 4, UM_HEADER_GROUPS = 8, UM_HEADER_STAFF = 16
} um_header_e;

/** What On stands for: groups may be many, and an application that does not read them should not have to take them. */
#define UM_HEADER_USUAL ((unsigned)(UM_HEADER_ID | UM_HEADER_USERNAME | UM_HEADER_EMAIL | UM_HEADER_STAFF))

/* kind -> C type of the member */
typedef unsigned um_dir_kind_HEADERS_t;             /* bits of um_header_e */
typedef um_forward_authorization_t um_dir_kind_AUTHORIZATION_t;
typedef const apr_array_header_t *um_dir_kind_SOURCES_t;    /* um_token_source_t, at least one */

typedef enum {
#define UM_DIR_DIRECTIVE(name, kind, member, help, ...) UM_DIR_##name,
#include "directives.h"
    UM_DIR_COUNT
} um_dir_directive_e;

typedef struct um_dir_config_t {
#define UM_DIR_DIRECTIVE(name, kind, member, help, ...) um_dir_kind_##kind##_t member;
#include "directives.h"
    char is_set[UM_DIR_COUNT];
} um_dir_config_t;

/** The settings where a request is. */
const um_dir_config_t *um_dir_config_of(const request_rec *r);

/** Hooks: httpd's per-directory configuration. */
void *um_dir_config_create(apr_pool_t *pool, char *unused);
void *um_dir_config_merge(apr_pool_t *pool, void *base, void *add);

/** Reads a directive; cmd->info is its um_dir_directive_e. */
const char *um_dir_config_set(cmd_parms *cmd, void *dir, const char *args);

#endif
