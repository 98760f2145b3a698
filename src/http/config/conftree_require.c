/* SPDX-License-Identifier: Apache-2.0 */
/* AuthType Bearer has no effect where no Require demands a token. */
#include "module.h"

#include <string.h>
#include <strings.h>

static int is_named(const ap_directive_t *node, const char *name)
{
    return strcasecmp(node->directive, name) == 0;
}

/* <RequireAny> and its like. */
static int is_require_section(const ap_directive_t *node)
{
    return strncasecmp(node->directive, "<Require", strlen("<Require")) == 0;
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

static const ap_directive_t *host_of(const ap_directive_t *node)
{
    while (node && !is_named(node, "<VirtualHost")) {
        node = node->parent;
    }
    return node;
}

/* The section that names the place. NULL: the directive is outside of all sections. */
static const ap_directive_t *place_around(const ap_directive_t *node)
{
    node = node->parent;
    while (node && is_require_section(node)) {
        node = node->parent;
    }
    return node;
}

/* The path of a section, without the slashes at its end. NULL: it is not one path alone. */
static const char *path_of(apr_pool_t *pool, const ap_directive_t *section)
{
    const char *args = section->args;
    char *path;
    apr_size_t len;

    if (!is_named(section, "<Location") && !is_named(section, "<Directory")) {
        return NULL;
    }
    path = ap_getword_conf(pool, &args);
    len = strlen(path);
    while (len && (path[len - 1] == '>' || path[len - 1] == '/')) {
        path[--len] = '\0';
    }
    return strpbrk(path, "~*?[") ? NULL : path;
}

static int is_path_below(const char *path, const char *upper)
{
    apr_size_t len = strlen(upper);

    return strncmp(path, upper, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Whether no request meets both sections, as far as their paths tell. */
static int are_apart(apr_pool_t *pool, const ap_directive_t *one, const ap_directive_t *other)
{
    const char *path = is_named(one, other->directive) ? path_of(pool, one) : NULL;
    const char *second = path ? path_of(pool, other) : NULL;

    return second && !is_path_below(path, second) && !is_path_below(second, path);
}

/* Whether a request can meet the sections around both directives. */
static int can_meet(apr_pool_t *pool, const ap_directive_t *one, const ap_directive_t *other)
{
    for (const ap_directive_t *a = one->parent; a; a = a->parent) {
        for (const ap_directive_t *b = other->parent; b; b = b->parent) {
            if (are_apart(pool, a, b)) {
                return 0;
            }
        }
    }
    return 1;
}

/* --- which directives need an authenticated user ------------------------------------------------------------------ */

/* What a Require does with the user of a request: it ignores them; it demands an authenticated one; or it only refuses
 * some, with "not" or in <RequireNone>. For the last kind alone httpd authenticates nobody, and everybody passes. */
typedef enum { IGNORES_USER, DEMANDS_USER, REFUSES_USER } need_e;

static int is_negated(const ap_directive_t *node)
{
    int is = 0;

    for (node = node->parent; node && is_require_section(node); node = node->parent) {
        is |= is_named(node, "<RequireNone");
    }
    return is;
}

/* Whether a word begins with one of the names, which end with NULL; is_whole: whether it is one of them. */
static int is_one_of(const char *word, const char *const *names, int is_whole)
{
    while (*names && strncasecmp(word, *names, is_whole ? strlen(word) + 1 : strlen(*names)) != 0) {
        names++;
    }
    return *names != NULL;
}

/* Providers of other modules, and aliases, count as such that demand a user. An expression looks at the token itself.
 * "Require all granted" is in almost every configuration, for the files of the site. */
static need_e need_of(apr_pool_t *pool, const ap_directive_t *node)
{
    static const char *const others[] = { "all", "ip", "host", "forward-dns", "local", "env", "method", "ssl",
                                          "ssl-verify-client", NULL };
    static const char *const users[] = { "user", "valid-user", "group", "ldap-", "dbd-", "dbm-", NULL };
    const char *args = node->args, *word = ap_getword_conf(pool, &args);
    int is_not = strcasecmp(word, "not") == 0;

    if (is_not) {
        word = ap_getword_conf(pool, &args);
    }
    return is_one_of(word, others, 1) ? IGNORES_USER
           : (is_not || is_negated(node)) && is_one_of(word, users, 0) ? REFUSES_USER : DEMANDS_USER;
}

/* Whether a .htaccess may have a Require. */
static int lets_htaccess_require(apr_pool_t *pool, const ap_directive_t *node)
{
    const char *args = node->args;

    if (!is_named(node, "AllowOverride") && !is_named(node, "AllowOverrideList")) {
        return 0;
    }
    while (*args) {
        const char *word = ap_getword_conf(pool, &args);

        if (strcasecmp(word, "All") == 0 || strcasecmp(word, "AuthConfig") == 0 || strcasecmp(word, "Require") == 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether a directive demands an authenticated user where it applies, or looks at the token itself. */
static int demands_user(apr_pool_t *pool, const ap_directive_t *node)
{
    return (is_named(node, "Require") && need_of(pool, node) == DEMANDS_USER) || lets_htaccess_require(pool, node)
           || (node->directive[0] == '<' && ap_strcasestr(node->args, "usermgmt_"));
}

/* --- AuthType Bearer that has no effect --------------------------------------------------------------------------- */

/* Whether the section itself says who may come. It does not when it only says who may not. */
static int has_own_require(apr_pool_t *pool, const ap_directive_t *auth_type)
{
    const ap_directive_t *place = auth_type->parent;
    int has = 0;

    for (const ap_directive_t *node = place->first_child; node; node = um_conftree_next(node, place)) {
        if (is_named(node, "Require") && place_around(node) == place) {
            if (need_of(pool, node) == REFUSES_USER) {
                return 0;
            }
            has = 1;
        }
    }
    return has;
}

/* Whether a directive demands a user where this AuthType may apply: in its host and in the main server, whose sections
 * apply to all hosts. Those of the main server meet the sections of all hosts. */
static int is_demanded(apr_pool_t *pool, const ap_directive_t *auth_type)
{
    const ap_directive_t *host = host_of(auth_type), *node = ap_conftree;

    while (node) {
        if (host && node != host && is_named(node, "<VirtualHost")) {
            node = node->next;
            continue;
        }
        if (demands_user(pool, node) && can_meet(pool, auth_type, node)) {
            return 1;
        }
        node = um_conftree_next(node, NULL);
    }
    return 0;
}

int um_conftree_require_missing(apr_pool_t *pool, const server_rec *server, const ap_directive_t **first)
{
    const ap_directive_t *host = um_conftree_section(server);
    const ap_directive_t *node = host ? host->first_child : server->is_virtual ? NULL : ap_conftree;
    int count = 0;

    *first = NULL;
    while (node) {
        if (!host && is_named(node, "<VirtualHost")) {
            node = node->next;
            continue;
        }
        if (um_conftree_is_bearer(node) && node->parent && !has_own_require(pool, node) && !is_demanded(pool, node)) {
            *first = *first ? *first : node;
            count++;
        }
        node = um_conftree_next(node, host);
    }
    return count;
}
