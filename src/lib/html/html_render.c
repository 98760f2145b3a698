/* SPDX-License-Identifier: Apache-2.0 */
#include "html.h"
#include "html_private.h"
#include "json.h"
#include "template_pieces.h"

#include <string.h>

#include <apr_strings.h>

/* How many operations and looks into an object a page may cost. A list of 10,000 rows of ten columns costs 300,000. */
#define MOST_STEPS 2000000
#define FLOAT_STEPS 16             /* printing one takes that long, and memory of the pool */
#define FIRST_ROOM 16384

/* What is being made. */
typedef struct output_t {
    apr_pool_t *pool;
    char *text;
    apr_size_t len, room;
    int language;
    int is_html;
    int steps;
    apr_status_t status;
} output_t;

/* Where names are looked up: the innermost section and what is around it. */
typedef struct scope_t {
    const struct scope_t *outer;
    const um_json_t *object;   /* whose members are looked up; any other value has none */
    int is_element;            /* in a list */
    um_json_t *element;
} scope_t;

/* Makes room for len bytes more. Returns 0 when the page is too long. */
static int make_room(output_t *out, apr_size_t len)
{
    char *more;

    if (out->room - out->len >= len) {
        return 1;
    }
    if (len > UM_HTML_MAX - out->len) {
        out->status = APR_ENOSPC;
        return 0;
    }
    out->room = 2 * out->room < UM_HTML_MAX ? 2 * out->room : UM_HTML_MAX;
    out->room = out->room > out->len + len ? out->room : out->len + len;
    more = apr_palloc(out->pool, out->room + 1);
    memcpy(more, out->text, out->len);
    out->text = more;
    return 1;
}

static void put_literal(output_t *out, const char *text, apr_size_t len)
{
    if (make_room(out, len)) {
        memcpy(out->text + out->len, text, len);
        out->len += len;
    }
}

static void put_text(output_t *out, const char *text, apr_size_t len)
{
    /* A byte becomes at most six, as in &quot;. Only where that does not fit they are counted. */
    if (out->room - out->len >= 6 * len || make_room(out, um_template_put(NULL, text, len, out->is_html))) {
        out->len += um_template_put(out->text + out->len, text, len, out->is_html);
    }
}

static void put_member(output_t *out, um_json_t *member)
{
    um_json_value_t value = um_json_value(member);
    const char *number;
    char digits[32];

    switch (value.kind) {
    case UM_JSON_STRING:
        put_text(out, value.text, value.len);
        break;
    case UM_JSON_INTEGER:
        put_literal(out, digits, (apr_size_t)apr_snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT,
                                                          um_json_int(member)));
        break;
    case UM_JSON_FLOAT:
        out->steps += FLOAT_STEPS;
        number = um_json_print(out->pool, member);
        put_literal(out, number, strlen(number));
        break;
    case UM_JSON_BOOLEAN:
        put_literal(out, value.number != 0 ? "true" : "false", value.number != 0 ? 4 : 5);
        break;
    default:
        break;
    }
}

/* The value of a name, NULL when it is null or there is none. */
static um_json_t *find_name(output_t *out, const scope_t *scope, const char *name)
{
    um_json_t *member = NULL;

    for (; scope; scope = scope->outer) {
        ++out->steps;
        if (um_json_find(scope->object, name, &member)) {
            return member;
        }
    }
    return NULL;
}

/* The element of the innermost list; NULL: there is none. */
static um_json_t *find_element(const scope_t *scope)
{
    while (scope && !scope->is_element) {
        scope = scope->outer;
    }
    return scope ? scope->element : NULL;
}

static int is_true(um_json_t *member)
{
    um_json_value_t value = um_json_value(member);

    switch (value.kind) {
    case UM_JSON_STRING: return value.len > 0;
    case UM_JSON_LIST: return um_json_length(member) > 0;
    case UM_JSON_OBJECT: return 1;
    default: return value.number != 0;
    }
}

static void run_ops(output_t *out, const um_html_op_t *op, const scope_t *scope);

/* Makes what is between {#name} and {/name}. */
static void run_section(output_t *out, const um_html_op_t *op, const scope_t *scope)
{
    um_json_t *member = find_name(out, scope, op->name);
    um_json_kind_e kind = um_json_value(member).kind;
    scope_t inner = { scope, member, 0, NULL };
    int i;

    if (kind == UM_JSON_LIST) {
        inner.is_element = 1;
        for (i = 0; i < um_json_length(member) && out->status == APR_SUCCESS; ++i) {
            inner.object = inner.element = um_json_at(member, i);
            run_ops(out, op + 1, &inner);
        }
    }
    else if (is_true(member)) {
        run_ops(out, op + 1, kind == UM_JSON_OBJECT ? &inner : scope);
    }
}

/* Makes a page up to the end of the template or section. Templates nest as deep as reading allows, and so does this. */
static void run_ops(output_t *out, const um_html_op_t *op, const scope_t *scope)
{
    for (;; ++op) {
        if (++out->steps > MOST_STEPS) {
            out->status = APR_ENOSPC;
        }
        put_literal(out, op->text, op->len);
        if (op->tag == UM_HTML_END || out->status != APR_SUCCESS) {
            return;
        }
        switch (op->tag) {
        case UM_HTML_VALUE:
            put_member(out, find_name(out, scope, op->name));
            break;
        case UM_HTML_ELEMENT:
            put_member(out, find_element(scope));
            break;
        case UM_HTML_SECTION:
            run_section(out, op, scope);
            op += op->skip;
            break;
        case UM_HTML_INVERTED:
            if (!is_true(find_name(out, scope, op->name))) {
                run_ops(out, op + 1, scope);
            }
            op += op->skip;
            break;
        case UM_HTML_PART:
            run_ops(out, op->part, scope);
            break;
        case UM_HTML_MESSAGE:
            run_ops(out, op->messages[out->language], scope);
            break;
        case UM_HTML_END:
        default:
            break;
        }
    }
}

apr_status_t um_html_run(apr_pool_t *pool, const um_html_op_t *ops, int language, const um_json_t *view, int is_html,
                         const char **text, apr_size_t *len)
{
    apr_size_t room = is_html ? FIRST_ROOM : 256;
    output_t out = { pool, apr_palloc(pool, room + 1), 0, room, language, is_html, 0, APR_SUCCESS };
    scope_t scope = { NULL, view, 0, NULL };

    run_ops(&out, ops, &scope);
    if (out.status == APR_SUCCESS) {
        out.text[out.len] = '\0';
        *text = out.text;
        *len = out.len;
    }
    return out.status;
}

apr_status_t um_html_render(apr_pool_t *pool, const um_html_t *html, const char *page, const char *language,
                            const um_json_t *view, const char **text, apr_size_t *len)
{
    const um_html_template_t *t = apr_hash_get(html->by_name, page, APR_HASH_KEY_STRING);

    return t ? um_html_run(pool, t->ops, um_html_place(html, language), view, 1, text, len) : APR_EINVAL;
}
