/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_RECORDS_H
#define UM_RECORDS_H
/* Reading a file of any length one record after the other, in bounded memory: a line, a row of CSV, or an element of a
 * JSON list. The file comes from elsewhere: it may hold any bytes and may be cut anywhere. */
#include <apr_pools.h>
#include <apr_tables.h>
#include <stdio.h>

/** The longest record, in bytes. */
#define UM_RECORDS_LONGEST (1024 * 1024)

/** A file that is being read. */
typedef struct um_records_t {
    FILE *file;
    apr_int64_t bytes;          /**< that were read so far */
    apr_int64_t line;           /**< of the record that was read last, from 1 on */
    apr_int64_t count;          /**< of records so far, also of those that were refused */
    const char *why;            /**< set with APR_EINVAL and APR_EGENERAL; static text */

    /* Private. */
    char *text;                 /* the record, with room for size bytes */
    apr_size_t len, size;
    apr_int64_t next_line;      /* of the byte that is read next */
    int state;                  /* of a JSON list: 0 before it, 1 within, 2 behind it */
} um_records_t;

/** Starts to read a file, which stays the caller's. The result, and the memory for a record, live as long as pool. */
um_records_t *um_records_create(apr_pool_t *pool, FILE *file);

/** Starts again at the beginning of a file that is not a pipe. 0: the file cannot be rewound. */
int um_records_rewind(um_records_t *records);

/* The next record. All give:
 *   APR_SUCCESS   the record lives until the next call
 *   APR_EOF       there is none, and the file ended where it may end
 *   APR_EINVAL    this record is malformed or too long, see why; the next one can be read
 *   APR_EGENERAL  the file cannot be read further: it is cut within a record, is no such file, or a read failed; why */

/** A line without its end (LF or CRLF), and without a byte order mark in the first line. NUL-terminated. */
apr_status_t um_records_line(um_records_t *records, char **line);

/** A row of CSV (RFC 4180): fields by commas; a field in quotes may have commas, line ends, and doubled quotes. *fields
 * holds const char *, in pool. Empty lines are left out. */
apr_status_t um_records_csv(um_records_t *records, apr_pool_t *pool, apr_array_header_t **fields);

/** An element of the list that is the whole file. The text is not checked: it has balanced brackets and quotes, and
 * um_json_parse() says whether it is JSON. */
apr_status_t um_records_json(um_records_t *records, const char **text, apr_size_t *len);

#endif
