/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <apr_strings.h>
#include <string.h>

static const struct {
    const char *name, *code, *text;
} messages[] = {
#define ROW(name, code, text) { #name, code, text },
    UM_MESSAGES(ROW)
#undef ROW
};

const char *um_message_name(um_message_e message)
{
    return messages[message].name;
}

const char *um_message_code(um_message_e message)
{
    return messages[message].code;
}

const char *um_message_text(apr_pool_t *pool, um_message_e message, const char *value)
{
    const char *text = messages[message].text;
    const char *at = value ? strstr(text, "%s") : NULL;

    return at ? apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), value, at + 2, NULL) : text;
}
