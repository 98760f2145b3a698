/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"
#include "records_private.h"

static int skip_white(um_records_t *records)
{
    int c;

    do {
        c = um_records_byte(records);
    } while (c == ' ' || c == '\t' || c == '\n' || c == '\r');
    return c;
}

/* Reads up to the comma or bracket behind an element, which is given. c is the element's first byte. EOF: it is cut. */
static int read_json(um_records_t *records, int c)
{
    int depth = 0, is_string = 0;

    for (; c != EOF; c = um_records_byte(records)) {
        if (is_string) {
            if (c == '\\') {
                um_records_keep(records, c);
                c = um_records_byte(records);
            }
            else if (c == '"') {
                is_string = 0;
            }
        }
        else if (c == '"') {
            is_string = 1;
        }
        else if (c == '{' || c == '[') {
            depth++;
        }
        else if (depth == 0 && (c == ',' || c == ']')) {
            break;
        }
        else if (c == '}' || c == ']') {
            depth--;
        }
        um_records_keep(records, c);
    }
    return c;
}

apr_status_t um_records_json(um_records_t *records, const char **text, apr_size_t *len)
{
    int c = records->state == 2 ? EOF : skip_white(records);
    apr_status_t rv;

    if (records->state == 0) {
        if (c != '[') {
            return um_records_refuse(records, APR_EGENERAL, "the file does not begin with [, so it is no list of JSON");
        }
        c = skip_white(records);
        records->state = c == ']' ? 2 : 1;
    }
    if (records->state == 2) {
        c = skip_white(records);
        return um_records_refuse(records, c == EOF ? APR_EOF : APR_EGENERAL, "something follows the list");
    }
    um_records_start(records);
    c = read_json(records, c);
    if (c == EOF) {
        return um_records_refuse(records, APR_EGENERAL, "the file is cut: its list does not end");
    }
    records->state = c == ']' ? 2 : 1;
    rv = um_records_finish(records);
    *text = records->text;
    *len = records->len;
    return rv;
}
