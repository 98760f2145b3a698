/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"
#include "records_private.h"

#include <apr_strings.h>
#include <string.h>

/* Reads a field into the record, behind the opening quote if it has one; gives the byte that ended it. */
static int read_field(um_records_t *records, int *is_malformed)
{
    int c = um_records_byte(records), is_quoted = c == '"';

    if (!is_quoted) {
        um_records_give_back(records, c);
    }
    while ((c = um_records_byte(records)) != EOF) {
        if (is_quoted && c == '"') {
            c = um_records_byte(records);
            if (c != '"') {
                is_quoted = 2;
            }
        }
        if (is_quoted == 2 || (!is_quoted && (c == ',' || c == '\n' || c == '\r' || c == '"'))) {
            break;
        }
        um_records_keep(records, c);
    }
    if (c == '\r') {
        c = um_records_byte(records);
        *is_malformed |= c != '\n' && c != EOF;
    }
    *is_malformed |= c != ',' && c != '\n' && c != EOF;
    return c == EOF && is_quoted == 1 ? -2 : c;
}

static void skip_line(um_records_t *records, int c)
{
    while (c != EOF && c != '\n') {
        c = um_records_byte(records);
    }
}

static apr_status_t read_row(um_records_t *records, apr_pool_t *pool, apr_array_header_t *fields)
{
    int c, is_malformed = 0;

    do {
        apr_size_t begin = records->len;

        c = read_field(records, &is_malformed);
        if (c == -2) {
            return um_records_refuse(records, APR_EGENERAL, "the file ends within quotes");
        }
        if (is_malformed || records->len > UM_RECORDS_LONGEST) {
            skip_line(records, c);
            return um_records_refuse(records, APR_EINVAL, is_malformed ? "a quote or a line end is misplaced"
                                     : "it is longer than 1 MiB");
        }
        if (records->len > begin && memchr(records->text + begin, '\0', records->len - begin)) {
            skip_line(records, c);
            return um_records_refuse(records, APR_EINVAL, "it has a NUL byte");
        }
        APR_ARRAY_PUSH(fields, const char *)
            = records->len > begin ? apr_pstrmemdup(pool, records->text + begin, records->len - begin) : "";
    } while (c == ',');
    return ferror(records->file) ? um_records_refuse(records, APR_EGENERAL, NULL) : APR_SUCCESS;
}

apr_status_t um_records_csv(um_records_t *records, apr_pool_t *pool, apr_array_header_t **fields)
{
    int c;

    do {
        c = um_records_byte(records);
    } while (c == '\n' || c == '\r');
    um_records_give_back(records, c);
    um_records_start(records);
    if (c == EOF) {
        records->count--;
        return um_records_refuse(records, APR_EOF, NULL);
    }
    *fields = apr_array_make(pool, 16, sizeof(const char *));
    if (records->count == 1 && c == 0xEF) {
        /* A byte order mark: programs of offices write one. */
        (void)um_records_byte(records);
        (void)um_records_byte(records);
        (void)um_records_byte(records);
    }
    return read_row(records, pool, *fields);
}
