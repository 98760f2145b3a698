/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"
#include "records_private.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 4096
#define TOO_LONG "it is longer than 1 MiB"

static apr_status_t free_text(void *data)
{
    free(((um_records_t *)data)->text);
    return APR_SUCCESS;
}

um_records_t *um_records_create(apr_pool_t *pool, FILE *file)
{
    um_records_t *records = apr_pcalloc(pool, sizeof(*records));

    records->file = file;
    records->next_line = 1;
    apr_pool_cleanup_register(pool, records, free_text, apr_pool_cleanup_null);
    return records;
}

int um_records_rewind(um_records_t *records)
{
    if (fseek(records->file, 0, SEEK_SET) != 0) {
        return 0;
    }
    records->bytes = records->line = records->count = 0;
    records->next_line = 1;
    records->state = 0;
    return 1;
}

int um_records_byte(um_records_t *records)
{
    int c = getc_unlocked(records->file);

    records->bytes += c != EOF;
    records->next_line += c == '\n';
    return c;
}

/* Gives the last byte back, to be read again. */
void um_records_give_back(um_records_t *records, int c)
{
    if (c != EOF) {
        ungetc(c, records->file);
        records->bytes--;
        records->next_line -= c == '\n';
    }
}

/* Bytes beyond the longest record are counted and not kept. */
void um_records_keep(um_records_t *records, int c)
{
    if (records->len + 1 >= records->size && records->size <= UM_RECORDS_LONGEST) {
        apr_size_t size = records->size ? records->size * 2 : FIRST_SIZE;
        char *text = realloc(records->text, size);

        if (!text) {
            abort();
        }
        records->text = text;
        records->size = size;
    }
    if (records->len + 1 < records->size) {
        records->text[records->len] = (char)c;
    }
    records->len++;
}

void um_records_start(um_records_t *records)
{
    records->len = 0;
    records->line = records->next_line;
    records->count++;
    records->why = NULL;
}

apr_status_t um_records_refuse(um_records_t *records, apr_status_t rv, const char *why)
{
    records->why = ferror(records->file) ? "the file cannot be read" : why;
    return ferror(records->file) ? APR_EGENERAL : rv;
}

/* Ends the record with a NUL, and checks that there is none within. */
apr_status_t um_records_finish(um_records_t *records)
{
    if (records->len > UM_RECORDS_LONGEST) {
        return um_records_refuse(records, APR_EINVAL, TOO_LONG);
    }
    um_records_keep(records, '\0');
    records->len--;
    return memchr(records->text, '\0', records->len) ? um_records_refuse(records, APR_EINVAL, "it has a NUL byte")
                                                     : APR_SUCCESS;
}

/* Nothing more follows. */
static apr_status_t end(um_records_t *records)
{
    records->count--;
    return um_records_refuse(records, APR_EOF, NULL);
}

apr_status_t um_records_line(um_records_t *records, char **line)
{
    apr_status_t rv;
    int c;

    um_records_start(records);
    while ((c = um_records_byte(records)) != EOF && c != '\n') {
        um_records_keep(records, c);
    }
    if (c == EOF && !records->len) {
        return end(records);
    }
    if (ferror(records->file)) {
        return um_records_refuse(records, APR_EGENERAL, NULL);
    }
    rv = um_records_finish(records);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (records->len && records->text[records->len - 1] == '\r') {
        records->text[records->len - 1] = '\0';
    }
    *line = records->text + (records->count == 1 && strncmp(records->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
    return APR_SUCCESS;
}
