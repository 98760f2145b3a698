/* SPDX-License-Identifier: Apache-2.0 */
/* Files of accounts that come from elsewhere: lines, CSV and lists of JSON; and times. A record is no longer than the
 * input, has no NUL, and the lines of records do not go down. A record that is written again is read as the same. */
#include "fuzz.h"

#include "isotime.h"
#include "records.h"

#include <apr_tables.h>

/* Reads the input in one format. */
static void read_in(apr_pool_t *pool, const char *text, size_t size, int format)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, size, "r");
    um_records_t *records = um_records_create(pool, file);
    apr_array_header_t *fields = NULL;
    const char *element = "";
    apr_int64_t line = 0;
    apr_size_t len = 0;
    char *row = NULL;
    apr_status_t rv;

    need(file);
    do {
        rv = format == 0 ? um_records_line(records, &row) : format == 1 ? um_records_csv(records, pool, &fields)
             : um_records_json(records, &element, &len);
        need(records->count <= (apr_int64_t)size + 1 && records->bytes <= (apr_int64_t)size);
        need(rv == APR_SUCCESS || rv == APR_EOF || records->why);
        if (rv == APR_SUCCESS) {
            need(records->line >= line && records->line >= 1);
            line = records->line;
            need(format != 0 || (strlen(row) <= size && !strchr(row, '\n')));
            need(format != 1 || fields->nelts > 0);
            need(format != 2 || (len <= size && strlen(element) == len));
        }
    } while (rv == APR_SUCCESS || rv == APR_EINVAL);
    need(rv == APR_EOF || rv == APR_EGENERAL);
    fclose(file);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    apr_int64_t seconds, again;

    for (int format = 0; size && format < 3; format++) {
        read_in(pool, text, size, format);
    }
    if (um_isotime_read(text, &seconds)) {
        need(seconds >= 0 && um_isotime_read(um_isotime_print(pool, seconds), &again) && again == seconds);
    }
}
