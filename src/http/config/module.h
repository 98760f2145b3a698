/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MODULE_H
#define UM_MODULE_H
/* The private header of src/http/config: the module as httpd knows it, what an administrator has configured for a
 * virtual host and for a directory, and what was made of it. Functions are grouped by file. */
#include "core_settings.h"

#include <apr_tables.h>
#include <httpd.h>

#include <http_config.h>
#include <http_log.h>

typedef struct um_audit_t um_audit_t;                       /* audit.c */
typedef struct um_client_list_t um_client_list_t;           /* client.h */
typedef struct um_email_claim_pass_t um_email_claim_pass_t; /* email_claim.h */
typedef struct um_document_t um_document_t;                 /* endpoint.h */
typedef struct um_html_t um_html_t;                         /* html.h */
typedef struct um_identity_t um_identity_t;                 /* identity.h */
typedef struct um_keyring_t um_keyring_t;                   /* keyring.h */
typedef struct um_log_limit_t um_log_limit_t;               /* log_limit.h */
typedef struct um_mail_settings_t um_mail_settings_t;       /* notification.h */
typedef struct um_overview_cache_t um_overview_cache_t;     /* overview.c */
typedef struct um_password_kinds_pass_t um_password_kinds_pass_t; /* password.h */
typedef struct um_pepper_t um_pepper_t;                     /* pepper.h */
typedef struct um_reserved_t um_reserved_t;                 /* reserved.h */
typedef struct um_site_t um_site_t;                         /* ctx.h */
typedef struct um_sqlite_file_t um_sqlite_file_t;             /* sqlite_file.c */
typedef struct um_transport_t um_transport_t;               /* transport.h */
typedef struct um_webhook_list_t um_webhook_list_t;         /* webhook_list.h */
typedef struct um_wordlist_t um_wordlist_t;                 /* wordlist.h */

/** The only symbol that the shared object exports. */
extern module AP_MODULE_DECLARE_DATA usermgmt_module __attribute__((visibility("default")));
APLOG_USE_MODULE(usermgmt);

/* --- value.c: reading the values of directives -------------------------------------------------------------------- */

/** Endpoints that are open to anybody unless UserMgmtRequireClientToken names them. Bits. */
typedef enum { UM_OPEN_TOKEN = 1, UM_OPEN_RESET = 2, UM_OPEN_REGISTER = 4 } um_open_endpoint_e;

/** Schemes of the Authorization header under which a token is read. Bits. */
typedef enum { UM_SCHEME_BEARER = 1, UM_SCHEME_TOKEN = 2 } um_scheme_e;

/** Who may register accounts by the API. */
typedef enum {
    UM_REGISTRATION_OPEN, UM_REGISTRATION_STAFF, UM_REGISTRATION_INVITE, UM_REGISTRATION_OFF
} um_registration_e;

/** What a back end gets as its Authorization header. */
typedef enum {
    UM_AUTHORIZATION_FORWARD,       /**< the client's header */
    UM_AUTHORIZATION_DROP,          /**< none */
    UM_AUTHORIZATION_BEARER,        /**< the verified token, whatever its source was */
    UM_AUTHORIZATION_TEXT           /**< a fixed text */
} um_forward_authorization_e;

typedef struct um_forward_authorization_t {
    um_forward_authorization_e what;
    const char *text;               /**< for UM_AUTHORIZATION_TEXT */
} um_forward_authorization_t;

/** Where in a request a token is looked for. */
typedef enum {
    UM_TOKEN_SOURCE_HEADER,         /**< Authorization */
    UM_TOKEN_SOURCE_COOKIE,
    UM_TOKEN_SOURCE_QUERY,
    UM_TOKEN_SOURCE_PROXY           /**< Proxy-Authorization, of a forward proxy's client; no directive names it */
} um_token_source_e;

typedef struct um_token_source_t {
    um_token_source_e kind;
    const char *name;               /**< of the cookie or parameter; NULL: the cookie that UserMgmtCookie names */
} um_token_source_t;

/* The C types of the kinds of values. */
typedef int um_kind_flag_t;                                     /* On or Off */
typedef apr_int64_t um_kind_number_t;
typedef apr_int64_t um_kind_seconds_t;                          /* 90, 90s, 15m, 24h, 7d */
typedef apr_int64_t um_kind_bytes_t;                            /* 65536, 64k, 1m */
typedef const char *um_kind_text_t;                             /* one line of UTF-8, never NULL */
typedef const char *um_kind_path_t;                             /* under ServerRoot unless absolute; NULL: none */
typedef const char *um_kind_log_file_t;                         /* a path, or "|program ..."; NULL: none */
typedef const um_pwhash_params_t *um_kind_password_hash_t;      /* see pwhash.h */
typedef um_verify_e um_kind_verification_t;                     /* off, on, required */
typedef um_registration_e um_kind_registration_t;               /* open, staff, invite, off */
typedef um_email_change_e um_kind_email_change_t;               /* direct, confirm */
typedef const um_custom_fields_t *um_kind_custom_fields_t;      /* see custom_field.h */
typedef um_login_e um_kind_login_t;                             /* username, email, both */
typedef const char *um_kind_reserved_names_t;                   /* a path; "": default; NULL: off */
typedef unsigned um_kind_endpoints_t;                           /* bits of um_open_endpoint_e; 0: none */
typedef const char *um_kind_cookie_t;                           /* letters, digits and _ - . ; NULL: none */
typedef const char *um_kind_pages_t;                            /* a path that begins and ends with /; NULL: off */
typedef const apr_array_header_t *um_kind_origins_t;            /* normalized (web_origin.h); NULL: none */
typedef const apr_array_header_t *um_kind_cors_origins_t;       /* as origins, or the one text "*" */
typedef unsigned um_kind_identity_headers_t;                    /* bits of identity_attribute.c; 0: off */
typedef um_forward_authorization_t um_kind_authorization_t;
typedef const um_throttle_rules_t *um_kind_throttle_t;           /* see throttle.h */
typedef const apr_array_header_t *um_kind_subnets_t;            /* apr_ipsubnet_t *; may be empty */
typedef unsigned um_kind_token_scheme_t;                        /* bits of um_scheme_e */
typedef const char *um_kind_sign_in_page_t;                     /* a path or URL; "": auto; NULL: none */
typedef const apr_array_header_t *um_kind_token_sources_t;      /* um_token_source_t, at least one */

typedef const um_webhook_list_t *um_kind_webhooks_t;            /* never NULL; without site and secrets */

typedef struct um_value_row_t um_value_row_t;

/** Reads a value of one kind into *value, which has the C type of the kind. text is one argument, or all arguments as
 * they were typed. NULL, or what is wrong: "must be On or Off". */
typedef const char *um_value_read_fn(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value);

/** Merges the value of a virtual host (add) over the main server's (base). All three have the C type of the kind. */
typedef void um_value_merge_fn(apr_pool_t *pool, void *merged, const void *base, const void *add);

/** Notes where a line of the value, which was just read, is in the configuration. */
typedef void um_value_locate_fn(void *value, const char *file, int line);

/** A directive: a row of directives.h. */
struct um_value_row_t {
    const char *name;
    um_value_read_fn *read;
    apr_size_t offset, size;        /**< of the member */
    const char *preset;             /**< the default, as text */
    apr_int64_t least, most;        /**< of numbers, seconds and bytes */
    enum { INHERITED, OWN, GLOBAL } scope;
    um_value_locate_fn *locate;     /**< where each line needs its own place; NULL: um_definition_t is enough */
    um_value_merge_fn *merge;       /**< where a host adds to the main server's value; NULL: it replaces it */
};

um_value_read_fn um_value_flag, um_value_number, um_value_seconds, um_value_bytes, um_value_text, um_value_path,
                 um_value_log_file, um_value_password_hash, um_value_verification, um_value_registration,
                 um_value_login, um_value_email_change, um_value_custom_fields,
                 um_value_reserved_names, um_value_endpoints, um_value_cookie, um_value_origins, um_value_cors_origins,
                 um_value_identity_headers, um_value_authorization, um_value_token_scheme,
                 um_value_token_sources, um_value_throttle, um_value_subnets, um_value_pages,
                 um_value_sign_in_page, um_value_webhooks;

um_value_merge_fn um_value_throttle_merge, um_value_custom_fields_merge;
um_value_locate_fn um_value_webhooks_locate;

/* --- settings.c: the settings of a virtual host ------------------------------------------------------------------- */

typedef enum {
#define UM_DIRECTIVE(name, kind, owner, member, help, ...) UM_SET_##name,
#include "directives.h"
    UM_SET_COUNT
} um_directive_e;

/** Where a directive was set, for messages. file is NULL for a default. */
typedef struct um_definition_t {
    const char *file;
    int line;
    const char *name;               /**< of the directive, as typed: it may be a former name */
    const char *text;               /**< the value, as typed */
} um_definition_t;

typedef struct um_settings_t {
    um_core_settings_t core;
#define UM_MEMBER_CORE(type, member)
#define UM_MEMBER_HTTP(type, member) type member;
#define UM_DIRECTIVE(name, kind, owner, member, help, ...) UM_MEMBER_##owner(um_kind_##kind##_t, member)
#include "directives.h"
    um_definition_t definition[UM_SET_COUNT];
} um_settings_t;

/** All directives, as httpd's command table. */
extern const command_rec um_settings_commands[];

/** Sets all members to their defaults. */
void um_settings_init(apr_pool_t *pool, um_settings_t *settings);

/** Merges a virtual host's settings (add) over the main server's (base), see the scopes in directives.h. */
void um_settings_merge(apr_pool_t *pool, um_settings_t *merged, const um_settings_t *base, const um_settings_t *add);

/** A directive and where it was set, for messages: "UserMgmtSigningKey keys (/etc/apache2/x.conf:12)", or
 * "UserMgmtSigningKey (default none)". */
const char *um_settings_where(apr_pool_t *pool, const um_settings_t *settings, um_directive_e directive);

/* --- dir_config.c: the settings of a directory, that is of Directory, Location, Files and their like -------------- */

typedef enum {
#define UM_DIR_DIRECTIVE(name, kind, member, help, ...) UM_DIR_##name,
#include "directives.h"
    UM_DIR_COUNT
} um_dir_directive_e;

typedef struct um_dir_config_t {
#define UM_DIR_DIRECTIVE(name, kind, member, help, ...) um_kind_##kind##_t member;
#include "directives.h"
    char is_set[UM_DIR_COUNT];
} um_dir_config_t;

/** The directory configuration of a request. */
const um_dir_config_t *um_dir_config_of(const request_rec *r);

/** Where a token is looked for (um_token_source_t): what UserMgmtTokenSource says; where it is not set, header and,
 * with UserMgmtSignInPage, cookie. */
const apr_array_header_t *um_dir_config_sources(const um_dir_config_t *dir);

/** Hooks of the module record: httpd's per-directory configuration. */
void *um_dir_config_create(apr_pool_t *pool, char *unused);
void *um_dir_config_merge(apr_pool_t *pool, void *base, void *add);

/** Reads a directive. cmd->info is its um_dir_directive_e, dir the um_dir_config_t, args the arguments as typed. */
const char *um_dir_config_set(cmd_parms *cmd, void *dir, const char *args);

/* --- server_config.c: a virtual host, or the main server ---------------------------------------------------------- */

typedef struct um_server_t {
    um_settings_t settings;
    server_rec *server;
    const char *identity_headers;   /**< where a directory of this host has UserMgmtIdentityHeaders; NULL: nowhere */
    const char *sign_in_auto;       /**< where this very host has UserMgmtSignInPage auto; NULL: nowhere */
    const char *cookie_source;      /**< where this very host looks for a token in a cookie without a name of its own;
                                         NULL: nowhere */
    um_log_limit_t *misplaced_log;  /**< limits the log lines about AuthType Bearer or Basic where it cannot work */
    int has_own_key;                /**< UserMgmtSigningKey is set in this very host, and not inherited */

    /* Set when the configuration is checked: */
    server_rec *dbd;                /**< the host whose mod_dbd connections are used, see virtual_host.c */
    const char *database;           /**< mod_dbd's driver and parameters, which identify it; NULL: none */
    const char *database_name;      /**< the same for the log, without login and password */
    um_sqlite_file_t *sqlite_file;  /**< of a SQLite database; NULL: PostgreSQL */
    int dbd_max;                    /**< DBDMax */
    const char *issuer;             /**< NULL: neither issues nor accepts tokens */
    um_keyring_t *keys;             /**< read as root, in the parent; NULL: neither issues nor accepts tokens */
    int keys_readable;              /**< httpd's user can read the keys, so children reload them when they change */
    um_wordlist_t *common_passwords;    /**< NULL: no list */
    um_reserved_t *reserved;        /**< names; NULL: none */
    um_pepper_t *pepper;            /**< of password hashes; NULL: none */
    um_client_list_t *clients;      /**< trusted clients; NULL: none */
    um_mail_settings_t *mail_settings;
    um_html_t *html;                /**< of the pages and of translated messages; NULL: this host has neither */
    const char *style_digest;       /**< of their style sheet, for its URL */
    const um_document_t *openapi;   /**< of UserMgmtOpenAPI; NULL: it is Off */
    um_webhook_list_t *webhooks;    /**< with their secrets, read as root; may be empty */
    um_transport_t *transport;      /**< used by the worker only; NULL: no mail is sent */

    /* Set when logs are opened: */
    um_audit_t *audit;              /**< UserMgmtAuditLog; NULL: none */

    /* Set in each child: */
    um_site_t *site;                /**< NULL: this host has no keys or no database */
    apr_uint32_t checked_at;        /**< by startup_check.c: tick of the last attempt; 0: none yet */
    int is_checked;                 /**< by startup_check.c: the database has answered */
    um_overview_cache_t *overview;      /**< of the metrics, overview.c; NULL: this host has no site */
    um_email_claim_pass_t *email_claims; /**< of the worker, email_claims.c */
    um_password_kinds_pass_t *kinds_pass; /**< of the worker, hash_kinds.c; NULL: none yet */
} um_server_t;

/** The record of a host. A virtual host without any directive of this module has no record of its own, but the main
 * server's, database included. */
um_server_t *um_server_of(const server_rec *server);

/** Whether a host has a record of its own. */
int um_server_is_own(const server_rec *server);

/** The record after this one: of the next virtual host that has a record of its own. NULL: there is none. The first
 * record is the main server's. */
um_server_t *um_server_next(const um_server_t *server);

/** Hooks of the module record: httpd's per-server configuration. */
void *um_server_create(apr_pool_t *pool, server_rec *server);
void *um_server_merge(apr_pool_t *pool, void *base, void *add);

/* --- conftree.c: directives of other modules ---------------------------------------------------------------------- */

/* These functions search httpd's tree of directives, because other modules keep their configuration to themselves. The
 * tree has what is in the files; the defaults that httpd fills in, such as a guessed ServerName, are not in it. */

/** The last directive of that name directly in the section of a virtual host; for the main server, outside of all
 * sections. NULL: there is none. */
const ap_directive_t *um_conftree_own(const server_rec *server, const char *name);

/** The virtual host's own directive, else the main server's. NULL: neither has one. */
const ap_directive_t *um_conftree_find(const server_rec *server, const char *name);

/** Whether a Mutex directive names that mutex, rather than "default". */
int um_conftree_mutex(const char *type);

/** The section of a virtual host. NULL: it is the main server, or the section was not found. */
const ap_directive_t *um_conftree_section(const server_rec *server);

/** The directive after node in the order of the files, sections and what is in them alike. NULL: it was the last one
 * in the section top, or in all files where top is NULL. */
const ap_directive_t *um_conftree_next(const ap_directive_t *node, const ap_directive_t *top);

/** Whether a directive is "AuthType Bearer". */
int um_conftree_is_bearer(const ap_directive_t *node);

/** Whether "AuthType Bearer" is somewhere in the section of a virtual host. Files named .htaccess are not searched. */
int um_conftree_is_protected(const server_rec *server);

/* --- conftree_require.c: AuthType Bearer without a Require -------------------------------------------------------- */

/** How many directives "AuthType Bearer" of a host, or of the main server outside of all hosts, have no effect: their
 * section has no Require, or only one that refuses some users, and no Require for an authenticated user can apply to
 * the same place. .htaccess counts as one where it may have a Require, and so does an <If> that looks at the token.
 * *first: the first of them; NULL: there is none. pool: for the time of the call. */
int um_conftree_require_missing(apr_pool_t *pool, const server_rec *server, const ap_directive_t **first);

/* --- identity_attribute.c: what applications get of an identity --------------------------------------------------- */

/* One table has the attributes of a caller's identity: the id, the fields of the profile (profile.h), the groups, and
 * whether the account is staff. The environment, the identity headers, the expressions and UserMgmtIdentityHeaders
 * follow from it. */

/** Where applications get an attribute; each line includes those above it. */
typedef enum {
    UM_ATTRIBUTE_VARIABLE,      /**< in the environment and in expressions */
    UM_ATTRIBUTE_HEADER,        /**< in a header, where UserMgmtIdentityHeaders names it */
    UM_ATTRIBUTE_HEADER_ON      /**< in a header, where UserMgmtIdentityHeaders is On */
} um_attribute_e;

#define UM_ATTRIBUTE_NAME_SIZE 64

typedef struct um_identity_attribute_t {
    const char *name;                           /**< lower case, as UserMgmtIdentityHeaders names it */
    apr_size_t offset;                          /**< in um_identity_t */
    um_attribute_e where;
    int is_flag;                                /**< the member is an int, given as "1" or "0"; otherwise a text */
    char variable[UM_ATTRIBUTE_NAME_SIZE];      /**< USERMGMT_FIRST_NAME */
    char header[UM_ATTRIBUTE_NAME_SIZE];        /**< X-Usermgmt-First-Name */
} um_identity_attribute_t;

/** Completes the table with the names of variables and headers. To be called once, when the module is loaded. */
void um_identity_attribute_init(void);

/** The attribute at an index from 0 on; NULL after the last. In the masks below, bit 1 << index is its header. */
const um_identity_attribute_t *um_identity_attribute_at(unsigned i);

/** The value for applications; in the identity, or static. */
const char *um_identity_attribute_value(const um_identity_attribute_t *attribute, const um_identity_t *identity);

/** The bit of the header that a word of the directive names, in any case; 0: it names none. */
unsigned um_identity_attribute_header(const char *word);

/** The bits that On stands for. */
unsigned um_identity_attribute_headers_on(void);

/** The words that name a header, separated by commas. */
const char *um_identity_attribute_header_words(apr_pool_t *pool);

#endif
