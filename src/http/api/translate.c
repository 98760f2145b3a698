/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the API in the language of the request, where UserMgmtTranslateErrors is On. */
#include "api.h"

#include "html.h"
#include "json.h"
#include "module.h"

#include <apr_strings.h>
#include <string.h>

/* The language of messages. NULL: English, as message.h has it. */
static const char *language_of(const um_call_t *call)
{
    const um_html_t *html = call->server->html;
    const char *language;

    if (!call->settings->translate_errors || !html) {
        return NULL;
    }
    language = um_html_language(call->ctx.pool, html, apr_table_get(call->r->headers_in, "Accept-Language"));
    return strcmp(language, "en") == 0 ? NULL : language;
}

/* The message of a catalogue; NULL: there is none. */
static const char *look_up(const um_call_t *call, const char *language, const char *key, const char *value)
{
    um_json_t *values = um_json_object(call->ctx.pool);

    um_json_put_text(values, "value", value);
    return um_html_message(call->ctx.pool, call->server->html, language, key, values);
}

const char *um_translate_message(const um_call_t *call, um_message_e message, const char *value)
{
    apr_pool_t *pool = call->ctx.pool;
    const char *language = language_of(call), *text = NULL;

    if (call->settings->translate_errors) {
        apr_table_setn(call->r->headers_out, "Content-Language", language ? language : "en");
    }
    if (language) {
        char *key = apr_pstrcat(pool, "error.", um_message_name(message), NULL);

        ap_str_tolower(key);
        text = look_up(call, language, key, value);
    }
    return text ? text : um_message_text(pool, message, value);
}

/* The value of this message is the label of a field, in English. */
static const char *value_of(const um_call_t *call, const um_error_t *error)
{
    static const char *const labels[][2] = {
        { "username", "label.username" }, { "first name", "label.first_name" }, { "last name", "label.last_name" },
        { "email address", "label.email" },
    };
    const char *language = error->message == UM_MESSAGE_PASSWORD_TOO_SIMILAR ? language_of(call) : NULL;

    for (int i = 0; language && i < 4; i++) {
        if (strcmp(error->value, labels[i][0]) == 0) {
            return look_up(call, language, labels[i][1], NULL);
        }
    }
    return error->value;
}

const char *um_translate_error(const um_call_t *call, const um_error_t *error)
{
    return um_translate_message(call, error->message, value_of(call, error));
}

void um_translate_vary(const um_call_t *call)
{
    if (call->settings->translate_errors) {
        apr_table_mergen(call->r->headers_out, "Vary", "Accept-Language");
    }
}
