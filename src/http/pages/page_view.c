/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "api.h"
#include "authenticate.h"
#include "custom_field.h"
#include "html.h"
#include "json.h"
#include "local_path.h"
#include "mail_settings.h"
#include "module.h"
#include "store_user.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <ctype.h>
#include <http_protocol.h>
#include <string.h>

/* --- texts --- */

const char *um_page_view_filled(const um_page_request_t *page, const char *key, const um_json_t *values)
{
    return um_html_message(page->call->ctx.pool, page->call->server->html, page->language, key, values);
}

const char *um_page_view_text(const um_page_request_t *page, const char *key, const char *value)
{
    um_json_t *values = um_json_object(page->call->ctx.pool);

    um_json_put_text(values, "value", value);
    return um_page_view_filled(page, key, values);
}

const char *um_page_view_message(const um_page_request_t *page, um_message_e message, const char *value)
{
    apr_pool_t *pool = page->call->ctx.pool;
    char *key = apr_pstrcat(pool, "error.", um_message_name(message), NULL);
    const char *text;

    ap_str_tolower(key);
    text = um_page_view_text(page, key, value);
    return text ? text : um_message_text(pool, message, value);
}

/* --- the form --- */

const char *um_page_view_field(const um_page_request_t *page, const char *name)
{
    um_call_t *call = page->call;
    um_json_value_t value = um_json_get(call->doc ? call->doc->root : NULL, name);

    return value.kind == UM_JSON_STRING && strlen(value.text) == value.len ? value.text
           : call->doc ? NULL : um_query_text(call, name);
}

int um_page_view_is_secret(const char *name)
{
    return strstr(name, "password") || strcmp(name, "csrf") == 0;
}

static void put_input(um_page_request_t *page, um_json_t *input, const char *name, const char *value)
{
    if (!um_page_view_is_secret(name) && value) {
        um_json_put_text(input, name, value);
        um_json_put_text(page->view, apr_pstrcat(page->call->ctx.pool, "input_", name, NULL), value);
    }
}

/* What the link says. A page that has forms takes from its link only what brings people there: otherwise a link could
 * fill in a form so that they send what they have not read, such as another address. */
static void add_query(um_page_request_t *page, um_json_t *input)
{
    int has_form = um_page_act_has(page->page);
    const char *rest = page->call->r->args;
    um_json_t *earlier;

    while (rest && *rest) {
        char *name = ap_getword(page->call->ctx.pool, &rest, '&'), *value = strchr(name, '=');

        if (!value) {
            continue;
        }
        *value++ = '\0';
        if ((!has_form || strcmp(name, "username") == 0 || strcmp(name, "token") == 0)
            && !um_json_find(input, name, &earlier) && ap_unescape_urlencoded(value) != HTTP_NOT_FOUND) {
            put_input(page, input, name, value);
        }
    }
}

/* What was typed, so that nobody has to type it again; before that, what the link says. */
static void add_input(um_page_request_t *page)
{
    um_call_t *call = page->call;
    um_json_t *input = um_json_object(call->ctx.pool);
    const apr_array_header_t *names = call->doc ? um_json_names(call->ctx.pool, call->doc->root) : NULL;

    for (int i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        put_input(page, input, name, um_page_view_field(page, name));
    }
    if (!names && page->page) {
        add_query(page, input);
    }
    um_json_put(page->view, "input", input);
}

/* --- errors --- */

static const char *label_of(const um_page_request_t *page, const char *field)
{
    const um_custom_field_t *custom = um_custom_field_find(page->call->settings->core.custom_fields, field,
                                                           strlen(field));
    const char *text = um_page_view_text(page, apr_pstrcat(page->call->ctx.pool, "label.", field, NULL), NULL);

    return text ? text : custom ? custom->label : field;
}

/* The API names the field to which a password is similar as "email address", in English. */
static const char *text_of(const um_page_request_t *page, const um_error_t *error)
{
    static const char *const names[][2] = {
        { "username", "username" }, { "first name", "first_name" }, { "last name", "last_name" },
        { "email address", "email" },
    };
    const char *value = error->value;

    for (int i = 0; error->message == UM_MESSAGE_PASSWORD_TOO_SIMILAR && i < 4; i++) {
        value = strcmp(error->value, names[i][0]) == 0 ? label_of(page, names[i][1]) : value;
    }
    return strcmp(error->field, "confirm") == 0 ? um_page_view_text(page, "error.confirm", NULL)
           : um_page_view_message(page, error->message, value);
}

static void add_errors(um_page_request_t *page)
{
    um_call_t *call = page->call;
    um_json_t *list = um_json_list(call->ctx.pool);

    for (int i = 0; i < call->ctx.errors->nelts; i++) {
        const um_error_t *error = &APR_ARRAY_IDX(call->ctx.errors, i, um_error_t);
        const char *text = text_of(page, error);
        const char *name = apr_pstrcat(call->ctx.pool, "error_", error->field, NULL);
        um_json_t *one;

        if (strcmp(error->field, UM_NO_FIELD) == 0) {
            page->problem = page->problem ? page->problem : text;
            continue;
        }
        one = um_json_object(call->ctx.pool);
        um_json_put_text(one, "field", error->field);
        um_json_put_text(one, "label", label_of(page, error->field));
        um_json_put_text(one, "text", text);
        um_json_push(list, one);
        if (!um_json_child(page->view, name)) {
            um_json_put_text(page->view, name, text);
        }
    }
    um_json_put_bool(page->view, "has_errors", um_json_length(list) || page->problem);
    um_json_put(page->view, "errors", list);
    um_json_put_text(page->view, "problem", page->problem);
}

/* --- the site and the person --- */

static void add_person(um_page_request_t *page)
{
    const um_user_t *user = page->call->caller->user;
    um_json_t *out;

    if (user) {
        out = um_api_user_show(page->call, user);
        um_page_custom_remove(page, out);
        um_json_put_bool(out, "is_staff", user->is_staff);
        um_json_put(page->view, "user", out);
    }
}

static void add_site(um_page_request_t *page)
{
    const um_server_t *server = page->call->server;
    const um_settings_t *settings = &server->settings;
    int sends = server->mail_settings->sends;
    const char *path = um_page_route_url(page->call->r, "");

    um_json_put_text(page->view, "site", server->mail_settings->site);
    um_json_put_text(page->view, "path", path);
    um_json_put_text(page->view, "style", apr_pstrcat(page->call->ctx.pool, path, "style.css?v=",
                                                      server->style_digest, NULL));
    um_json_put_bool(page->view, "can_register", settings->registration == UM_REGISTRATION_OPEN);
    um_json_put_bool(page->view, "can_mail", sends);
    um_json_put_bool(page->view, "can_verify", sends && settings->core.email_verification != UM_VERIFY_OFF);
    um_json_put_bool(page->view, "must_verify", settings->core.email_verification == UM_VERIFY_REQUIRED);
    um_json_put_bool(page->view, "can_stay", settings->core.session_idle > 0);
    um_json_put_bool(page->view, "email_required", settings->core.login == UM_LOGIN_EMAIL
                                                   || settings->core.email_verification == UM_VERIFY_REQUIRED);
    um_json_put_bool(page->view, "login_username", settings->core.login == UM_LOGIN_USERNAME);
    um_json_put_bool(page->view, "login_email", settings->core.login == UM_LOGIN_EMAIL);
    um_json_put_bool(page->view, "login_both", settings->core.login == UM_LOGIN_BOTH);
    um_json_put_int(page->view, "password_min", settings->core.password_min_length);
}

/* Where to go after signing in. A path of this host alone, because a link to this page may come from anywhere. */
static void add_next(um_page_request_t *page)
{
    const char *next = um_page_view_field(page, "next");

    next = next && um_local_path_is(next) ? next : "";
    um_json_put_text(page->view, "next", next);
    um_json_put_text(page->view, "next_query",
                     *next ? apr_pstrcat(page->call->ctx.pool, "?next=",
                                         ap_escape_urlencoded(page->call->ctx.pool, next), NULL) : "");
}

void um_page_view_again(um_page_request_t *page, const char *next)
{
    apr_pool_t *pool = page->call->ctx.pool;

    um_json_put_text(page->view, "again_url",
                     apr_pstrcat(pool, um_page_route_url(page->call->r, "sign-in/?again=1&other=1&next="),
                                 ap_escape_urlencoded(pool, next), NULL));
}

static void add_notice(um_page_request_t *page)
{
    const char *key = page->call->doc ? NULL : um_page_view_field(page, "done");

    if (key && strlen(key) < 64 && !key[strspn(key, "abcdefghijklmnopqrstuvwxyz_")]) {
        um_json_put_text(page->view, "notice",
                         um_page_view_text(page, apr_pstrcat(page->call->ctx.pool, "done.", key, NULL), NULL));
    }
}

void um_page_view_make(um_page_request_t *page, const char *template)
{
    apr_pool_t *pool = page->call->ctx.pool;

    page->view = um_json_object(pool);
    um_json_put_text(page->view, "language", page->language);
    um_json_put_text(page->view, "direction", um_page_view_text(page, "direction", NULL));
    um_json_put_text(page->view, "page", template);
    um_json_put_bool(page->view, apr_pstrcat(pool, "page_", template, NULL), 1);
    um_json_put_text(page->view, "csrf", um_page_csrf_make(page->call->r));
    um_json_put_bool(page->view, "session_ended", page->has_ended);
    add_site(page);
    add_person(page);
    add_input(page);
    add_next(page);
    add_notice(page);
    add_errors(page);
}

const char *um_page_view_query(const um_page_request_t *page)
{
    apr_pool_t *pool = page->call->ctx.pool;
    const char *name = !page->page->is_of_query ? NULL : strstr(page->page->endpoint, "{group}") ? "group" : "id";
    const char *value = name ? um_page_view_field(page, name) : NULL;

    return value ? apr_pstrcat(pool, name, "=", ap_escape_urlencoded(pool, value), "&", NULL) : "";
}

const char *um_page_view_url(const um_page_request_t *page)
{
    const char *path = um_page_route_url(page->call->r, page->page->path), *query = um_page_view_query(page);

    return *query ? apr_pstrcat(page->call->ctx.pool, path, "?", apr_pstrndup(page->call->ctx.pool, query,
                                                                              strlen(query) - 1), NULL) : path;
}
