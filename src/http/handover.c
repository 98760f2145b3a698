/* SPDX-License-Identifier: Apache-2.0 */
#include "handover.h"

#include "caller.h"
#include "place.h"
#include "request.h"
#include "server.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

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

static const char *next_option(const char *at, const char **word)
{
    *word = at + strspn(at, ", \t");
    return *word + strcspn(*word, ", \t");
}

static int names_ours(const char *connection)
{
    const char *word;
    const char *end;

    for (end = next_option(connection, &word); *word; end = next_option(end, &word)) {
        if (is_ours(word)) {
            return 1;
        }
    }
    return 0;
}

static void scrub_connection(request_rec *r)
{
    const char *connection = apr_table_get(r->headers_in, "Connection");
    const char *kept = "";
    const char *word;
    const char *end;

    if (!connection || !names_ours(connection)) {
        return;
    }
    for (end = next_option(connection, &word); *word; end = next_option(end, &word)) {
        if (!is_ours(word)) {
            kept = apr_pstrcat(r->pool, kept, *kept ? ", " : "",
                               apr_pstrmemdup(r->pool, word, (apr_size_t)(end - word)), NULL);
        }
    }
    if (*kept) {
        apr_table_setn(r->headers_in, "Connection", kept);
    }
    else {
        apr_table_unset(r->headers_in, "Connection");
    }
}

int um_handover_scrub(request_rec *r)
{
    /* What a redirect shows was put there by us. */
    if (um_server_of(r->server)->keys && !r->prev) {
        remove_ours(r->headers_in);
        scrub_connection(r);
    }
    return DECLINED;
}

/* --- requests that belong to another --- */

static void put_back(request_rec *r, const char *name, const char *value)
{
    if (value) {
        apr_table_setn(r->headers_in, name, value);
    }
    else {
        apr_table_unset(r->headers_in, name);
    }
}

int um_handover_undo(request_rec *r)
{
    for (const request_rec *from = um_request_parent(r); from; from = um_request_parent(from)) {
        const um_request_t *known = um_request_look(from);

        if (known && known->is_changed) {
            remove_ours(r->headers_in);
            put_back(r, "Authorization", known->original[UM_REQUEST_AUTHORIZATION]);
            put_back(r, "Cookie", known->original[UM_REQUEST_COOKIE]);
            break;
        }
    }
    return DECLINED;
}

/* --- the environment --- */

static const char *const variables[] = {
    "USERMGMT_ID", "USERMGMT_USERNAME", "USERMGMT_EMAIL", "USERMGMT_GROUPS", "USERMGMT_STAFF", "USERMGMT_FIRST_NAME",
    "USERMGMT_LAST_NAME"
};

static void set_environment(request_rec *r, const um_identity_t *identity)
{
    const char *const values[] = {
        identity->user_id, identity->username, identity->email, identity->groups, identity->is_staff ? "1" : "0",
        identity->first_name, identity->last_name
    };

    for (apr_size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        apr_table_setn(r->subprocess_env, variables[i], values[i]);
    }
}

/* A subrequest starts with the environment of its main request, whose place may ask who calls though its own does
 * not. */
static void clear_environment(request_rec *r)
{
    for (apr_size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        apr_table_unset(r->subprocess_env, variables[i]);
    }
}

/* --- headers --- */

/* NUL and other C0 controls, DEL, and C1 controls, which UTF-8 writes as C2 80 to C2 9F. */
static const char *printable(apr_pool_t *pool, const char *text)
{
    char *copy = NULL;

    for (apr_size_t i = 0; text[i]; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char next = (unsigned char)text[i + 1];
        int is_c1 = c == 0xC2 && next >= 0x80 && next <= 0x9F;

        if (c < ' ' || c == 0x7F || is_c1) {
            copy = copy ? copy : apr_pstrdup(pool, text);
            copy[i] = ' ';
            i += (apr_size_t)is_c1;
            copy[i] = ' ';
        }
    }
    return copy ? copy : text;
}

void um_handover_headers(apr_pool_t *pool, apr_table_t *headers, const um_identity_t *identity)
{
    apr_table_setn(headers, "X-Usermgmt-Id", identity->user_id);
    apr_table_setn(headers, "X-Usermgmt-Username", printable(pool, identity->username));
    apr_table_setn(headers, "X-Usermgmt-Email", printable(pool, identity->email));
    apr_table_setn(headers, "X-Usermgmt-Groups", printable(pool, identity->groups));
    apr_table_setn(headers, "X-Usermgmt-Staff", identity->is_staff ? "1" : "0");
}

static void change(request_rec *r)
{
    um_request_t *known = um_request_of(r);

    if (!known->is_changed) {
        known->original[UM_REQUEST_AUTHORIZATION] = um_request_header(r, UM_REQUEST_AUTHORIZATION);
        known->original[UM_REQUEST_COOKIE] = um_request_header(r, UM_REQUEST_COOKIE);
        known->is_changed = 1;
    }
}

static void set_authorization(request_rec *r, const um_place_t *place)
{
    const char *token = um_caller_token(r);
    int echoes = r->method_number == M_TRACE;

    change(r);
    switch (place->authorization.what) {
    case UM_ONWARD_FORWARD:
        return;
    case UM_ONWARD_BEARER:
        put_back(r, "Authorization", token ? apr_pstrcat(r->pool, "Bearer ", token, NULL) : NULL);
        return;
    case UM_ONWARD_DROP:
    case UM_ONWARD_TEXT:
        put_back(r, "Authorization", echoes ? NULL : place->authorization.text);
        break;
    }
    for (int i = 0; i < place->sources->nelts; i++) {
        um_source_cut(r, &APR_ARRAY_IDX(place->sources, i, um_source_t));
    }
}

int um_handover_fixups(request_rec *r)
{
    const um_place_t *place = um_place_of(r);
    const um_identity_t *identity = um_caller_of(r);
    um_request_t *known = um_request_look(r);

    if (!um_server_of(r->server)->site || (known && known->route)) {
        return DECLINED;
    }
    if (known) {
        known->is_allowed = 1;
    }
    if (identity) {
        set_environment(r, identity);
    }
    else if (r->main) {
        clear_environment(r);
    }
    if (identity && place->identity_headers && r->method_number != M_TRACE) {
        change(r);
        um_handover_headers(r->pool, r->headers_in, identity);
    }
    if (place->authorization.what != UM_ONWARD_FORWARD) {
        set_authorization(r, place);
    }
    return DECLINED;
}
