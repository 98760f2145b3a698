/* SPDX-License-Identifier: Apache-2.0 */
/* Writing. json-c's own writer goes on when its buffer cannot grow, and returns a text with a part left out: a token of
 * other claims would be signed. This one takes its memory from the pool, which ends the process instead. */
#include "json.h"

#include "json_private.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <json_object.h>
#include <linkhash.h>

typedef struct output_t {
    apr_pool_t *pool;
    char *text;
    apr_size_t len, room;
} output_t;

struct um_json_writer_t {
    output_t out;
    int follows;                /* a value was written: a comma comes before the next one */
};

static void add_bytes(output_t *out, const char *bytes, apr_size_t len)
{
    if (out->room - out->len < len) {
        char *more;

        out->room = 2 * out->room + len;
        more = apr_palloc(out->pool, out->room);
        memcpy(more, out->text, out->len);
        out->text = more;
    }
    memcpy(out->text + out->len, bytes, len);
    out->len += len;
}

/* RFC 8259 section 7. */
static void add_string(output_t *out, const char *text, apr_size_t len)
{
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", digits[] = "0123456789abcdef";
    const char *end = text + len, *from = text;

    add_bytes(out, "\"", 1);
    for (; text < end; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == '"' || c == '\\') {
            const char *found = memchr(special, c, sizeof(special) - 1);
            const char letter = found ? letters[found - special] : 'u';
            const char escape[] = {'\\', letter, '0', '0', digits[c >> 4], digits[c & 15]};

            add_bytes(out, from, (apr_size_t)(text - from));
            add_bytes(out, escape, found ? 2 : sizeof(escape));
            from = text + 1;
        }
    }
    add_bytes(out, from, (apr_size_t)(end - from));
    add_bytes(out, "\"", 1);
}

static void add_value(output_t *out, um_json_t *value);

static void add_object(output_t *out, um_json_t *value)
{
    const char *before = "{";

    json_object_object_foreach(value, name, child) {
        add_bytes(out, before, 1);
        add_string(out, name, strlen(name));
        add_bytes(out, ":", 1);
        add_value(out, child);
        before = ",";
    }
    add_bytes(out, "{}" + (*before == ','), *before == ',' ? 1 : 2);
}

static void add_list(output_t *out, um_json_t *value)
{
    size_t count = json_object_array_length(value);

    add_bytes(out, "[", 1);
    for (size_t i = 0; i < count; i++) {
        add_bytes(out, ",", i > 0);
        add_value(out, json_object_array_get_idx(value, i));
    }
    add_bytes(out, "]", 1);
}

static void add_value(output_t *out, um_json_t *value)
{
    const char *text;

    switch (json_object_get_type(value)) {
    case json_type_object:
        add_object(out, value);
        return;
    case json_type_array:
        add_list(out, value);
        return;
    case json_type_string:
        add_string(out, json_object_get_string(value), (apr_size_t)json_object_get_string_len(value));
        return;
    case json_type_int:
        text = apr_psprintf(out->pool, "%" APR_INT64_T_FMT, json_object_get_int64(value));
        break;
    case json_type_boolean:
        text = json_object_get_boolean(value) ? "true" : "false";
        break;
    case json_type_double:
        text = json_object_get_userdata(value);     /* as it was written, see um_json_build_float */
        if (!text) {
            abort();
        }
        break;
    default:
        text = "null";
        break;
    }
    add_bytes(out, text, strlen(text));
}

const char *um_json_print(apr_pool_t *pool, um_json_t *value)
{
    output_t out = {pool, apr_palloc(pool, 512), 0, 512};

    add_value(&out, value);
    add_bytes(&out, "", 1);
    return out.text;
}

/* --- without values --- */

um_json_writer_t *um_json_writer(apr_pool_t *pool)
{
    um_json_writer_t *writer = apr_palloc(pool, sizeof(*writer));

    *writer = (um_json_writer_t){ .out = { pool, apr_palloc(pool, 512), 0, 512 } };
    return writer;
}

static void add_next(um_json_writer_t *writer, const char *bytes, apr_size_t len, int follows)
{
    add_bytes(&writer->out, ",", writer->follows ? 1 : 0);
    add_bytes(&writer->out, bytes, len);
    writer->follows = follows;
}

void um_json_write_begin(um_json_writer_t *writer, char bracket)
{
    add_next(writer, &bracket, 1, 0);
}

void um_json_write_end(um_json_writer_t *writer, char bracket)
{
    writer->follows = 0;
    add_next(writer, &bracket, 1, 1);
}

void um_json_write_name(um_json_writer_t *writer, const char *name)
{
    add_next(writer, "", 0, 0);
    add_string(&writer->out, name, strlen(name));
    add_bytes(&writer->out, ":", 1);
}

void um_json_write_text(um_json_writer_t *writer, const char *text)
{
    apr_size_t len = text ? strlen(text) : 0;
    char *better;

    if (!text) {
        add_next(writer, "null", 4, 1);
        return;
    }
    better = um_json_repair(text, &len);
    add_next(writer, "", 0, 1);
    add_string(&writer->out, better ? better : text, len);
    free(better);
}

const char *um_json_written(um_json_writer_t *writer)
{
    add_bytes(&writer->out, "", 1);
    return writer->out.text;
}
