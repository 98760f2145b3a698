/* SPDX-License-Identifier: Apache-2.0 */
#include "identity_headers.h"

#include "caller.h"
#include "identity_headers_set.h"
#include "module.h"
#include "request.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

/* --- what is ours --- */

/* Applications see header names folded: WSGI, CGI and others turn hyphens and more into underscores. So whatever is no
 * letter and no digit counts as a hyphen. */
static int is_ours(const char *name)
{
    static const char ours[] = "x-usermgmt-";

    for (const char *c = ours; *c; c++, name++) {
        if (*c == '-' ? !*name || apr_isalnum(*name) : apr_tolower(*name) != *c) {
            return 0;
        }
    }
    return 1;
}

static const char *first_of_ours(const apr_table_t *headers)
{
    const apr_array_header_t *all = apr_table_elts(headers);

    for (int i = 0; i < all->nelts; i++) {
        const char *name = APR_ARRAY_IDX(all, i, apr_table_entry_t).key;

        if ((name[0] == 'X' || name[0] == 'x') && is_ours(name)) {
            return name;
        }
    }
    return NULL;
}

static void remove_ours(apr_table_t *headers)
{
    for (const char *name = first_of_ours(headers); name; name = first_of_ours(headers)) {
        apr_table_unset(headers, name);
    }
}

/* --- forged copies --- */

static void put_back(request_rec *r, const char *name, const char *value)
{
    if (value) {
        apr_table_setn(r->headers_in, name, value);
    }
    else {
        apr_table_unset(r->headers_in, name);
    }
}

static const char *next_option(const char *at, const char **word)
{
    *word = at + strspn(at, ", \t");
    return *word + strcspn(*word, ", \t");
}

/* What no client may have taken out of a request: a proxy takes out what Connection names, also when we have set it. */
static int is_to_stay(const char *word, apr_size_t len)
{
    return is_ours(word) || (len == strlen("Authorization") && strncasecmp(word, "Authorization", len) == 0)
           || (len == strlen("Cookie") && strncasecmp(word, "Cookie", len) == 0);
}

/* The options of a Connection header without those; NULL when there are none. */
static const char *without_those(apr_pool_t *pool, const char *connection)
{
    char *rest = apr_palloc(pool, strlen(connection) + 1);
    char *at = rest;
    const char *word;
    const char *end;
    int found = 0;

    for (end = next_option(connection, &word); *word; end = next_option(end, &word)) {
        if (is_to_stay(word, (apr_size_t)(end - word))) {
            found = 1;
            continue;
        }
        if (at > rest) {
            *at++ = ',';
        }
        memcpy(at, word, (apr_size_t)(end - word));
        at += end - word;
    }
    *at = '\0';
    return found ? rest : NULL;
}

static void scrub_connection(request_rec *r)
{
    const char *connection = apr_table_get(r->headers_in, "Connection");
    const char *rest = connection ? without_those(r->pool, connection) : NULL;

    if (rest) {
        put_back(r, "Connection", *rest ? rest : NULL);
    }
}

int um_identity_headers_scrub(request_rec *r)
{
    /* A redirect has the headers of the first request. Those to a forward proxy are for the origin server. */
    if (um_server_of(r->server)->keys && !r->prev && !um_request_is_forward(r)) {
        remove_ours(r->headers_in);
        scrub_connection(r);
    }
    return DECLINED;
}

/* --- CGI variables of headers --- */

#define OURS "X_USERMGMT_"

/* Whether it is the variable of such a header. A subrequest has those of its page (mod_include sets them), and after an
 * internal redirect httpd keeps those of the first program, with REDIRECT_ before their names. Configurations set them,
 * too (SetEnvIf, RewriteRule). */
static int is_copy_of(const char *variable, const char *header)
{
    while (strncmp(variable, "REDIRECT_", strlen("REDIRECT_")) == 0) {
        variable += strlen("REDIRECT_");
    }
    if (strncmp(variable, "HTTP_", strlen("HTTP_")) != 0) {
        return 0;
    }
    variable += strlen("HTTP_");
    return strcmp(header, OURS) == 0 ? is_ours(variable) : strcmp(variable, header) == 0;
}

static void remove_copies(request_rec *r, const char *header)
{
    const apr_array_header_t *all = apr_table_elts(r->subprocess_env);

    for (int i = 0; i < all->nelts; i++) {
        const char *name = APR_ARRAY_IDX(all, i, apr_table_entry_t).key;

        if (is_copy_of(name, header)) {
            apr_table_unset(r->subprocess_env, name);
            i = -1;
        }
    }
}

/* --- requests that belong to another --- */

static void put_back_original(request_rec *r, const char *name, const char *variable, const char *original)
{
    const char *changed = apr_table_get(r->headers_in, name);

    if (changed && original ? strcmp(changed, original) != 0 : changed != original) {
        put_back(r, name, original);
        remove_copies(r, variable);
    }
}

/* Gives r the headers that the client sent for the request of that record, and no variables that were made of those we
 * had set instead. */
static void restore(request_rec *r, const um_request_t *known)
{
    remove_ours(r->headers_in);
    remove_copies(r, OURS);
    put_back_original(r, "Authorization", "AUTHORIZATION", known->original[UM_REQUEST_AUTHORIZATION]);
    put_back_original(r, "Cookie", "COOKIE", known->original[UM_REQUEST_COOKIE]);
}

static void undo(request_rec *r)
{
    um_request_t *known = um_request_look(r);

    if (known && known->is_changed) {
        restore(r, known);
        known->is_changed = 0;
    }
}

int um_identity_headers_create(request_rec *r)
{
    const um_request_t *main = r->main && !r->prev ? um_request_look(r->main) : NULL;

    if (r->prev) {
        /* The two share a table of headers. */
        undo(r->prev);
    }
    else if (main && main->is_changed) {
        restore(r, main);
    }
    return OK;
}

/* --- the environment --- */

static void set_environment(request_rec *r, const um_identity_t *identity)
{
    const um_identity_attribute_t *attribute;

    for (unsigned i = 0; (attribute = um_identity_attribute_at(i)) != NULL; i++) {
        apr_table_setn(r->subprocess_env, attribute->variable, um_identity_attribute_value(attribute, identity));
    }
}

/* A subrequest starts with the environment of its main request, whose place may ask who calls though its own does
 * not. */
static void clear_environment(request_rec *r)
{
    const um_identity_attribute_t *attribute;

    for (unsigned i = 0; (attribute = um_identity_attribute_at(i)) != NULL; i++) {
        apr_table_unset(r->subprocess_env, attribute->variable);
    }
}

/* --- headers --- */

static void change(request_rec *r)
{
    um_request_t *known = um_request_of(r);

    if (!known->is_changed) {
        known->original[UM_REQUEST_AUTHORIZATION] = um_request_header(r, UM_REQUEST_AUTHORIZATION);
        known->original[UM_REQUEST_COOKIE] = um_request_header(r, UM_REQUEST_COOKIE);
        known->is_changed = 1;
    }
}

/* Whether an application here is not to see the token of the request, wherever it was. */
static int hides_token(const um_dir_config_t *dir)
{
    return dir->authorization.what == UM_AUTHORIZATION_DROP || dir->authorization.what == UM_AUTHORIZATION_TEXT;
}

static void cut_token(request_rec *r, const um_dir_config_t *dir, um_token_source_e kind)
{
    for (int i = 0; hides_token(dir) && i < dir->sources->nelts; i++) {
        const um_token_source_t *source = &APR_ARRAY_IDX(dir->sources, i, um_token_source_t);

        if (source->kind == kind) {
            um_token_source_remove(r, source);
        }
    }
}

static void set_authorization(request_rec *r, const um_dir_config_t *dir)
{
    const char *token = um_caller_token(r);
    int echoes = r->method_number == M_TRACE;

    change(r);
    if (hides_token(dir)) {
        remove_copies(r, "COOKIE");
        put_back(r, "Authorization", echoes ? NULL : dir->authorization.text);
    }
    else {
        put_back(r, "Authorization", token ? apr_pstrcat(r->pool, "Bearer ", token, NULL) : NULL);
    }
    remove_copies(r, "AUTHORIZATION");
    cut_token(r, dir, UM_TOKEN_SOURCE_COOKIE);
}

static void set_headers(request_rec *r, const um_identity_t *identity)
{
    const um_dir_config_t *dir = um_dir_config_of(r);

    if (identity && dir->identity_headers && r->method_number != M_TRACE) {
        change(r);
        um_request_of(r)->is_untold = !um_identity_headers_set(r, r->headers_in, identity, dir->identity_headers);
    }
    if (dir->authorization.what != UM_AUTHORIZATION_FORWARD) {
        set_authorization(r, dir);
    }
}

/* mod_proxy sends it on where r->user is not set, as where only an expression has looked at it. */
static void drop_proxy_authorization(request_rec *r)
{
    const um_request_t *known = um_request_look(r);

    if (known && known->credential.state != UM_CREDENTIAL_NONE
        && !apr_table_get(r->subprocess_env, "Proxy-Chain-Auth")) {
        apr_table_unset(r->headers_in, "Proxy-Authorization");
    }
}

/* --- when --- */

static int is_for_us(const request_rec *r)
{
    const um_request_t *known = um_request_look(r);

    return um_server_of(r->server)->site && !(known && known->route);
}

/* Sets environment and headers as the place of r wants them, whatever an earlier place wanted. */
static void apply(request_rec *r)
{
    const um_identity_t *identity;

    undo(r);
    if (um_request_look(r)) {
        um_request_look(r)->is_untold = 0;
    }
    identity = um_caller_of(r);
    if (identity) {
        set_environment(r, identity);
    }
    else if (r->main || um_request_look(r)) {
        clear_environment(r);
    }
    /* The origin server's. */
    if (!um_request_is_forward(r)) {
        set_headers(r, identity);
    }
    if (um_request_look(r)) {
        um_request_look(r)->applied = r->per_dir_config;
    }
}

int um_identity_headers_fixups(request_rec *r)
{
    if (is_for_us(r)) {
        um_request_take_over(r);
        apply(r);
        if (um_request_look(r)) {
            um_request_look(r)->is_allowed = 1;
        }
    }
    return DECLINED;
}

int um_identity_headers_refuse(request_rec *r)
{
    const um_request_t *known = um_request_look(r);

    /* A redirect of mod_rewrite is no application; what it leads to has a place of its own. */
    return known && known->is_untold && strcmp(r->handler ? r->handler : "", "redirect-handler") != 0
           ? HTTP_INTERNAL_SERVER_ERROR : DECLINED;
}

void um_identity_headers_settle(request_rec *r)
{
    const um_request_t *known;

    if (!is_for_us(r)) {
        return;
    }
    um_request_take_over(r);
    known = um_request_look(r);
    if (!known || known->applied != r->per_dir_config) {
        apply(r);
    }
    if (um_request_is_forward(r)) {
        drop_proxy_authorization(r);
    }
    else {
        cut_token(r, um_dir_config_of(r), UM_TOKEN_SOURCE_QUERY);
    }
}
