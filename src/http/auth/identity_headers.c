/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "module.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

/* --- names of our headers --- */

/* Applications see folded header names: WSGI, CGI and others make underscores of hyphens and more. So any character
 * that is no letter and no digit counts as a hyphen. */
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

static void set_or_unset(request_rec *r, const char *name, const char *value)
{
    if (value) {
        apr_table_setn(r->headers_in, name, value);
    }
    else {
        apr_table_unset(r->headers_in, name);
    }
}

/* --- removing what a client sends in our name --- */

static const char *next_option(const char *at, const char **word)
{
    *word = at + strspn(at, ", \t");
    return *word + strcspn(*word, ", \t");
}

/* Headers that a client must not remove from a request. A proxy removes what Connection names, also when this module
 * has set it. */
static int is_protected(const char *word, apr_size_t len)
{
    return is_ours(word) || (len == strlen("Authorization") && strncasecmp(word, "Authorization", len) == 0)
           || (len == strlen("Cookie") && strncasecmp(word, "Cookie", len) == 0);
}

/* The options of a Connection header without protected names; NULL: it has none of them. */
static const char *without_protected(apr_pool_t *pool, const char *connection)
{
    char *rest = apr_palloc(pool, strlen(connection) + 1);
    char *at = rest;
    const char *word;
    const char *end;
    int found = 0;

    for (end = next_option(connection, &word); *word; end = next_option(end, &word)) {
        if (is_protected(word, (apr_size_t)(end - word))) {
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
    const char *rest = connection ? without_protected(r->pool, connection) : NULL;

    if (rest) {
        set_or_unset(r, "Connection", *rest ? rest : NULL);
    }
}

int um_identity_headers_scrub(request_rec *r)
{
    /* A redirect has the headers of the first request. The headers of a request to a forward proxy are meant for the
     * origin server. */
    if (um_server_of(r->server)->keys && !r->prev && !um_request_is_forward(r)) {
        remove_ours(r->headers_in);
        scrub_connection(r);
    }
    return DECLINED;
}

/* --- CGI variables of headers --- */

#define OURS "X_USERMGMT_"      /* in place of one header's name: all of ours */

/* Whether it is the variable of such a header. A subrequest has the variables of its page (mod_include sets them).
 * After an internal redirect httpd keeps those of the first program, with REDIRECT_ before their names. Configurations
 * set such variables, too (SetEnvIf, RewriteRule). */
static int is_variable_of(const char *variable, const char *header)
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

static void remove_variables(request_rec *r, const char *header)
{
    const apr_array_header_t *all = apr_table_elts(r->subprocess_env);

    for (int i = 0; i < all->nelts; i++) {
        const char *name = APR_ARRAY_IDX(all, i, apr_table_entry_t).key;

        if (is_variable_of(name, header)) {
            apr_table_unset(r->subprocess_env, name);
            i = -1;
        }
    }
}

/* --- changing headers, and the client's own again --- */

/* Keeps the client's headers before the first change. */
static um_request_t *begin_change(request_rec *r)
{
    um_request_t *record = um_request_make(r);

    if (!record->is_changed) {
        record->original[UM_REQUEST_AUTHORIZATION] = um_request_header(r, UM_REQUEST_AUTHORIZATION);
        record->original[UM_REQUEST_COOKIE] = um_request_header(r, UM_REQUEST_COOKIE);
        record->is_changed = 1;
    }
    return record;
}

static void restore_header(request_rec *r, const char *name, const char *variable, const char *original)
{
    const char *changed = apr_table_get(r->headers_in, name);

    if (changed && original ? strcmp(changed, original) != 0 : changed != original) {
        set_or_unset(r, name, original);
        remove_variables(r, variable);
    }
}

/* Gives r the headers that the client sent, from the record of a request with changed headers. Removes the variables
 * that were made of changed headers. */
static void restore(request_rec *r, const um_request_t *record)
{
    remove_ours(r->headers_in);
    remove_variables(r, OURS);
    restore_header(r, "Authorization", "AUTHORIZATION", record->original[UM_REQUEST_AUTHORIZATION]);
    restore_header(r, "Cookie", "COOKIE", record->original[UM_REQUEST_COOKIE]);
}

static void undo(request_rec *r)
{
    um_request_t *record = um_request_get(r);

    if (record && record->is_changed) {
        restore(r, record);
        record->is_changed = 0;
    }
}

int um_identity_headers_create(request_rec *r)
{
    const um_request_t *main = r->main && !r->prev ? um_request_get(r->main) : NULL;

    if (r->prev) {
        /* The two share a table of headers. */
        undo(r->prev);
    }
    else if (main && main->is_changed) {
        restore(r, main);
    }
    return OK;
}

/* --- applying the settings of a directory --- */

/* Whether the application must not see the token of the request, wherever it was. */
static int hides_token(const um_dir_config_t *dir)
{
    return dir->authorization.what == UM_AUTHORIZATION_DROP || dir->authorization.what == UM_AUTHORIZATION_TEXT;
}

static void remove_tokens_of(request_rec *r, const um_dir_config_t *dir, um_token_source_e kind)
{
    const apr_array_header_t *sources = um_dir_config_sources(dir);

    for (int i = 0; hides_token(dir) && i < sources->nelts; i++) {
        const um_token_source_t *source = &APR_ARRAY_IDX(sources, i, um_token_source_t);

        if (source->kind == kind) {
            um_token_remove(r, source);
        }
    }
}

static void set_authorization(request_rec *r, const um_dir_config_t *dir)
{
    const char *token = um_request_token(r);
    /* The answer to TRACE shows the headers to the client. */
    int shows_headers = r->method_number == M_TRACE;

    (void)begin_change(r);
    if (hides_token(dir)) {
        remove_variables(r, "COOKIE");
        set_or_unset(r, "Authorization", shows_headers ? NULL : dir->authorization.text);
    }
    else {
        set_or_unset(r, "Authorization", token ? apr_pstrcat(r->pool, "Bearer ", token, NULL) : NULL);
    }
    remove_variables(r, "AUTHORIZATION");
    remove_tokens_of(r, dir, UM_TOKEN_SOURCE_COOKIE);
}

/* Where this module knows the caller, applications get who it is. None of them needs a token by which a session can be
 * prolonged for months, or the value by which a form is known as one of the pages. */
static void hide_own_cookies(request_rec *r)
{
    if (um_token_has_own(r)) {
        (void)begin_change(r);
        um_token_remove_own(r);
        remove_variables(r, "COOKIE");
    }
}

void um_identity_headers_apply(request_rec *r)
{
    const um_dir_config_t *dir = um_dir_config_of(r);
    const um_identity_t *identity;
    um_request_t *record = um_request_get(r);

    undo(r);
    if (record) {
        record->is_incomplete = 0;
    }
    identity = um_request_identity(r);
    /* A subrequest starts with the environment of its main request, which may have a caller where it has none itself.
     * */
    if (identity || r->main || record) {
        um_identity_set_environment(r, identity);
    }
    /* The headers of a request to a forward proxy are meant for the origin server. */
    if (um_request_is_forward(r)) {
        return;
    }
    if (identity && dir->identity_headers && r->method_number != M_TRACE) {
        record = begin_change(r);
        record->is_incomplete = !um_identity_set_headers(r, r->headers_in, identity, dir->identity_headers);
    }
    if (dir->authorization.what != UM_AUTHORIZATION_FORWARD) {
        set_authorization(r, dir);
    }
    if (identity || (record && record->token.sources)) {
        hide_own_cookies(r);
    }
}

void um_identity_headers_remove_tokens(request_rec *r)
{
    const um_request_t *record = um_request_get(r);

    if (!um_request_is_forward(r)) {
        remove_tokens_of(r, um_dir_config_of(r), UM_TOKEN_SOURCE_QUERY);
    }
    /* mod_proxy forwards Proxy-Authorization where r->user is not set, as when only an expression has verified it. */
    else if (record && record->token.state != UM_AUTH_NONE
             && !apr_table_get(r->subprocess_env, "Proxy-Chain-Auth")) {
        apr_table_unset(r->headers_in, "Proxy-Authorization");
    }
}
