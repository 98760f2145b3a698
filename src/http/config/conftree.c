/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

const ap_directive_t *um_conftree_section(const server_rec *server)
{
    const ap_directive_t *node = server->is_virtual && server->defn_name ? ap_conftree : NULL;

    while (node && (strcasecmp(node->directive, "<VirtualHost") != 0
                    || (unsigned)node->line_num != server->defn_line_number
                    || strcmp(node->filename, server->defn_name) != 0)) {
        node = node->next;
    }
    return node;
}

static const ap_directive_t *last_of(const ap_directive_t *node, const char *name)
{
    const ap_directive_t *last = NULL;

    for (; node; node = node->next) {
        if (strcasecmp(node->directive, name) == 0) {
            last = node;
        }
    }
    return last;
}

const ap_directive_t *um_conftree_own(const server_rec *server, const char *name)
{
    const ap_directive_t *section;

    if (!server->is_virtual) {
        return last_of(ap_conftree, name);
    }
    section = um_conftree_section(server);
    return section ? last_of(section->first_child, name) : NULL;
}

const ap_directive_t *um_conftree_find(const server_rec *server, const char *name)
{
    const ap_directive_t *own = um_conftree_own(server, name);

    return own ? own : last_of(ap_conftree, name);
}

/* Whether the arguments of a Mutex directive name a type of mutex. The first word is the mechanism. */
static int names_mutex(const char *args, const char *type)
{
    apr_size_t len = strlen(type);

    args += strcspn(args, " \t");
    for (args += strspn(args, " \t"); *args; args += strspn(args, " \t")) {
        apr_size_t word = strcspn(args, " \t");

        if (word == len && strncasecmp(args, type, len) == 0) {
            return 1;
        }
        args += word;
    }
    return 0;
}

int um_conftree_mutex(const char *type)
{
    for (const ap_directive_t *node = ap_conftree; node; node = node->next) {
        if (strcasecmp(node->directive, "Mutex") == 0 && names_mutex(node->args, type)) {
            return 1;
        }
    }
    return 0;
}

const ap_directive_t *um_conftree_next(const ap_directive_t *node, const ap_directive_t *top)
{
    if (node->first_child) {
        return node->first_child;
    }
    while (node && node != top && !node->next) {
        node = node->parent;
    }
    return !node || node == top ? NULL : node->next;
}

int um_conftree_is_bearer(const ap_directive_t *node)
{
    const char *args = node->args;

    while (*args == '"' || *args == '\'' || *args == ' ') {
        args++;
    }
    return strcasecmp(node->directive, "AuthType") == 0 && strncasecmp(args, "bearer", 6) == 0;
}

int um_conftree_is_protected(const server_rec *server)
{
    const ap_directive_t *section = um_conftree_section(server);
    const ap_directive_t *node = section ? section->first_child : NULL;

    while (node && !um_conftree_is_bearer(node)) {
        node = um_conftree_next(node, section);
    }
    return node != NULL;
}
