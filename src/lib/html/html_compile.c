/* SPDX-License-Identifier: Apache-2.0 */
#include "html.h"
#include "html_private.h"
#include "template_pieces.h"

#include <string.h>

#include <apr_strings.h>

#define SECTION_DEPTH 16

static um_html_tag_e tag_of(const um_template_piece_t *piece)
{
    switch (piece->mark) {
    case '#': return UM_HTML_SECTION;
    case '^': return UM_HTML_INVERTED;
    case '>': return UM_HTML_PART;
    case '@': return UM_HTML_MESSAGE;
    case '/': return UM_HTML_END;
    default: break;
    }
    return !piece->name ? UM_HTML_END : strcmp(piece->name, ".") == 0 ? UM_HTML_ELEMENT : UM_HTML_VALUE;
}

/* The sections that are open at a place of a template: numbers of operations. */
typedef struct open_t {
    int ops[SECTION_DEPTH];
    int count;
} open_t;

/* Opens or closes a section at operation i. Returns NULL, or what is wrong there. */
static const char *track_section(apr_pool_t *pool, open_t *open, um_html_op_t *ops, int i)
{
    um_html_op_t *begin;

    if (ops[i].tag == UM_HTML_SECTION || ops[i].tag == UM_HTML_INVERTED) {
        if (open->count == SECTION_DEPTH) {
            return apr_psprintf(pool, "more than %d sections inside one another", SECTION_DEPTH);
        }
        open->ops[open->count++] = i;
    }
    else if (ops[i].tag == UM_HTML_END && ops[i].name) {
        if (open->count == 0) {
            return apr_psprintf(pool, "{/%s} closes no section", ops[i].name);
        }
        begin = &ops[open->ops[--open->count]];
        if (strcmp(begin->name, ops[i].name) != 0) {
            return apr_psprintf(pool, "{/%s} is in the section {%c%s} of line %d", ops[i].name,
                                begin->tag == UM_HTML_SECTION ? '#' : '^', begin->name, begin->line);
        }
        begin->skip = i - open->ops[open->count];
    }
    return NULL;
}

um_html_op_t *um_html_compile(um_template_reader_t *reader, const char *text, int *count)
{
    const apr_array_header_t *pieces = um_template_pieces(reader, text);
    const um_template_piece_t *piece;
    um_html_op_t *ops, *last;
    open_t open = { { 0 }, 0 };
    int i;

    if (!pieces) {
        return NULL;
    }
    *count = pieces->nelts;
    ops = apr_pcalloc(reader->pool, (apr_size_t)pieces->nelts * sizeof(*ops));
    for (i = 0; i < pieces->nelts; ++i) {
        piece = &APR_ARRAY_IDX(pieces, i, um_template_piece_t);
        ops[i].text = piece->text;
        ops[i].len = piece->len;
        ops[i].tag = tag_of(piece);
        ops[i].line = piece->line;
        ops[i].name = piece->name;
        reader->why = track_section(reader->pool, &open, ops, i);
        if (reader->why) {
            reader->line = piece->line;
            return NULL;
        }
    }
    if (open.count) {
        last = &ops[open.ops[open.count - 1]];
        reader->line = last->line;
        reader->why = apr_psprintf(reader->pool, "the section {%c%s} is not closed",
                                   last->tag == UM_HTML_SECTION ? '#' : '^', last->name);
        return NULL;
    }
    return ops;
}

/* Says that an operation of a template names something in vain. */
static apr_status_t refuse_op(um_html_maker_t *maker, const um_html_template_t *t, const um_html_op_t *op,
                              const char *what)
{
    return um_html_refuse(maker, APR_EINVAL, t->path, op->line,
                          apr_psprintf(maker->pool, "{%c%.*s}: %s", op->tag == UM_HTML_PART ? '>' : '@',
                                       um_template_name_length(op->name), op->name, what));
}

static apr_status_t link_template(um_html_maker_t *maker, um_html_template_t *t, int depth);

static apr_status_t link_part(um_html_maker_t *maker, um_html_template_t *t, um_html_op_t *op, int depth)
{
    um_html_template_t *part = apr_hash_get(maker->html->by_name, op->name, APR_HASH_KEY_STRING);
    apr_status_t status;

    if (!part) {
        return refuse_op(maker, t, op, "there is no such template");
    }
    if (part->is_open) {
        return refuse_op(maker, t, op, "the template includes itself");
    }
    /* The depth also bounds this recursion. */
    status = depth < UM_HTML_PART_DEPTH ? link_template(maker, part, depth + 1) : APR_EINVAL;
    if (status != APR_SUCCESS && maker->why) {
        return status;
    }
    if (status != APR_SUCCESS || depth + part->height > UM_HTML_PART_DEPTH) {
        return refuse_op(maker, t, op, apr_psprintf(maker->pool, "more than %d parts inside one another",
                                                    UM_HTML_PART_DEPTH));
    }
    op->part = part->ops;
    t->height = t->height > part->height ? t->height : part->height;
    return APR_SUCCESS;
}

/* Resolves what a template names. depth: how many templates it is in. */
static apr_status_t link_template(um_html_maker_t *maker, um_html_template_t *t, int depth)
{
    apr_status_t status = APR_SUCCESS;
    const um_html_key_t *key;
    um_html_op_t *op;
    int i;

    if (t->height) {
        return APR_SUCCESS;
    }
    t->is_open = 1;
    for (i = 0; status == APR_SUCCESS && i < t->count; ++i) {
        op = &t->ops[i];
        if (op->tag == UM_HTML_PART) {
            status = link_part(maker, t, op, depth);
        }
        else if (op->tag == UM_HTML_MESSAGE) {
            key = apr_hash_get(maker->html->keys, op->name, APR_HASH_KEY_STRING);
            op->messages = key ? key->html : NULL;
            status = key ? APR_SUCCESS : refuse_op(maker, t, op, "the messages of English have no such key");
        }
    }
    ++t->height;
    t->is_open = 0;
    return status;
}

apr_status_t um_html_link(um_html_maker_t *maker)
{
    apr_status_t status = APR_SUCCESS;
    int i;

    for (i = 0; status == APR_SUCCESS && i < maker->html->templates->nelts; ++i) {
        status = link_template(maker, APR_ARRAY_IDX(maker->html->templates, i, um_html_template_t *), 0);
    }
    return status;
}
