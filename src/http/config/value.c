/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"
#include "pwhash.h"
#include "unicode.h"
#include "web_origin.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define LONGEST_NAME 64

static int is_same(const char *text, const char *word)
{
    return strcasecmp(text, word) == 0;
}

/* The index of text in words, which ends with NULL; the index of NULL if text is not there. */
static int index_of(const char *text, const char *const *words)
{
    int i = 0;

    while (words[i] && !is_same(text, words[i])) {
        i++;
    }
    return i;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

typedef struct unit_t {
    const char *suffix;
    apr_int64_t factor;
} unit_t;

/* A bound in the largest unit in which it is a whole number. */
static const char *with_unit(apr_pool_t *pool, const unit_t *units, apr_int64_t value)
{
    const unit_t *best = units;

    for (const unit_t *unit = units; unit->suffix; unit++) {
        if (value && value % unit->factor == 0) {
            best = unit;
        }
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "%s", value / best->factor, best->suffix);
}

static const char *read_number(apr_pool_t *pool, const um_value_row_t *row, const char *text, const char *what,
                               const unit_t *units, apr_int64_t *value)
{
    char *end = NULL;
    apr_int64_t number;

    errno = 0;
    number = apr_strtoi64(text, &end, 10);
    for (const unit_t *unit = units; unit->suffix && errno == 0 && end != text; unit++) {
        if (is_same(end, unit->suffix) && number >= 0 && number <= row->most
            && number * unit->factor >= row->least && number * unit->factor <= row->most) {
            *value = number * unit->factor;
            return NULL;
        }
    }
    return apr_psprintf(pool, "must be a %s from %s to %s", what, with_unit(pool, units, row->least),
                        with_unit(pool, units, row->most));
}

const char *um_value_number(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const unit_t units[] = { { "", 1 }, { NULL, 0 } };

    return read_number(pool, row, text, "number", units, value);
}

const char *um_value_seconds(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const unit_t units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { NULL, 0 } };

    return read_number(pool, row, text, "time", units, value);
}

const char *um_value_bytes(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const unit_t units[] = { { "", 1 }, { "k", 1024 }, { "m", 1048576 }, { NULL, 0 } };

    return read_number(pool, row, text, "size", units, value);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

const char *um_value_flag(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    int *flag = value;

    (void)pool;
    (void)row;
    *flag = is_same(text, "on");
    return *flag || is_same(text, "off") ? NULL : "must be On or Off";
}

const char *um_value_verification(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const char *const words[] = { "off", "on", "required", NULL };
    int i = index_of(text, words);

    (void)pool;
    (void)row;
    *(um_verify_e *)value = (um_verify_e)i;
    return words[i] ? NULL : "must be off, on or required";
}

const char *um_value_email_change(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const char *const words[] = { "direct", "confirm", NULL };
    int i = index_of(text, words);

    (void)pool;
    (void)row;
    *(um_email_change_e *)value = (um_email_change_e)i;
    return words[i] ? NULL : "must be direct or confirm";
}

const char *um_value_login(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const char *const words[] = { "username", "email", "both", NULL };
    int i = index_of(text, words);

    (void)pool;
    (void)row;
    *(um_login_e *)value = (um_login_e)i;
    return words[i] ? NULL : "must be username, email or both";
}

const char *um_value_registration(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const char *const words[] = { "open", "staff", "invite", "off", NULL };
    int i = index_of(text, words);

    (void)pool;
    (void)row;
    *(um_registration_e *)value = (um_registration_e)i;
    return words[i] ? NULL : "must be open, staff, invite or off";
}

/* --- texts and paths ---------------------------------------------------------------------------------------------- */

/* These texts end up in header fields, tokens and mails. */
const char *um_value_text(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    (void)row;
    if (!*text || !um_unicode_valid(text, strlen(text)) || text[strcspn(text, "\"\\")]) {
        return "must be text in UTF-8, without \" and \\";
    }
    for (const char *c = text; *c; c++) {
        if (apr_iscntrl(*c)) {
            return "must be one line without control characters";
        }
    }
    *(const char **)value = apr_pstrdup(pool, text);
    return NULL;
}

const char *um_value_path(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    const char **path = value;

    (void)row;
    *path = *text && !is_same(text, "none") ? ap_server_root_relative(pool, text) : NULL;
    return *path || is_same(text, "none") ? NULL : "must be a path, or none";
}

const char *um_value_log_file(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    if (*text != '|') {
        return um_value_path(pool, row, text, value) ? "must be a path, a program after |, or none" : NULL;
    }
    *(const char **)value = apr_pstrdup(pool, text);
    return text[1 + strspn(text + 1, "|$")] ? NULL : "must have a program after the |";
}

const char *um_value_reserved_names(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    const char **path = value;

    (void)row;
    *path = NULL;
    if (is_same(text, "off")) {
        return NULL;
    }
    *path = is_same(text, "default") ? "" : *text ? ap_server_root_relative(pool, text) : NULL;
    return *path ? NULL : "must be default, off, or a path";
}

const char *um_value_password_hash(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    um_pwhash_params_t *params = apr_pcalloc(pool, sizeof(*params));
    const char *why = NULL;

    (void)row;
    *(const um_pwhash_params_t **)value = params;
    return um_pwhash_params(pool, text, params, &why) == APR_SUCCESS ? NULL : why;
}

/* Whether text can be the name of a cookie or of a parameter. */
static int is_name(const char *text)
{
    apr_size_t len = 0;

    while (apr_isalnum(text[len]) || (text[len] && strchr("_-.", text[len]))) {
        len++;
    }
    return len && len <= LONGEST_NAME && !text[len];
}

/* Over TLS the name is used with the prefix __Host-, so it must not have a prefix of that kind already. */
const char *um_value_cookie(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    const char **name = value;

    (void)row;
    *name = is_same(text, "none") ? NULL : apr_pstrdup(pool, text);
    return !*name || (is_name(text) && strncmp(text, "__", 2) != 0) ? NULL
           : "must be a name of letters, digits, and _ - . that does not begin with __; or none";
}

/* --- lists: text has all arguments as they were typed ------------------------------------------------------------- */

/* Whether the arguments are this one word, in quotes or not. */
static int is_word(apr_pool_t *pool, const char *args, const char *word)
{
    return is_same(ap_getword_conf(pool, &args), word) && !*args;
}

/* Reads a list of words into bits: 1 << the index of each word. Whether all words are known and there is at least
 * one. */
static int read_bits(apr_pool_t *pool, const char *args, const char *const *words, unsigned *bits)
{
    *bits = 0;
    while (*args) {
        int i = index_of(ap_getword_conf(pool, &args), words);

        if (!words[i]) {
            return 0;
        }
        *bits |= 1U << i;
    }
    return *bits != 0;
}

const char *um_value_endpoints(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const char *const words[] = { "token", "reset", "register", NULL };
    unsigned *bits = value;

    (void)row;
    *bits = 0;
    return is_word(pool, text, "none") || read_bits(pool, text, words, bits)
           ? NULL : "must be none, or one or more of token, reset and register";
}

/* Bearer cannot be left out: client tokens and the answers to signing in name it. */
const char *um_value_token_scheme(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const char *const words[] = { "bearer", "token", NULL };     /* as um_scheme_e */
    unsigned *bits = value;

    (void)row;
    return read_bits(pool, text, words, bits) && (*bits & UM_SCHEME_BEARER) ? NULL : "must be Bearer, or Bearer Token";
}

const char *um_value_identity_headers(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    unsigned *bits = value, bit = 1;

    (void)row;
    *bits = is_word(pool, text, "on") ? um_identity_attribute_headers_on() : 0;
    if (*bits || is_word(pool, text, "off")) {
        return NULL;
    }
    while (*text && bit) {
        bit = um_identity_attribute_header(ap_getword_conf(pool, &text));
        *bits |= bit;
    }
    return *bits && bit ? NULL : apr_pstrcat(pool, "must be On or Off, or name headers: ",
                                             um_identity_attribute_header_words(pool), NULL);
}

const char *um_value_origins(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    apr_array_header_t *origins = apr_array_make(pool, 2, sizeof(const char *));
    const char *origin = NULL;

    (void)row;
    *(const apr_array_header_t **)value = NULL;
    if (is_word(pool, text, "none")) {
        return NULL;
    }
    *(const apr_array_header_t **)value = origins;
    do {
        origin = um_web_origin_normalize(pool, ap_getword_conf(pool, &text));
        APR_ARRAY_PUSH(origins, const char *) = origin;
    } while (origin && *text);
    return origin ? NULL : "must be none, or name sites as https://HOST[:PORT], without a path";
}

const char *um_value_cors_origins(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    apr_array_header_t *anybody;

    if (!is_word(pool, text, "*")) {
        return um_value_origins(pool, row, text, value)
               ? "must be none, *, or name sites as https://HOST[:PORT], without a path" : NULL;
    }
    anybody = apr_array_make(pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(anybody, const char *) = "*";
    *(const apr_array_header_t **)value = anybody;
    return NULL;
}

/* A mistyped word must not be taken for a text, so a text has to contain a blank. */
const char *um_value_authorization(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    static const char *const words[] = { "forward", "drop", "bearer", NULL };   /* as um_forward_authorization_e */
    const char *first = ap_getword_conf(pool, &text);
    int i = index_of(first, words);

    (void)row;
    *(um_forward_authorization_t *)value = (um_forward_authorization_t){ (um_forward_authorization_e)i,
                                                                         words[i] ? NULL : first };
    for (const char *c = first; *c; c++) {
        if (apr_iscntrl(*c)) {
            return "must be without control characters";
        }
    }
    return !*text && (words[i] || strchr(first, ' ')) ? NULL
           : "must be forward, drop, bearer, or a text in quotes: a scheme, a blank, and the credentials";
}

/* header, cookie, cookie=NAME or query=NAME. Whether it is one of them. */
static int read_token_source(apr_pool_t *pool, const char *text, um_token_source_t *source)
{
    const char *equals = strchr(text, '=');
    const char *word = equals ? apr_pstrmemdup(pool, text, (apr_size_t)(equals - text)) : text;

    *source = (um_token_source_t){ UM_TOKEN_SOURCE_HEADER, equals ? equals + 1 : NULL };
    if (equals && !is_name(equals + 1)) {
        return 0;
    }
    if (is_same(word, "cookie")) {
        source->kind = UM_TOKEN_SOURCE_COOKIE;
        return 1;
    }
    if (is_same(word, "query") && equals) {
        source->kind = UM_TOKEN_SOURCE_QUERY;
        return 1;
    }
    return is_same(word, "header") && !equals;
}

const char *um_value_token_sources(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    apr_array_header_t *sources = apr_array_make(pool, 2, sizeof(um_token_source_t));

    (void)row;
    *(const apr_array_header_t **)value = sources;
    while (*text) {
        if (!read_token_source(pool, ap_getword_conf(pool, &text), apr_array_push(sources))) {
            return "must be header, cookie, cookie=NAME or query=NAME, where NAME is of letters, digits, and _ - .";
        }
    }
    return sources->nelts ? NULL : "must name where to look: header, cookie, cookie=NAME or query=NAME";
}
